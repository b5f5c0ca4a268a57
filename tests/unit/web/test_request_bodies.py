"""What a request may say: nothing twice, nothing misspelt, nothing that is not what it claims to be."""

from __future__ import annotations

import pytest

from safehold.model.errors import BadForm, MalformedJson
from safehold.web.api.bodies import ContextBody, ScanItem, read


@pytest.mark.parametrize(
    "raw",
    [
        '{"surface": "feed", "surface": "messages"}',
        '{"surface": "feed", "ip": "192.0.2.1", "ip": "192.0.2.2"}',
    ],
)
def test_a_field_that_is_named_twice_is_refused_because_readers_differ_in_which_counts(raw: str) -> None:
    with pytest.raises(BadForm, match="twice"):
        read(ContextBody, raw)


def test_a_field_named_twice_deep_inside_is_refused_too() -> None:
    with pytest.raises(BadForm, match="twice"):
        read(ScanItem, '{"text": "a", "context": {"surface": "feed", "surface": "messages"}}')


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ip", '"999.1.1.1"'),
        ("ip", '""'),
        ("port", "0"),
        ("port", "true"),
        ("port", '"80"'),
        ("port", "65536"),
        ("acount_id", '"a"'),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_field(field: str, value: str) -> None:
    with pytest.raises(BadForm, match="Wrong or missing"):
        read(ContextBody, f'{{"surface": "feed", "{field}": {value}}}')


@pytest.mark.parametrize("ip", ["192.0.2.1", "2001:db8::1"])
def test_addresses_of_both_versions_are_taken_as_they_were_written(ip: str) -> None:
    assert read(ContextBody, f'{{"surface": "feed", "ip": "{ip}", "port": 443}}').to_context().ip == ip


def test_what_is_not_json_is_called_that() -> None:
    with pytest.raises(MalformedJson):
        read(ContextBody, '{"surface": ')
