"""Whether somebody is at the National Crime Agency's desk: Monday to Friday, 07:00 to 17:00 in London.

Public holidays are not known here: on one of them this says that somebody is there.
"""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(7, 0), time(17, 0)
_LONDON = ZoneInfo("Europe/London")
_SATURDAY = 5


def is_out_of_hours(at: datetime) -> bool:
    """Say whether an instant, which is aware, lies outside those hours: 07:00 is within, 17:00 is not."""
    there = at.astimezone(_LONDON)
    return there.weekday() >= _SATURDAY or not OPENS <= there.time() < CLOSES


def in_london(at: datetime) -> str:
    """Return an instant as a clock in London shows it, with its distance from UTC."""
    return at.astimezone(_LONDON).isoformat(timespec="minutes")
