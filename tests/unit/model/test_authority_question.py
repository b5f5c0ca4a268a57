"""Claims about until when a question of an authority is answered, whatever clocks do in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.authorities.questions import instant_said
from safehold.model.authority_question import THEIR_CLOCK, earliest, latest_answer
from safehold.model.errors import BadForm

FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2020, 2036))
INSTANTS = st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-20T09:00", "2026-11-27T09:00"),
        # In autumn the week has an hour more by the clock: seven days by hours end first.
        ("2026-10-20T09:00", "2026-10-27T09:00"),
        # In spring it has one less: the same time of the day comes an hour sooner.
        ("2026-03-25T09:00", "2026-04-01T08:00"),
        # Seven days later the clock shows a time that is left out: the earlier reading of it.
        ("2026-03-22T01:30", "2026-03-29T00:30"),
        # And one that comes twice: the first of the two.
        ("2026-10-18T00:30", "2026-10-25T00:30"),
    ],
)
def test_seven_days_end_by_hours_or_by_the_clock_in_london_whichever_is_first(
    received: str, due: str
) -> None:
    assert latest_answer(utc(received)) == utc(due)


@given(INSTANTS, st.integers(-12 * 60, 14 * 60))
def test_it_is_never_later_than_seven_days_nor_an_hour_sooner_and_does_not_depend_on_the_zone(
    at: datetime, minutes: int
) -> None:
    due = latest_answer(at)
    assert at + timedelta(days=7, hours=-1) <= due <= at + timedelta(days=7)
    elsewhere = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert latest_answer(elsewhere) == due
    there = due.astimezone(THEIR_CLOCK).replace(tzinfo=None)
    assert there <= at.astimezone(THEIR_CLOCK).replace(tzinfo=None) + timedelta(days=7)


@given(INSTANTS, INSTANTS)
def test_what_came_no_later_is_due_no_later_but_for_the_hour_of_a_change(
    one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    assert latest_answer(first) <= latest_answer(second) + timedelta(hours=1)


@given(st.datetimes(min_value=FIRST, max_value=LAST))
def test_a_time_without_a_zone_is_what_london_shows_and_one_with_a_zone_is_that(shown: datetime) -> None:
    assert instant_said(shown.isoformat(), "received") == earliest(shown)
    in_utc = shown.replace(tzinfo=UTC)
    assert instant_said(in_utc.isoformat(), "received") == in_utc
    back = earliest(shown).astimezone(THEIR_CLOCK).replace(tzinfo=None)
    assert abs(back - shown) in (timedelta(), timedelta(hours=1))


@pytest.mark.parametrize(
    "text", ["", "yesterday", "0001-01-01T00:00+14:00", "9999-12-31T23:59", "2026-13-01"]
)
def test_what_is_no_time_is_said_about_its_field(text: str) -> None:
    with pytest.raises(BadForm) as refused:
        instant_said(text, "received")
    assert refused.value.field == "received"
