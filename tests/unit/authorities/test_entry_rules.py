"""Claims about what may be entered for each item of the checklist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.authorities import entries, entry_rules
from safehold.authorities.checklist import EnteredValue, ScheduleItem
from safehold.model.errors import BadForm

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ITEMS = st.sampled_from(list(ScheduleItem))
SECRET = "a-word-of-somebody"


def values(item: ScheduleItem, text: str) -> tuple[str, ...]:
    return entry_rules.entered(item, text, now=NOW).values


@pytest.mark.parametrize(
    ("item", "text", "written"),
    [
        (ScheduleItem.EMAIL, " a.b@example.org ", "a.b@example.org"),
        (ScheduleItem.PHONE, "+44 20 7946 0000", "+44 20 7946 0000"),
        (ScheduleItem.UPLOADED_AT, "2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00Z"),
        (ScheduleItem.UPLOAD_IP, "2001:DB8::0007", "2001:db8::7"),
        (ScheduleItem.UPLOAD_PORT, "00443", "443"),
        (ScheduleItem.PROFILE_ADDRESS, "https://hillside.example/u/7", "https://hillside.example/u/7"),
        (ScheduleItem.ORIGINAL_HASH, "sha-256: " + "AB" * 32, "SHA-256 " + "ab" * 32),
        (ScheduleItem.ORIGINAL_HASH, "ab" * 16, "MD5 " + "ab" * 16),
        (ScheduleItem.LOGIN_ADDRESSES, "192.0.2.1 2026-10-01T00:00:00Z", "192.0.2.1 2026-10-01T00:00:00Z"),
        (ScheduleItem.BILLING, "a card that ends with 42", "a card that ends with 42"),
    ],
)
def test_a_value_of_the_form_that_its_item_has_is_written_in_one_way(
    item: ScheduleItem, text: str, written: str
) -> None:
    assert values(item, text) == (written,)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (ScheduleItem.EMAIL, f"{SECRET} at example.org"),
        (ScheduleItem.RECOVERY_EMAIL, f"{SECRET}@nowhere"),
        (ScheduleItem.PHONE, f"{SECRET} 1234"),
        (ScheduleItem.PHONE, "1234"),
        (ScheduleItem.UPLOADED_AT, "2026-11-20 09:00"),
        (ScheduleItem.UPLOADED_AT, "2026-11-23T12:00:01Z"),
        (ScheduleItem.UPLOADED_AT, "0001-01-01T00:00:00+23:59"),
        (ScheduleItem.UPLOAD_IP, "fe80::1%eth0"),
        (ScheduleItem.UPLOAD_IP, SECRET),
        (ScheduleItem.UPLOAD_PORT, "0"),
        (ScheduleItem.UPLOAD_PORT, "65536"),
        (ScheduleItem.UPLOAD_PORT, "²"),
        (ScheduleItem.CONTENT_ADDRESS, f"ftp://{SECRET}.example/"),
        (ScheduleItem.CONTENT_ADDRESS, f"https://{SECRET}.example/a b"),
        (ScheduleItem.ORIGINAL_HASH, "MD5 " + "ab" * 32),
        (ScheduleItem.ORIGINAL_HASH, SECRET),
        (ScheduleItem.LOGIN_ADDRESSES, "192.0.2.1 yesterday"),
        (ScheduleItem.BILLING, " \n "),
        (ScheduleItem.BILLING, "x" * 1001),
        (ScheduleItem.BILLING, "\n".join(map(str, range(201)))),
    ],
)
def test_what_breaks_the_rule_of_its_item_is_said_about_the_field_and_never_quoted(
    item: ScheduleItem, text: str
) -> None:
    with pytest.raises(BadForm) as refused:
        values(item, text)
    assert (refused.value.field, SECRET in str(refused.value)) == ("value", False)


def test_of_several_lines_the_wrong_one_is_named_and_none_counts_twice() -> None:
    assert values(ScheduleItem.LOGIN_ADDRESSES, "192.0.2.1\n\n192.0.2.2\n192.0.2.1") == (
        "192.0.2.1",
        "192.0.2.2",
    )
    with pytest.raises(BadForm, match="line 2"):
        values(ScheduleItem.LOGIN_ADDRESSES, "192.0.2.1\n\nnone")


@given(ITEMS, st.text())
def test_any_text_is_refused_or_is_what_is_read_from_its_paper_again(item: ScheduleItem, text: str) -> None:
    try:
        said = entry_rules.entered(item, text, now=NOW)
    except BadForm:
        return
    assert entries.of_paper(entries.as_paper(said)) == said
    assert entry_rules.entered(item, "\n".join(said.values), now=NOW) == said


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_is_taken_in_any_zone_and_never_from_the_future(at: datetime) -> None:
    try:
        [written] = values(ScheduleItem.UPLOADED_AT, at.isoformat())
    except BadForm:
        assert at > NOW or at.utcoffset() is None or at.year < 1970 or _odd(at)
        return
    assert abs(datetime.fromisoformat(written) - at) < timedelta(seconds=1)
    assert at <= NOW


def _odd(at: datetime) -> bool:
    """Whether its offset has seconds, as before zones were made uniform."""
    offset = at.utcoffset()
    return offset is not None and offset.total_seconds() % 60 != 0


def test_why_nothing_is_held_is_one_line_of_some_length() -> None:
    assert entry_rules.not_held(" the service \n is free ") == EnteredValue(not_held="the service is free")
    for reason in ("", "no", "x" * 501):
        with pytest.raises(BadForm):
            entry_rules.not_held(reason)


def test_what_is_no_paper_of_an_entry_is_refused() -> None:
    for paper in (b"", b"[]", b"{}", b'{"values": 7}', b"\xff"):
        with pytest.raises(BadForm):
            entries.of_paper(paper)
