"""Retention clocks: on which bases media, records and the papers of reports are kept, and until when."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import ClockId, ItemId, MediaId
from safehold.model.retention import Basis, RetentionClock
from safehold.storage.alarms import DESTROY_ORDER_WAITS, alarm
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

retention_clock = sa.Table(
    "retention_clock",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    # Neither: of the papers, or the reference, of the authority report that it is about.
    sa.Column("media_id", sa.ForeignKey("media.id")),
    # Of an item that came without bytes: what is held is the record of it.
    sa.Column("item_id", sa.ForeignKey("item.id")),
    # The authority report, case, hold or order that it goes back to. Nothing of an account is named here.
    sa.Column("about", Uuid, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("until", Instant),
    sa.Column("set_by", sa.Text, nullable=False),
    # In the words of whoever set it: for people, never for a log.
    sa.Column("reason", sa.Text),
    sa.Column("confirmed_at", Instant),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("ended_at", Instant),
    sa.Column("ended_by", sa.Text),
    one_of("basis", Basis),
    sa.CheckConstraint(
        "case basis when 'uk_reference' then media_id is null"
        " when 'us_preservation' then true when 'uk_content' then true"
        " when 'legal_hold' then num_nonnulls(media_id, item_id) = 1 else media_id is not null end",
        name="papers_are_of_reports",
    ),
    sa.CheckConstraint("item_id is null or basis = 'legal_hold'", name="records_are_held"),
    sa.CheckConstraint(
        "(until is null) = (basis in ('legal_hold', 'destroy_order'))", name="terms_have_an_end"
    ),
    sa.CheckConstraint("until > since", name="runs_forward"),
    sa.CheckConstraint(
        "(reason is null) = (basis not in ('legal_hold', 'destroy_order'))", name="people_say_why"
    ),
    sa.CheckConstraint("length(btrim(reason)) between 3 and 4000", name="says_something"),
    sa.CheckConstraint("num_nonnulls(confirmed_at, confirmed_by) in (0, 2)", name="confirmed_together"),
    sa.CheckConstraint("confirmed_at is null or basis = 'destroy_order'", name="orders_are_confirmed"),
    # Whoever asks for a destruction does not confirm it; where nobody else is there, not within a day.
    sa.CheckConstraint("alone or confirmed_by <> set_by", name="confirmed_by_another"),
    sa.CheckConstraint(
        "not alone or (confirmed_at is not null and confirmed_at >= since + interval '1 day')",
        name="alone_a_day_later",
    ),
    sa.CheckConstraint("num_nonnulls(ended_at, ended_by) in (0, 2)", name="ended_together"),
    # What the law asks for nobody ends.
    sa.CheckConstraint(
        "ended_at is null or basis in ('operator_term', 'legal_hold', 'destroy_order')",
        name="the_law_is_not_ended",
    ),
    sa.Index(
        "uq_retention_clock_open",
        "about",
        "basis",
        "media_id",
        "item_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("ended_at is null"),
    ),
    sa.Index("ix_retention_clock_about", "about"),
    sa.Index("ix_retention_clock_media_id", "media_id"),
    sa.Index("ix_retention_clock_item_id", "item_id", postgresql_where=sa.text("item_id is not null")),
    sa.Index("ix_retention_clock_until", "until", postgresql_where=sa.text("until is not null")),
)

owned_by("evidence", retention_clock)

_CLOCK = [column for column in retention_clock.c if column.name != "reason"]
"""What is read of it. Why somebody set one is read by people who ask for that, and by no sweep."""
_OPEN = retention_clock.c.ended_at.is_(None)


@writes(retention_clock)
def insert(tx: Tx, clock: RetentionClock, *, reason: str | None = None) -> bool:
    """Record a clock. False, and nothing written, while one of its basis about the same is open."""
    values = {name: getattr(clock, name) for name in RetentionClock.__slots__}
    once = postgresql.insert(retention_clock).values(**values, reason=reason).on_conflict_do_nothing()
    return tx.run(once.returning(retention_clock.c.id)).first() is not None


@writes(retention_clock)
def set_confirmed(tx: Tx, order_id: UUID, *, by: str, at: datetime, alone: bool) -> list[MediaId]:
    """Note who confirmed an order to destroy; return its media, none where it is confirmed or over."""
    waits = retention_clock.update().where(
        _is_order(order_id), _OPEN, retention_clock.c.confirmed_at.is_(None)
    )
    noted = waits.values(confirmed_by=by, confirmed_at=at, alone=alone)
    return sorted(MediaId(one) for one in tx.run(noted.returning(retention_clock.c.media_id)).scalars())


@writes(retention_clock)
def set_ended(tx: Tx, clock_ids: Collection[ClockId], *, by: str, at: datetime) -> list[ClockId]:
    """End clocks; return those that were open. One never ends before it began, whatever the time is."""
    statement = (
        retention_clock.update()
        .where(retention_clock.c.id.in_(clock_ids), _OPEN)
        .values(ended_by=by, ended_at=sa.func.greatest(at, retention_clock.c.since))
    )
    return [ClockId(one) for one in tx.run(statement.returning(retention_clock.c.id)).scalars()]


def of_media(tx: Tx, media_ids: Collection[MediaId]) -> list[RetentionClock]:
    """Return every clock of some media, open or not, the oldest first."""
    return _clocks(tx, retention_clock.c.media_id.in_(media_ids))


def of_records(tx: Tx, item_ids: Collection[ItemId]) -> list[RetentionClock]:
    """Return every clock of the records of items without bytes, open or not, the oldest first."""
    return _clocks(tx, retention_clock.c.item_id.in_(item_ids))


def about(tx: Tx, what: UUID) -> list[RetentionClock]:
    """Return every clock that goes back to this report, case, hold or order, the oldest first."""
    return _clocks(tx, retention_clock.c.about == what)


def reasons(tx: Tx, clock_ids: Collection[ClockId]) -> dict[ClockId, str]:
    """Return why people set these clocks, in their words; those without a reason are left out."""
    statement = sa.select(retention_clock.c.id, retention_clock.c.reason).where(
        retention_clock.c.id.in_(clock_ids), retention_clock.c.reason.is_not(None)
    )
    return {ClockId(row.id): row.reason for row in tx.run(statement)}


def waiting_orders(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these orders wait for a person: to confirm them, or because a hold stands."""
    statement = sa.select(retention_clock.c.about).where(
        retention_clock.c.about.in_(ids),
        retention_clock.c.basis == Basis.DESTROY_ORDER,
        _OPEN,
        sa.or_(retention_clock.c.confirmed_at.is_(None), _held_since().exists()),
    )
    return set(tx.run(statement).scalars())


