"""Filters as fields of a form or an address: there and back, and nothing else than what can be chosen."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.case_filter import (
    ANYTHING,
    MOST_HOURS,
    CaseFilter,
    Holder,
    Reason,
    fields_of,
    filter_from,
)
from safehold.model.errors import BadForm
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import ListId
from safehold.model.queue import Stage

NAMES = st.text(min_size=1, max_size=20)
FILTERS = st.builds(
    CaseFilter,
    queues=st.frozensets(st.sampled_from(Purpose)),
    kinds=st.frozensets(st.sampled_from(ExposureKind)),
    stages=st.frozensets(st.sampled_from(Stage)),
    reasons=st.frozensets(st.sampled_from(Reason)),
    need_from=st.integers(0, 100),
    held=st.none() | st.sampled_from(Holder),
    open_hours=st.integers(0, MOST_HOURS),
    due_hours=st.none() | st.integers(0, MOST_HOURS),
    surface=st.just("") | NAMES,
    list_id=st.none() | st.uuids().map(ListId),
    signals=st.frozensets(NAMES, max_size=3),
    skill=st.sampled_from(["", "severe", "language:sv"]),
    for_lead=st.none() | st.booleans(),
    practice=st.none() | st.booleans(),
)


@given(FILTERS)
def test_a_filter_is_the_same_after_it_stood_in_an_address(wanted: CaseFilter) -> None:
    assert filter_from(fields_of(wanted)) == wanted


def test_what_asks_nothing_has_no_field_and_unknown_or_empty_fields_ask_nothing() -> None:
    assert fields_of(ANYTHING) == {}
    assert filter_from({"queue": [""], "need": [""], "done": ["filter-saved"], "q": ["words"]}) == ANYTHING


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("queue", "words of somebody"),
        ("kind", "D"),
        ("stage", "x"),
        ("why", "x"),
        ("need", "101"),
        ("need", "-1"),
        ("need", "²"),
        ("held", "analyst-1"),
        ("open", "99999"),
        ("open", "1e3"),
        ("due", "x"),
        ("list", "northland"),
        ("skill", "two words"),
        ("lead", "maybe"),
        ("practice", "1"),
        ("surface", "x" * 101),
    ],
)
def test_what_cannot_be_chosen_is_refused_by_the_name_of_its_field_without_quoting_it(
    name: str, value: str
) -> None:
    with pytest.raises(BadForm) as refused:
        filter_from({name: [value]})
    assert refused.value.field == name
    assert value not in refused.value.what.replace(name, "").replace("choose one of those that are there", "")


def test_a_list_is_named_by_its_id() -> None:
    list_id = UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
    assert filter_from({"list": [str(list_id)]}).list_id == list_id
