"""Alarms: what a person must look at, raised once and cleared once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import AlarmId, new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

alarm = sa.Table(
    "alarm",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("cleared_at", Instant),
    sa.Index(
        "uq_alarm_standing", "code", "subject", unique=True, postgresql_where=sa.text("cleared_at is null")
    ),
)

owned_by("app", alarm)

UNDECIDED_TOO_LONG = "undecided_too_long"
"""The code of the alarm about media that nobody decides about: the sweep asks which were raised."""
CONFIRMED_UNFILED = "confirmed_unfiled"
"""The code of the alarm about confirmed media that no clock covers: nothing was filed about it."""
DESTROY_ORDER_WAITS = "destroy_order_waits"
"""The code of the alarm about an order to destroy that waits for a person."""


@dataclass(frozen=True, slots=True)
class StoredAlarm:
    """Something that a person must look at. subject: kind and id, such as "step:018f…"."""

    id: AlarmId
    code: str
    subject: str
    raised_at: datetime


_ALARMS = sa.select(alarm.c.id, alarm.c.code, alarm.c.subject, alarm.c.raised_at)


@writes(alarm)
def raise_once(tx: Tx, *, code: str, subject: str, now: datetime) -> bool:
    """Raise an alarm unless it stands already. True when it is new."""
    statement = (
        insert(alarm)
        .values(id=new_id(), code=code, subject=subject, raised_at=now)
        .on_conflict_do_nothing(index_elements=["code", "subject"], index_where=sa.text("cleared_at is null"))
        .returning(alarm.c.id)
    )
    return tx.run(statement).first() is not None


@writes(alarm)
def clear(tx: Tx, *, code: str, subject: str, now: datetime) -> bool:
    """Clear an alarm that stands. False when none does."""
    standing = (alarm.c.code == code) & (alarm.c.subject == subject) & alarm.c.cleared_at.is_(None)
    return tx.run(alarm.update().where(standing).values(cleared_at=now)).rowcount == 1


@writes(alarm)
def clear_one(tx: Tx, alarm_id: AlarmId, *, now: datetime) -> bool:
    """Clear this alarm if it stands. False when it does not."""
    statement = alarm.update().where(alarm.c.id == alarm_id, alarm.c.cleared_at.is_(None))
    return tx.run(statement.values(cleared_at=now)).rowcount == 1


def raised_since(tx: Tx, code: str, subject: str, since: datetime) -> bool:
    """Say whether this alarm was raised after an instant, whether it still stands or not."""
    raised = sa.exists().where(alarm.c.code == code, alarm.c.subject == subject, alarm.c.raised_at > since)
    return bool(tx.run(sa.select(raised)).scalar_one())


def lock(tx: Tx, code: str, subject: str) -> None:
    """Wait until nobody else raises or clears this alarm, and hold them off until tx ends."""
    tx.lock(f"alarm {code} {subject}")


def find(tx: Tx, alarm_id: AlarmId) -> StoredAlarm | None:
    """Return one alarm, standing or cleared; None when there is none."""
    row = tx.run(_ALARMS.where(alarm.c.id == alarm_id)).mappings().one_or_none()
    return None if row is None else StoredAlarm(**row)


def standing(tx: Tx, *, limit: int | None = None) -> list[StoredAlarm]:
    """Return the alarms that stand, oldest first, at most `limit` of them."""
    statement = _ALARMS.where(alarm.c.cleared_at.is_(None)).order_by(alarm.c.raised_at, alarm.c.id)
    return [StoredAlarm(**row) for row in tx.run(statement.limit(limit)).mappings()]


def subjects(tx: Tx, code: str) -> list[str]:
    """Return what the standing alarms of a code are about, in the order of their text."""
    statement = sa.select(alarm.c.subject).where(alarm.c.code == code, alarm.c.cleared_at.is_(None))
    return sorted(tx.run(statement).scalars())


def counts(tx: Tx) -> dict[str, int]:
    """Return how many alarms stand, by code; codes without any are left out."""
    statement = (
        sa.select(alarm.c.code, sa.func.count().label("alarms"))
        .where(alarm.c.cleared_at.is_(None))
        .group_by(alarm.c.code)
        .order_by(alarm.c.code)
    )
    return {row.code: int(row.alarms) for row in tx.run(statement)}
