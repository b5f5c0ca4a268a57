"""Codes that people copy by hand, and addresses as people paste them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safehold.intake import inbound_reports
from safehold.intake.inbound_reports import read, wrong
from safehold.model.inbound_report import Seen

GIVEN = {"seen": "other", "statement": "", "contact": ""}


@given(st.binary(min_size=16, max_size=16))
def test_a_code_is_read_back_however_it_was_copied(reference: bytes) -> None:
    code = inbound_reports._written(reference)
    for copied in (code, code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')}\n"):
        assert inbound_reports._read_code(copied) == reference
    misread = code.replace("O", "0").replace("I", "1").replace("B", "8")
    assert inbound_reports._read_code(misread) == reference


@given(st.text())
def test_whatever_is_typed_as_a_code_is_answered_with_some_bytes(typed: str) -> None:
    assert isinstance(inbound_reports._read_code(typed), bytes)


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_is_sent_is_either_taken_or_named_as_wrong(
    address: str, seen: str, statement: str, contact: str
) -> None:
    fields = {"address": address, "seen": seen, "statement": statement, "contact": contact}
    if wrong(**fields):
        return
    told = read(**fields)
    assert told.address.lower().startswith(("http://", "https://"))
    assert not set(told.address + told.statement) & {"\0", "\x1b", "\r"}
    assert told.seen in set(Seen)


def test_an_address_keeps_what_was_pasted_and_gets_a_scheme_where_it_has_none() -> None:
    assert read(address=" HTTP://example.org/A%20b ", **GIVEN).address == "HTTP://example.org/A%20b"
    assert read(address="example.org:8080/x", **GIVEN).address == "https://example.org:8080/x"


def test_only_the_ids_of_what_was_told_are_shown_in_a_log() -> None:
    told = read(address="https://example.org/x", seen="other", statement="words", contact="a@example.org")
    assert "example.org" not in repr(told)
    assert "words" not in repr(told)
