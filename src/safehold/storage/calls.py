"""Calls: messages to whoever is on call about an emergency, one for each channel, and how they went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.emergency import CallKind
from safehold.model.ids import CallId, EmergencyId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes


class CallState(StrEnum):
    """Waits to be sent, or was taken by the other side, or was given up."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


emergency_call = sa.Table(
    "emergency_call",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("emergency_id", sa.ForeignKey("emergency.id"), nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    # Somebody may have everybody called once more; a call of the same turn is made once.
    sa.Column("turn", sa.SmallInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("next_attempt_at", Instant),
    sa.Column("last_error", sa.Text),
    sa.Column("delivered_at", Instant),
    one_of("kind", CallKind),
    one_of("state", CallState),
    sa.CheckConstraint("(state = 'waiting') = (next_attempt_at is not null)", name="waiting_has_a_date"),
    sa.CheckConstraint("(state = 'delivered') = (delivered_at is not null)", name="delivered_together"),
    sa.UniqueConstraint("emergency_id", "channel", "kind", "turn", name="uq_emergency_call_once"),
    sa.Index("ix_emergency_call_due", "next_attempt_at", postgresql_where=sa.text("state = 'waiting'")),
)

owned_by("act", emergency_call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One message to one channel. last_error: a stable word, None while nothing went wrong."""

    id: CallId
    emergency_id: EmergencyId
    channel: str
    kind: CallKind
    turn: int
    state: CallState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_error: str | None = None
    delivered_at: datetime | None = None


@writes(emergency_call)
def add(tx: Tx, call: Call) -> bool:
    """Record a call that is due. False when the same one is there already."""
    statement = postgresql.insert(emergency_call).values(
        id=call.id,
        emergency_id=call.emergency_id,
        channel=call.channel,
        kind=call.kind.value,
        turn=call.turn,
        state=call.state.value,
        created_at=call.created_at,
        next_attempt_at=call.next_attempt_at,
    )
    once = statement.on_conflict_do_nothing(constraint="uq_emergency_call_once")
    return tx.run(once.returning(emergency_call.c.id)).first() is not None


@writes(emergency_call)
def claim(
    tx: Tx, channels: Collection[str], *, now: datetime, until: datetime, of: EmergencyId | None = None
) -> Call | None:
    """Take the call that has been due longest for one of these channels; None when none is.

    It counts an attempt, and is nobody else's until `until`: a process that dies on the way leaves it to be
    due again then. of: of this emergency alone.
    """
    first = (
        sa.select(emergency_call.c.id)
        .where(
            emergency_call.c.state == CallState.WAITING,
            emergency_call.c.next_attempt_at <= now,
            emergency_call.c.channel.in_(channels),
        )
        .order_by(emergency_call.c.next_attempt_at, emergency_call.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if of is not None:
        first = first.where(emergency_call.c.emergency_id == of)
    found = tx.run(first).scalar_one_or_none()
    if found is None:
        return None
    taken = (
        emergency_call.update()
        .where(emergency_call.c.id == found)
        .values(attempts=emergency_call.c.attempts + 1, next_attempt_at=until)
        .returning(emergency_call)
    )
    return _call(tx.run(taken).one())


@writes(emergency_call)
def delivered(tx: Tx, call_id: CallId, *, at: datetime) -> None:
    """Note that the other side took a call."""
    values = {"state": CallState.DELIVERED.value, "delivered_at": at, "next_attempt_at": None}
    waits = emergency_call.update().where(
        emergency_call.c.id == call_id, emergency_call.c.state != CallState.DELIVERED
    )
    tx.run(waits.values(last_error=None, **values))


@writes(emergency_call)
def failed(tx: Tx, call: Call, *, error: str, next_attempt_at: datetime | None) -> bool:
    """Note a failed attempt; None gives the call up. False when another attempt has counted since."""
    state = CallState.DEAD if next_attempt_at is None else CallState.WAITING
    statement = emergency_call.update().where(
        emergency_call.c.id == call.id,
        emergency_call.c.state == CallState.WAITING,
        emergency_call.c.attempts == call.attempts,
    )
    values = {"state": state.value, "last_error": error, "next_attempt_at": next_attempt_at}
    return tx.run(statement.values(values)).rowcount == 1


@writes(emergency_call)
def give_up(tx: Tx, emergency_id: EmergencyId, *, error: str) -> None:
    """Give up what still waits to be sent about an emergency."""
    waits = emergency_call.update().where(
        emergency_call.c.emergency_id == emergency_id, emergency_call.c.state == CallState.WAITING
    )
    tx.run(waits.values(state=CallState.DEAD.value, last_error=error, next_attempt_at=None))


def of_emergency(tx: Tx, emergency_id: EmergencyId) -> list[Call]:
    """Return the calls about an emergency, oldest first."""
    statement = (
        sa.select(emergency_call)
        .where(emergency_call.c.emergency_id == emergency_id)
        .order_by(emergency_call.c.created_at, emergency_call.c.channel, emergency_call.c.id)
    )
    return [_call(row) for row in tx.run(statement)]


def still_dead(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these calls are given up."""
    dead = sa.select(emergency_call.c.id).where(
        emergency_call.c.id.in_(ids), emergency_call.c.state == CallState.DEAD
    )
    return set(tx.run(dead).scalars())


def _call(row: Any) -> Call:
    return Call(
        id=CallId(row.id),
        emergency_id=EmergencyId(row.emergency_id),
        channel=row.channel,
        kind=CallKind(row.kind),
        turn=row.turn,
        state=CallState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        last_error=row.last_error,
        delivered_at=row.delivered_at,
    )
