"""Figures about exposure, from what was shown: of one person, and of many together. It writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from safehold.model.exposure import ExposureKind
from safehold.model.ids import UserId
from safehold.storage.database import Tx
from safehold.storage.reveals import reveal

_SECONDS = sa.extract("epoch", sa.func.coalesce(reveal.c.closed_at, reveal.c.ends_by) - reveal.c.fetched_at)
_UTC = sa.func.timezone("UTC", reveal.c.fetched_at)
_FIGURES = (
    sa.func.count().label("showings"),
    sa.func.sum(_SECONDS).label("seconds"),
    sa.func.sum(_SECONDS * reveal.c.weight / 100).label("weighted"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureFigure:
    """What was shown of one kind in one day, or in the week that begins with it.

    seconds: as the clock counts; weighted: as the budget does. people: how many looked.
    """

    begins: date
    kind: ExposureKind
    showings: int
    seconds: float
    weighted: float
    people: int = 1


def of_person(tx: Tx, user_id: UserId, *, since: datetime) -> list[ExposureFigure]:
    """Return one person's days in UTC with what they saw, the newest first; a look counts where it began."""
    day = sa.cast(_UTC, sa.Date).label("begins")
    statement = (
        sa.select(day, reveal.c.kind, *_FIGURES, sa.literal(1).label("people"))
        .where(reveal.c.user_id == user_id, reveal.c.fetched_at >= since)
        .group_by(day, reveal.c.kind)
        .order_by(day.desc(), reveal.c.kind)
    )
    return _figures(tx, statement)


def of_everybody(tx: Tx, *, since: datetime, until: datetime, fewest: int) -> list[ExposureFigure]:
    """Return weeks with what was seen in them, the newest first: only kinds that so many people looked at."""
    week = sa.cast(sa.func.date_trunc("week", _UTC), sa.Date).label("begins")
    people = sa.func.count(reveal.c.user_id.distinct())
    statement = (
        sa.select(week, reveal.c.kind, *_FIGURES, people.label("people"))
        .where(reveal.c.fetched_at >= since, reveal.c.fetched_at < until)
        .group_by(week, reveal.c.kind)
        .having(people >= fewest)
        .order_by(week.desc(), reveal.c.kind)
    )
    return _figures(tx, statement)


def _figures(tx: Tx, statement: sa.Select[tuple[object, ...]]) -> list[ExposureFigure]:
    return [
        ExposureFigure(
            begins=row.begins,
            kind=ExposureKind(row.kind),
            showings=int(row.showings),
            seconds=float(row.seconds),
            weighted=float(row.weighted),
            people=int(row.people),
        )
        for row in tx.run(statement)
    ]
