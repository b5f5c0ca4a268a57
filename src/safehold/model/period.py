"""Periods: whole days of a time zone, from the first to the last, by which figures are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from safehold.model.errors import BadForm

EARLIEST, LATEST = date(1990, 1, 1), date(9998, 12, 31)
MOST_DAYS = 1_100
"""Three years: so far a period reaches."""
_DAY = timedelta(days=1)


class PeriodKind(StrEnum):
    """What a period is called."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    DATES = "dates"
    """From one day to another."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, the first and the last included."""

    kind: PeriodKind
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """The one of its kind that ends where this begins; of dates, as many days."""
        if self.kind is PeriodKind.DATES:
            return Period(self.kind, self.first - timedelta(days=self.days), self.first - _DAY)
        return around(self.kind, self.first - _DAY)

    @property
    def after(self) -> Period:
        """The one of its kind that begins where this ends; of dates, as many days."""
        if self.kind is PeriodKind.DATES:
            return Period(self.kind, self.last + _DAY, self.last + timedelta(days=self.days))
        return around(self.kind, self.last + _DAY)

    @property
    def fields(self) -> dict[str, str]:
        """What `period_from` makes this period of."""
        if self.kind is PeriodKind.DATES:
            return {"period": self.kind, "from": self.first.isoformat(), "to": self.last.isoformat()}
        return {"period": self.kind, "of": self.first.isoformat()}


def instants_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a day begins and ends in a time zone: it has 23 or 25 hours where clocks change."""
    begins, ends = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + _DAY))
    return begins, ends


def around(kind: PeriodKind, day: date) -> Period:
    """Return the day, the week from Monday, the month or the year that a day lies in; of DATES that day."""
    match kind:
        case PeriodKind.WEEK:
            first = day - timedelta(days=day.weekday())
            return Period(kind, first, first + timedelta(days=6))
        case PeriodKind.MONTH:
            first = day.replace(day=1)
            return Period(kind, first, (first + timedelta(days=31)).replace(day=1) - _DAY)
        case PeriodKind.YEAR:
            return Period(kind, date(day.year, 1, 1), date(day.year, 12, 31))
        case PeriodKind.DAY | PeriodKind.DATES:
            return Period(kind, day, day)


def period_from(said: Mapping[str, str], *, today: date) -> Period:
    """Return the period that a form, an address or a command says: the week of today where it says nothing.

    period: its kind. of: a day in it, today where none is named. from, to: for dates. Raises BadForm, naming
    the field, for what is none, ends before it begins or is longer than MOST_DAYS.
    """
    begins, ends = (_day(said, name) for name in ("from", "to"))
    kind = _kind(said, PeriodKind.DATES if begins or ends else PeriodKind.WEEK)
    if kind is not PeriodKind.DATES:
        return around(kind, _day(said, "of") or today)
    last = ends or max(today, begins or today)
    first = begins or last
    if last < first:
        raise BadForm("to: it ends before it begins.", field="to")
    if (last - first).days >= MOST_DAYS:
        raise BadForm(f"from: a period has at most {MOST_DAYS:,} days.", field="from")
    return Period(kind, first, last)


def _kind(said: Mapping[str, str], otherwise: PeriodKind) -> PeriodKind:
    named = said.get("period", "")
    try:
        return PeriodKind(named) if named else otherwise
    except ValueError:
        raise BadForm("period: choose day, week, month, year or dates.", field="period") from None


def _day(said: Mapping[str, str], name: str) -> date | None:
    written = said.get(name, "").strip()
    if not written:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = date.min
    if not EARLIEST <= day <= LATEST:
        raise BadForm(f"{name}: a day, such as 2026-03-31.", field=name)
    return day
