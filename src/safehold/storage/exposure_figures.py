"""Figures about exposure, from what was shown: of one person, and of many together. It writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.exposure import Again, ExposureKind
from safehold.model.ids import UserId
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.reveals import reveal

_SECONDS = sa.extract("epoch", sa.func.coalesce(reveal.c.closed_at, reveal.c.ends_by) - reveal.c.fetched_at)
_UTC = sa.func.timezone("UTC", reveal.c.fetched_at)
_EARLIER, _PLACE, _ELSEWHERE = reveal.alias("earlier"), item.alias("place"), item.alias("elsewhere")
# Shown before as another item, to the same person, and yet without a reason.
_UNASKED = sa.and_(
    reveal.c.again.is_(None),
    sa.exists()
    .where(_PLACE.c.id == reveal.c.item_id, _ELSEWHERE.c.media_id == _PLACE.c.media_id)
    .where(_EARLIER.c.item_id == _ELSEWHERE.c.id, _EARLIER.c.item_id != reveal.c.item_id)
    .where(_EARLIER.c.user_id == reveal.c.user_id, _EARLIER.c.fetched_at < reveal.c.fetched_at)
    .correlate(reveal),
)
_FIGURES: tuple[sa.ColumnElement[Any], ...] = (
    *(sa.func.count().filter(reveal.c.again == reason.value).label(reason.value) for reason in Again),
    sa.func.count().filter(_UNASKED).label("unasked"),
    sa.func.count().label("showings"),
    sa.func.sum(_SECONDS).label("seconds"),
    sa.func.sum(_SECONDS * reveal.c.weight / 100).label("weighted"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureFigure:
    """What was shown of one kind in one day, or in the week that begins with it.

    seconds: as the clock counts; weighted: as the budget does. people: how many looked. own_request, appeal:
    showings of what they had seen elsewhere, or lately nearly the same, by the reason; unasked: without one,
    of the very same.
    """

    begins: date
    kind: ExposureKind
    showings: int
    seconds: float
    weighted: float
    people: int = 1
    own_request: int = 0
    appeal: int = 0
    unasked: int = 0


def of_person(tx: Tx, user_id: UserId, *, since: datetime) -> list[ExposureFigure]:
    """Return one person's days in UTC with what they saw, the newest first; a look counts where it began."""
    day = sa.cast(_UTC, sa.Date).label("begins")
    statement = (
        sa.select(day, reveal.c.kind, sa.literal(1).label("people"))
        .add_columns(*_FIGURES)
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
        sa.select(week, reveal.c.kind, people.label("people"))
        .add_columns(*_FIGURES)
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
            own_request=int(row.own_request),
            appeal=int(row.appeal),
            unasked=int(row.unasked),
        )
        for row in tx.run(statement)
    ]
