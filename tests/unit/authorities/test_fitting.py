"""Claims about making values fit to be sent: what is changed or left out is said, and never quoted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.authorities.fitting import (
    Remarks,
    network_address,
    past,
    port_number,
    sentences,
    short,
    shown,
    web_address,
    writable,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def remarks() -> Remarks:
    return Remarks()


def test_a_text_that_fits_stays_as_it_is_and_nothing_is_said(remarks: Remarks) -> None:
    assert short("a lake, at noon", 15, "A text", remarks) == "a lake, at noon"
    assert sentences(remarks) == ()


def test_a_cut_is_said_with_its_limit_and_without_the_text(remarks: Remarks) -> None:
    assert short("a lake, at noon", 6, "The name", remarks) == "a lake"
    assert sentences(remarks) == ("The name: cut to 6 characters, as the form takes no more.",)


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("cafe\u0301s", 4, "caf"),
        ("cafe\u0301s", 5, "cafe\u0301"),
        ("ab\U0001f468\u200d\U0001f469", 4, "ab"),
        ("ab\U0001f44d\U0001f3fd", 3, "ab"),
        ("ab\U0001f44d\U0001f3fd", 4, "ab\U0001f44d\U0001f3fd"),
        ("\u0301\u0301\u0301", 2, "\u0301\u0301"),
    ],
)
def test_a_cut_never_falls_within_what_is_seen_as_one_character(
    text: str, most: int, kept: str, remarks: Remarks
) -> None:
    assert short(text, most, "A text", remarks) == kept


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=40), st.integers(1, 20))
def test_what_is_cut_is_never_too_long_blank_or_more_than_was_there(text: str, most: int) -> None:
    remarks = Remarks()
    cut = short(text, most, "A text", remarks)
    assert cut is None or (0 < len(cut) <= most and cut.strip())
    whole = writable(text, "A text", Remarks())
    assert (whole or "").startswith(cut or "")
    assert bool(remarks) == (cut != text.strip() and bool(text.strip()))


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\x1f"])
def test_what_holds_no_text_is_left_out_without_a_word(blank: str, remarks: Remarks) -> None:
    assert writable(blank, "A text", remarks) is None
    assert sentences(remarks) == ()


@pytest.mark.parametrize("bad", ["\x00", "\x85", "\ud800", "\ufffe", "\U0001ffff", "a\nb"[1]])
def test_what_no_document_can_hold_is_replaced_and_that_is_said(bad: str, remarks: Remarks) -> None:
    assert writable(f"a{bad}b", "A text", remarks) == "a\ufffdb"
    assert sentences(remarks) == ("A text: characters that cannot be written were replaced.",)


def test_what_happens_often_is_said_once_with_its_number(remarks: Remarks) -> None:
    for _ in range(3):
        port_number(0, remarks)
    assert sentences(remarks) == ("A port: left out, for it is not between 1 and 65535. (3 times)",)


@pytest.mark.parametrize(
    "address", ["https://a.example/b c", "https://a.example/\x01", "https://a.example/\u2028", "x" * 2084, ""]
)
def test_an_address_that_would_be_refused_is_left_out_and_that_is_said(
    address: str, remarks: Remarks
) -> None:
    assert web_address(address, "The address of a page", remarks) is None
    [said] = sentences(remarks)
    assert said.startswith("The address of a page: left out")
    assert "example" not in said


def test_an_address_of_a_page_goes_through_as_it_is(remarks: Remarks) -> None:
    assert web_address("https://a.example/ü?b=%20", "The address", remarks) == "https://a.example/ü?b=%20"
    assert not remarks


@pytest.mark.parametrize(
    ("given_address", "sent", "says"),
    [
        ("192.0.2.7", "192.0.2.7", ""),
        (" 2001:db8::1 ", "2001:db8::1", ""),
        ("fe80::1%eth0", "fe80::1", "its zone was left out"),
        ("192.0.2.7%eth0", None, "it is none"),
        ("192.0.2", None, "it is none"),
        ("somewhere", None, "it is none"),
        ("", None, ""),
        (None, None, ""),
    ],
)
def test_an_ip_address_loses_its_zone_and_what_is_none_is_left_out(
    given_address: str | None, sent: str | None, says: str, remarks: Remarks
) -> None:
    assert network_address(given_address, remarks) == sent
    assert says in " ".join(sentences(remarks))
    assert bool(remarks) == bool(says)


@pytest.mark.parametrize(
    ("port", "sent"), [(1, 1), (65_535, 65_535), (0, None), (65_536, None), (None, None)]
)
def test_a_port_is_between_1_and_65535_or_left_out(
    port: int | None, sent: int | None, remarks: Remarks
) -> None:
    assert port_number(port, remarks) == sent
    assert bool(remarks) == (port is not None and sent is None)


def test_a_time_in_the_future_is_left_out_and_now_is_not(remarks: Remarks) -> None:
    assert past(NOW, "The time", remarks, now=NOW) == NOW
    assert past(None, "The time", remarks, now=NOW) is None
    assert not remarks
    assert past(NOW + timedelta(microseconds=1), "The time", remarks, now=NOW) is None
    assert sentences(remarks) == ("The time: left out, for the time that was given is not in the past.",)


def test_a_time_before_the_first_year_of_the_calendar_is_left_out(remarks: Remarks) -> None:
    early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    assert past(early, "The time", remarks, now=NOW) is None
    assert len(remarks) == 1


def test_an_instant_is_shown_in_utc_to_the_second() -> None:
    assert shown(datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-07-01T10:00:00Z"
