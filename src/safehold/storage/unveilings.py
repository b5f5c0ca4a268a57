"""Unveilings: who asked for the name behind a pseudonym, why, and which second person agreed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import UnveilingId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

unveiling = sa.Table(
    "unveiling",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    # The record about looking from which it was asked.
    sa.Column("record_id", sa.ForeignKey("audit_record.id"), nullable=False),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("asked_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("agreed_by", sa.ForeignKey("app_user.id")),
    sa.Column("agreed_at", Instant),
    sa.CheckConstraint("length(btrim(reason)) between 10 and 1000", name="has_a_reason"),
    sa.CheckConstraint("agreed_by <> asked_by", name="takes_two"),
    sa.CheckConstraint("agreed_by <> user_id and asked_by <> user_id", name="not_of_oneself"),
    sa.CheckConstraint("(agreed_by is null) = (agreed_at is null)", name="agreed_together"),
    sa.Index("ix_unveiling_user_id", "user_id", "asked_at"),
)

owned_by("app", unveiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unveiling:
    """One wish to know a name. agreed_by: the second person, None while there is none."""

    id: UnveilingId
    record_id: UUID
    user_id: UserId
    asked_by: UserId
    reason: str = field(repr=False)
    asked_at: datetime
    agreed_by: UserId | None = None
    agreed_at: datetime | None = None


@writes(unveiling)
def insert(tx: Tx, asked: Unveiling) -> None:
    """Record that somebody asks for a name."""
    tx.run(
        unveiling.insert().values(
            id=asked.id,
            record_id=asked.record_id,
            user_id=asked.user_id,
            asked_by=asked.asked_by,
            reason=asked.reason,
            asked_at=asked.asked_at,
        )
    )


@writes(unveiling)
def set_agreed(tx: Tx, unveiling_id: UnveilingId, *, by: UserId, at: datetime) -> None:
    """Record that a second person agrees. Whoever asked cannot: the database refuses that as well."""
    tx.run(unveiling.update().where(unveiling.c.id == unveiling_id).values(agreed_by=by, agreed_at=at))


def get(tx: Tx, unveiling_id: UnveilingId) -> Unveiling | None:
    """Return one, locked against other changes until the end; None when there is none."""
    found = _found(tx, sa.select(unveiling).where(unveiling.c.id == unveiling_id).with_for_update())
    return found[0] if found else None


def asked_since(tx: Tx, since: datetime) -> list[Unveiling]:
    """Return those that were asked for after an instant, the newest first."""
    statement = sa.select(unveiling).where(unveiling.c.asked_at > since)
    return _found(tx, statement.order_by(unveiling.c.asked_at.desc(), unveiling.c.id))


def agreed_about(tx: Tx, user_id: UserId) -> list[Unveiling]:
    """Return those by which this person's name was told, the newest first."""
    statement = sa.select(unveiling).where(unveiling.c.user_id == user_id, unveiling.c.agreed_at.is_not(None))
    return _found(tx, statement.order_by(unveiling.c.asked_at.desc(), unveiling.c.id))


def _found(tx: Tx, statement: sa.Select[Any]) -> list[Unveiling]:
    return [
        Unveiling(
            id=UnveilingId(row.id),
            record_id=row.record_id,
            user_id=UserId(row.user_id),
            asked_by=UserId(row.asked_by),
            reason=row.reason,
            asked_at=row.asked_at,
            agreed_by=UserId(row.agreed_by) if row.agreed_by else None,
            agreed_at=row.agreed_at,
        )
        for row in tx.run(statement)
    ]