def stopped_orders(tx: Tx, *, limit: int) -> list[UUID]:
    """Return confirmed orders that a hold stops, and that no alarm was raised about since it does."""
    stopped_since = sa.func.greatest(
        retention_clock.c.confirmed_at, _held_since().correlate(retention_clock).scalar_subquery()
    )
    alarmed = sa.exists().where(
        alarm.c.code == DESTROY_ORDER_WAITS,
        alarm.c.subject == sa.func.concat("order:", retention_clock.c.about),
        alarm.c.raised_at >= stopped_since,
    )
    statement = (
        sa.select(retention_clock.c.about)
        .distinct()
        .where(
            retention_clock.c.basis == Basis.DESTROY_ORDER,
            _OPEN,
            retention_clock.c.confirmed_at.is_not(None),
            _held_since().exists(),
            ~alarmed,
        )
        .limit(limit)
    )
    return list(tx.run(statement).scalars())


def keeps(media_id: sa.ColumnElement[Any], now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a clock of some media still runs, whether or not its bytes are there."""
    runs = sa.or_(retention_clock.c.until.is_(None), retention_clock.c.until > now)
    running = sa.select(retention_clock.c.id).where(
        retention_clock.c.media_id == media_id, _OPEN, runs, retention_clock.c.basis != Basis.DESTROY_ORDER
    )
    # Named, not `*`: those who ask may not read every column.
    return running.exists()


def holds(item_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a legal hold stands on the record of an item without bytes."""
    standing = sa.select(retention_clock.c.id).where(retention_clock.c.item_id == item_id, _OPEN)
    return standing.exists()


def runs_about_papers(now: datetime) -> Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]:
    """Return the condition that a clock runs which keeps the papers of the report of an id."""

    def runs(report_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        running = sa.select(retention_clock.c.id).where(
            retention_clock.c.about == report_id,
            retention_clock.c.media_id.is_(None),
            retention_clock.c.basis != Basis.UK_REFERENCE,
            retention_clock.c.until > now,
        )
        return running.exists()

    return runs


def _is_order(order_id: UUID) -> sa.ColumnElement[bool]:
    return (retention_clock.c.about == order_id) & (retention_clock.c.basis == Basis.DESTROY_ORDER)


def _held_since() -> sa.Select[tuple[datetime]]:
    """Select since when each hold on the media of the row outside stands."""
    hold = retention_clock.alias("hold")
    return (
        sa.select(sa.func.max(hold.c.since))
        .where(
            hold.c.media_id == retention_clock.c.media_id,
            hold.c.basis == Basis.LEGAL_HOLD,
            hold.c.ended_at.is_(None),
        )
        .having(sa.func.count() > 0)
    )


def _clocks(tx: Tx, wanted: sa.ColumnElement[bool]) -> list[RetentionClock]:
    statement = sa.select(*_CLOCK).where(wanted).order_by(retention_clock.c.since, retention_clock.c.id)
    return [clock_of(row) for row in tx.run(statement)]


def clock_of(row: Any) -> RetentionClock:
    """Return the clock of a row that has all columns of one but the reason."""
    return RetentionClock(
        id=ClockId(row.id),
        media_id=MediaId(row.media_id) if row.media_id else None,
        about=row.about,
        basis=Basis(row.basis),
        since=row.since,
        until=row.until,
        set_by=row.set_by,
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by,
        alone=row.alone,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        item_id=ItemId(row.item_id) if row.item_id else None,
    )
