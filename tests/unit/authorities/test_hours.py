"""Claims about office hours in London: their edges, weekends, and both changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from safehold.authorities.hours import in_london, is_out_of_hours


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "out"),
    [
        # Winter: London is at UTC. 20 November 2026 is a Friday.
        (utc(11, 20, 6, 59), True),
        (utc(11, 20, 7, 0), False),
        (utc(11, 20, 16, 59), False),
        (utc(11, 20, 17, 0), True),
        # Summer: London is an hour ahead. 15 July 2026 is a Wednesday.
        (utc(7, 15, 5, 59), True),
        (utc(7, 15, 6, 0), False),
        (utc(7, 15, 15, 59), False),
        (utc(7, 15, 16, 0), True),
        # Clocks go forward on Sunday 29 March: the Friday before, and the Monday after.
        (utc(3, 27, 6, 30), True),
        (utc(3, 27, 16, 30), False),
        (utc(3, 30, 6, 30), False),
        (utc(3, 30, 16, 30), True),
        # Clocks go back on Sunday 25 October.
        (utc(10, 23, 6, 30), False),
        (utc(10, 23, 16, 30), True),
        (utc(10, 26, 6, 30), True),
        (utc(10, 26, 16, 30), False),
        # The nights of the changes themselves are Sundays.
        (utc(3, 29, 12, 0), True),
        (utc(10, 25, 12, 0), True),
    ],
)
def test_the_desk_is_there_from_7_to_17_on_weekdays_as_a_clock_in_london_shows(
    at: datetime, out: bool
) -> None:
    assert is_out_of_hours(at) is out


def test_nobody_is_there_on_a_saturday_or_a_sunday() -> None:
    assert all(is_out_of_hours(utc(11, 21, hour)) for hour in range(24))
    assert all(is_out_of_hours(utc(11, 22, hour)) for hour in range(24))


def test_the_day_is_that_of_london_and_not_that_of_the_caller() -> None:
    in_auckland = datetime(2026, 11, 21, 0, 30, tzinfo=timezone(timedelta(hours=13)))
    assert not is_out_of_hours(in_auckland)
    in_hawaii = datetime(2026, 11, 20, 21, 30, tzinfo=timezone(timedelta(hours=-10)))
    assert is_out_of_hours(in_hawaii)


def test_a_time_is_shown_as_london_has_it_with_its_distance_from_utc() -> None:
    assert in_london(utc(7, 15, 6)) == "2026-07-15T07:00+01:00"
    assert in_london(utc(11, 20, 7)) == "2026-11-20T07:00+00:00"
