"""A day as counts: what happened on it, and what waits, ready to be put by and added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from safehold.model.period import instants_of
from safehold.storage import day_facts, operation, yearly
from safehold.storage.database import Database, Tx
from safehold.storage.day_facts import DayFact
from safehold.storage.yearly import Span
from safehold.transparency.recorded import FEWEST_PEOPLE
from safehold.transparency.units import (
    Alarms,
    AuthorityReports,
    Cases,
    Items,
    Lists,
    Pairs,
    Questions,
    Reversals,
    Unit,
)

SETTLES = timedelta(hours=1)
"""How long after its end a day is counted again: what began in it may be committed later."""
MOST_AT_ONCE = 40
"""Days that one run counts: of an old installation the newest come first."""
LOOKED_BACK = timedelta(days=3_660)
_SUNDAY = 6

_Asked = TypeVar("_Asked")
_Counts = tuple[tuple[type[Unit], str, Callable[[Tx, _Asked], Iterator[Any]]], ...]
_ON_A_DAY: _Counts[Span] = (
    (Items, "arrived", operation.arrived),
    (Items, "decided", operation.decided),
    (Reversals, "", operation.reversed_outcomes),
    (Items, "removal_asked", operation.removals_asked),
    (AuthorityReports, "filed", operation.filed),
    (Alarms, "raised", operation.alarms_raised),
)
_BY_NOW: _Counts[datetime] = (
    (Cases, "", operation.open_cases),
    (Items, "removal_waiting", operation.removals_waiting),
    (AuthorityReports, "unfiled", operation.unfiled),
    (Questions, "", operation.unanswered),
    (Lists, "", operation.lists),
    (Alarms, "standing", operation.alarms_standing),
)


def count_days(database: Database, *, zone: ZoneInfo, now: datetime, most: int = MOST_AT_ONCE) -> int:
    """Count today, and days that ended and were not counted since, the newest first; return how many.

    Each is put by in a transaction of its own. Nobody else counts meanwhile.
    """
    days = _uncounted(database, zone, now)[:most]
    for day in days:
        with database.begin() as tx:
            tx.lock("counting days")
            _count(tx, day, zone, now)
    return len(days)


def _uncounted(database: Database, zone: ZoneInfo, now: datetime) -> list[date]:
    today = now.astimezone(zone).date()
    with database.begin() as tx:
        day_facts.forget_other_zones(tx, zone.key)
        first = yearly.first_event(tx)
        known = day_facts.over(tx, zone.key)
    oldest = min(today, max(first, now - LOOKED_BACK).astimezone(zone).date()) if first else today
    days = (today - timedelta(days=back) for back in range((today - oldest).days + 1))
    return [day for day in days if day not in known]


def _count(tx: Tx, day: date, zone: ZoneInfo, now: datetime) -> None:
    begins, ends = instants_of(day, zone)
    day_facts.put_by(
        tx,
        day,
        zone=zone.key,
        happened=list(_happened(tx, day, zone)),
        waits=list(_waits(tx, now)) if begins <= now < ends else None,
        over=now >= ends + SETTLES,
        now=now,
    )


def _happened(tx: Tx, day: date, zone: ZoneInfo) -> Iterator[DayFact]:
    span = Span(*instants_of(day, zone))
    for unit, stage, ask in _ON_A_DAY:
        yield from _facts(unit, stage, ask(tx, span))
    if day.weekday() == _SUNDAY:
        week = Span(instants_of(day - timedelta(days=_SUNDAY), zone)[0], span.ends)
        yield from _facts(Pairs, "", operation.assessed_apart(tx, week, fewest=FEWEST_PEOPLE))


def _waits(tx: Tx, now: datetime) -> Iterator[DayFact]:
    for unit, stage, ask in _BY_NOW:
        yield from _facts(unit, stage, ask(tx, now))


def _facts(unit: type[Unit], stage: str, rows: Iterable[Any]) -> Iterator[DayFact]:
    for row in rows:
        says: dict[str, Any] = {"stage": stage or None} | dict(row._mapping)
        many, took = says.pop("many"), says.pop("took", None)
        if "source" in says:
            says["source"] = operation.ARRIVALS.get(says["source"])
        known = {name: value for name, value in says.items() if value is not None}
        yield DayFact(unit=unit.name, many=many, says=known, took=took)
