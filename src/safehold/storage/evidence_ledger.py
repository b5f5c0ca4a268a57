"""What is kept, why, until when, and when it was destroyed, as one list; and what expires by an instant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.model.retention import Basis, LineState, named
from safehold.storage.authority_reports import authority_report
from safehold.storage.database import Tx
from safehold.storage.evidence import OF_CLOCKS, ObjectRole, destruction, retention
from safehold.storage.retention_clocks import retention_clock
from safehold.storage.tables import Instant, Uuid

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One reason why something is or was kept.

    id: of the clock, of the media or of the object that was destroyed: the newer the line, the greater.
    media_id, item_id: what it keeps; neither where that is the papers or the reference of the authority
    report `about`. why: the basis of a clock, or the rule where no clock has a part in it. until: None
    without a date. ended_at: when the clock was ended before its time. destroyed_at: when the bytes were
    destroyed, first, after it began; of a report when its papers were.
    """

    id: UUID
    media_id: UUID | None
    about: UUID | None
    why: str
    since: datetime | None
    until: datetime | None
    set_by: str | None
    ended_at: datetime | None
    destroyed_at: datetime | None
    item_id: UUID | None = None

    @property
    def what(self) -> str:
        """What it is about, as the audit log and the commands write it."""
        return named(self.media_id, self.item_id, self.about)

    def state(self, now: datetime) -> LineState:
        """Say where it stands at an instant."""
        if self.destroyed_at is not None:
            return LineState.DESTROYED
        is_over = self.ended_at is not None or (self.until is not None and self.until <= now)
        return LineState.OVER if is_over else LineState.KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are asked for. about: media, an item, what a clock goes back to. why: a basis or rule."""

    state: LineState | None = None
    why: str | None = None
    about: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """Something that ends: media, or what is kept of an authority report. why: under which basis or rule."""

    media_id: UUID | None
    about: UUID | None
    why: str
    at: datetime

    @property
    def what(self) -> str:
        """What ends, as the audit log and the commands write it."""
        return named(self.media_id, None, self.about)


def lines(tx: Tx, *, since: datetime | None = None) -> Iterator[LedgerLine]:
    """Yield the ledger, the oldest first; with `since`, what began, ended or was destroyed from then on.

    No more than a batch of it is in memory. The transaction stays open as long as it is read.
    """
    every = sa.union_all(_clocks(), _kept_otherwise(), _destroyed_otherwise()).subquery()
    statement = sa.select(every).order_by(
        sa.func.coalesce(every.c.since, every.c.destroyed_at),
        every.c.media_id,
        every.c.item_id,
        every.c.about,
        every.c.why,
    )
    if since is not None:
        dates = (every.c.since, every.c.ended_at, every.c.destroyed_at)
        statement = statement.where(sa.or_(*(each >= since for each in dates)))
    for row in tx.run(statement.execution_options(yield_per=_AT_ONCE)).mappings():
        yield LedgerLine(**row)


def newest(
    tx: Tx, wanted: Wanted, *, now: datetime, before: UUID | None = None, limit: int
) -> list[LedgerLine]:
    """Return lines of the ledger, the newest first, those after the line of an id; at most `limit`.

    Each part of the ledger is read from its newest row on, and no further than it is needed.
    """
    parts = [
        sa.select(_newest_of(part, wanted, now=now, before=before, limit=limit).subquery())
        for part in (_clocks(), _kept_otherwise(), _destroyed_otherwise())
    ]
    every = sa.union_all(*parts).subquery()
    statement = sa.select(every).order_by(every.c.id.desc()).limit(limit)
    return [LedgerLine(**row) for row in tx.run(statement).mappings()]


def _newest_of(
    part: sa.Select[Any], wanted: Wanted, *, now: datetime, before: UUID | None, limit: int
) -> sa.Select[Any]:
    of_it = part.selected_columns
    if before is not None:
        part = part.where(of_it["id"] < before)
    if wanted.why is not None:
        part = part.where(of_it["why"] == wanted.why)
    if wanted.about is not None:
        ids = ("media_id", "item_id", "about")
        part = part.where(sa.or_(*(of_it[name] == wanted.about for name in ids)))
    if wanted.state is not None:
        is_gone = of_it["destroyed_at"].is_not(None)
        is_over = sa.or_(of_it["ended_at"].is_not(None), sa.func.coalesce(of_it["until"] <= now, sa.false()))
        states = {
            LineState.KEPT: ~is_gone & ~is_over,
            LineState.OVER: ~is_gone & is_over,
            LineState.DESTROYED: is_gone,
        }
        part = part.where(states[wanted.state])
    return part.order_by(of_it["id"].desc()).limit(limit)


def expiring(tx: Tx, *, now: datetime, until: datetime, limit: int) -> list[Expiring]:
    """Return what ends by an instant, that included, the soonest first; what is due already comes first."""
    every = _ending(now, until)
    statement = sa.select(every).order_by(every.c.at, every.c.media_id, every.c.about).limit(limit)
    return [Expiring(**row) for row in tx.run(statement).mappings()]


def count_expiring(tx: Tx, *, now: datetime, until: datetime) -> dict[str, int]:
    """Return how much ends by an instant, that included, by basis or rule."""
    every = _ending(now, until)
    statement = sa.select(every.c.why, sa.func.count().label("many")).group_by(every.c.why)
    return {row.why: int(row.many) for row in tx.run(statement.order_by(every.c.why))}


def _ending(now: datetime, until: datetime) -> sa.Subquery:
    """Media by the date that the sweep goes by; reports by the last clock of their papers, or reference."""
    bytes_ = sa.select(
        retention.c.media_id,
        sa.cast(sa.null(), Uuid).label("about"),
        retention.c.rule.label("why"),
        retention.c.destroy_at.label("at"),
    ).where(retention.c.destroy_at <= until)
    papers = sa.select(
        sa.cast(sa.null(), Uuid).label("media_id"),
        retention_clock.c.about,
        retention_clock.c.basis.label("why"),
        retention_clock.c.until.label("at"),
    ).where(
        retention_clock.c.media_id.is_(None), retention_clock.c.until > now, retention_clock.c.until <= until
    )
    return sa.union_all(bytes_, papers).subquery()


def _clocks() -> sa.Select[Any]:
    destroyed = (
        sa.select(sa.func.min(destruction.c.destroyed_at))
        .where(
            destruction.c.media_id == retention_clock.c.media_id,
            destruction.c.role == ObjectRole.ORIGINAL,
            destruction.c.destroyed_at >= retention_clock.c.since,
        )
        .scalar_subquery()
    )
    papers_gone = (
        sa.select(authority_report.c.papers_gone_at)
        .where(
            authority_report.c.id == retention_clock.c.about,
            retention_clock.c.media_id.is_(None),
            retention_clock.c.basis != Basis.UK_REFERENCE,
        )
        .scalar_subquery()
    )
    return sa.select(
        retention_clock.c.id,
        retention_clock.c.media_id,
        retention_clock.c.item_id,
        retention_clock.c.about,
        retention_clock.c.basis.label("why"),
        retention_clock.c.since,
        retention_clock.c.until,
        retention_clock.c.set_by,
        retention_clock.c.ended_at,
        sa.func.coalesce(destroyed, papers_gone).label("destroyed_at"),
    )


def _kept_otherwise() -> sa.Select[Any]:
    """What is kept under a rule that is no clock's."""
    return sa.select(
        retention.c.media_id.label("id"),
        retention.c.media_id,
        sa.cast(sa.null(), Uuid).label("item_id"),
        sa.cast(sa.null(), Uuid).label("about"),
        retention.c.rule.label("why"),
        retention.c.since,
        retention.c.destroy_at.label("until"),
        sa.cast(sa.null(), sa.Text).label("set_by"),
        sa.cast(sa.null(), Instant).label("ended_at"),
        sa.cast(sa.null(), Instant).label("destroyed_at"),
    ).where(retention.c.rule.not_in(OF_CLOCKS))


def _destroyed_otherwise() -> sa.Select[Any]:
    """What was destroyed under a rule that is no clock's. A clock's line says itself when its media was."""
    return sa.select(
        destruction.c.object_id.label("id"),
        destruction.c.media_id,
        sa.cast(sa.null(), Uuid).label("item_id"),
        sa.cast(sa.null(), Uuid).label("about"),
        destruction.c.rule.label("why"),
        sa.cast(sa.null(), Instant).label("since"),
        sa.cast(sa.null(), Instant).label("until"),
        sa.cast(sa.null(), sa.Text).label("set_by"),
        sa.cast(sa.null(), Instant).label("ended_at"),
        destruction.c.destroyed_at,
    ).where(destruction.c.role == ObjectRole.ORIGINAL, destruction.c.rule.not_in(OF_CLOCKS))
