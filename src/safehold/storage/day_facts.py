"""What was counted of each day, put by: so that figures of a year are sums of days, however much happened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, metadata, owned_by, writes

counted_day = sa.Table(
    "counted_day",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    # Where its midnights were.
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("counted_at", Instant, nullable=False),
    # When what waits was last looked at; NULL where nobody did on that day.
    sa.Column("seen_at", Instant),
    # It has ended, and nothing of it is counted again.
    sa.Column("over", sa.Boolean, nullable=False),
)

day_fact = sa.Table(
    "day_fact",
    metadata,
    sa.Column("day", sa.ForeignKey("counted_day.day", ondelete="cascade"), nullable=False),
    # As it was when the day ended, or last; else what happened on that day.
    sa.Column("at_end", sa.Boolean, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    # Kinds and states, and no id of anything or anybody.
    sa.Column("says", Json, nullable=False),
    # A class of lengths of time, see `transparency.waits`.
    sa.Column("took", sa.SmallInteger),
    sa.Column("many", sa.BigInteger, nullable=False),
    sa.CheckConstraint("many > 0", name="something"),
    sa.Index("ix_day_fact_day", "day", "at_end"),
)

owned_by("transparency", counted_day, day_fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFact:
    """So many of one unit of which the same is said. took: the class of how long each took, or waits."""

    unit: str
    many: int
    says: dict[str, str] = field(default_factory=dict)
    took: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The same of several days, added up. took: how many by class, of those that were timed."""

    unit: str
    many: int
    says: dict[str, str]
    took: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is known of some days. days: how many were counted. counted_at: when the newest of them was.

    seen_at: when what waits was looked at, on the newest of them; None where nobody did.
    """

    days: int
    counted_at: datetime | None
    seen_at: datetime | None


def over(tx: Tx, zone: str) -> set[date]:
    """Return the days of this time zone of which nothing is counted again."""
    statement = sa.select(counted_day.c.day).where(counted_day.c.over, counted_day.c.zone == zone)
    return set(tx.run(statement).scalars())


@writes(counted_day, day_fact)
def forget_other_zones(tx: Tx, zone: str) -> None:
    """Forget days whose midnights were elsewhere: another setting makes other days of the same records."""
    tx.run(counted_day.delete().where(counted_day.c.zone != zone))


@writes(counted_day, day_fact)
def put_by(
    tx: Tx,
    day: date,
    *,
    zone: str,
    happened: Iterable[DayFact],
    waits: Iterable[DayFact] | None,
    over: bool,
    now: datetime,
) -> None:
    """Put a day's counts by, in the place of earlier ones. waits: None leaves those of before as they are."""
    values: dict[str, Any] = {"zone": zone, "counted_at": now, "over": over}
    if waits is not None:
        values["seen_at"] = now
    known = insert(counted_day).values(day=day, **values)
    tx.run(known.on_conflict_do_update(index_elements=["day"], set_=values))
    replaced = {False: happened} if waits is None else {False: happened, True: waits}
    tx.run(day_fact.delete().where(day_fact.c.day == day, day_fact.c.at_end.in_(list(replaced))))
    rows = [
        {"day": day, "at_end": at_end, "unit": one.unit, "says": one.says, "took": one.took, "many": one.many}
        for at_end, facts in replaced.items()
        for one in facts
    ]
    if rows:
        tx.run(day_fact.insert(), rows)


def counted(tx: Tx, first: date, last: date, zone: str) -> Counted:
    """Return how far these days were counted."""
    inside = [counted_day.c.zone == zone, counted_day.c.day.between(first, last)]
    days = tx.run(sa.select(sa.func.count()).select_from(counted_day).where(*inside)).scalar_one()
    newest = tx.run(sa.select(counted_day).where(*inside).order_by(counted_day.c.day.desc()).limit(1)).first()
    return Counted(
        days=int(days),
        counted_at=newest.counted_at if newest else None,
        seen_at=newest.seen_at if newest else None,
    )


def happened(tx: Tx, first: date, last: date) -> Iterator[Added]:
    """Yield what happened on these days, those of which the same is said added up."""
    inside = [day_fact.c.day.between(first, last), sa.not_(day_fact.c.at_end)]
    return _facts(tx, inside)


def waited(tx: Tx, first: date, last: date) -> Iterator[Added]:
    """Yield what waited when the newest counted one of these days ended, or was last looked at."""
    newest = sa.select(sa.func.max(counted_day.c.day)).where(counted_day.c.day.between(first, last))
    return _facts(tx, [day_fact.c.day == newest.scalar_subquery(), day_fact.c.at_end])


def _facts(tx: Tx, inside: Collection[sa.ColumnElement[bool]]) -> Iterator[Added]:
    same = (day_fact.c.unit, day_fact.c.says)
    many = sa.func.sum(day_fact.c.many).label("many")
    by_class = (
        sa.select(*same, day_fact.c.took, many).where(*inside).group_by(*same, day_fact.c.took).subquery()
    )
    # A row for each that can be said, and not for each length of time: a year has thousands of these.
    statement = sa.select(
        by_class.c.unit,
        by_class.c.says,
        sa.func.sum(by_class.c.many).label("many"),
        sa.func.array_agg(by_class.c.took).label("classes"),
        sa.func.array_agg(by_class.c.many).label("of_class"),
    ).group_by(by_class.c.unit, by_class.c.says)
    for row in tx.run(statement):
        took = zip(row.classes, row.of_class, strict=True)
        timed = {each: int(of_class) for each, of_class in took if each is not None}
        yield Added(unit=row.unit, many=int(row.many), says=row.says, took=timed)
