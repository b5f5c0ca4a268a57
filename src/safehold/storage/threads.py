"""Requests to read the whole of a conversation: who asked, why, and which second person agreed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.ids import ItemId, ThreadRequestId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

thread_request = sa.Table(
    "thread_request",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    # The item that was made of the conversation.
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    sa.Column("asked_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # NULL while nobody has decided.
    sa.Column("approved", sa.Boolean),
    sa.Column("decided_by", sa.ForeignKey("app_user.id")),
    sa.Column("decided_at", Instant),
    sa.CheckConstraint("length(btrim(reason)) between 10 and 1000", name="has_a_reason"),
    sa.CheckConstraint("approved is not true or decided_by <> asked_by", name="takes_two"),
    sa.CheckConstraint("num_nonnulls(approved, decided_by, decided_at) in (0, 3)", name="decided_together"),
    sa.CheckConstraint(
        "approved is not true or decided_at < asked_at + interval '24 hours'", name="agreed_in_time"
    ),
    sa.Index("ix_thread_request_item_id", "item_id", "asked_at"),
    sa.Index("ix_thread_request_asked_at", "asked_at"),
)

owned_by("review", thread_request)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRequest:
    """A wish to read a whole conversation. approved: None while nobody has decided."""

    id: ThreadRequestId
    item_id: ItemId
    asked_by: UserId
    asked_at: datetime
    reason: str = field(repr=False)
    approved: bool | None = None
    decided_by: UserId | None = None
    decided_at: datetime | None = None


@writes(thread_request)
def insert(tx: Tx, asked: ThreadRequest) -> None:
    """Record that somebody asks."""
    named = ("id", "item_id", "asked_by", "asked_at", "reason")
    tx.run(thread_request.insert().values({name: getattr(asked, name) for name in named}))


@writes(thread_request)
def set_decided(tx: Tx, request_id: ThreadRequestId, *, approved: bool, by: UserId, at: datetime) -> None:
    """Record what was decided. That whoever asked does not agree the database sees to as well."""
    values = {"approved": approved, "decided_by": by, "decided_at": at}
    tx.run(thread_request.update().where(thread_request.c.id == request_id).values(values))


def get(tx: Tx, request_id: ThreadRequestId, *, for_change: bool = False) -> ThreadRequest | None:
    """Return one, None when there is none. for_change: nobody else changes it until the end."""
    statement = sa.select(thread_request).where(thread_request.c.id == request_id)
    found = _found(tx, statement.with_for_update() if for_change else statement)
    return found[0] if found else None


def of_items(tx: Tx, item_ids: Iterable[ItemId], *, since: datetime) -> list[ThreadRequest]:
    """Return what was asked about these items after an instant, the newest first."""
    statement = sa.select(thread_request).where(
        thread_request.c.item_id.in_(list(item_ids)), thread_request.c.asked_at > since
    )
    return _found(tx, statement.order_by(thread_request.c.asked_at.desc(), thread_request.c.id))


def newest(tx: Tx, *, limit: int) -> list[ThreadRequest]:
    """Return what was asked for last, the newest first."""
    statement = sa.select(thread_request).order_by(thread_request.c.asked_at.desc(), thread_request.c.id)
    return _found(tx, statement.limit(limit))


def _found(tx: Tx, statement: sa.Select[Any]) -> list[ThreadRequest]:
    return [ThreadRequest(**row) for row in tx.run(statement).mappings()]
