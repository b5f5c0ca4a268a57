"""Anchors of the audit log: which heads were set down outside, and how each place is doing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import new_id
from safehold.storage.audit import audit_link, audit_record
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

ANCHORED = "audit.anchor"
"""The verb of the records that anchoring itself appends."""

# One row for each time that a head was set down and the receipt fitted. Nothing in it is ever changed.
audit_anchor = sa.Table(
    "audit_anchor",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("receipt", sa.LargeBinary, nullable=False),
    sa.Index("ix_audit_anchor_name_at", "name", "at"),
)

# How each place is doing: a working state, without any proof in it.
anchor_state = sa.Table(
    "anchor_state",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("tried_at", Instant, nullable=False),
    sa.Column("failing_since", Instant),
)

owned_by("app", audit_anchor, anchor_state)


@dataclass(frozen=True, slots=True)
class StoredAnchor:
    """A head that a place has taken, and what it gave back for it."""

    id: UUID
    name: str
    kind: str
    seq: int
    head: bytes
    at: datetime
    receipt: bytes


@dataclass(frozen=True, slots=True)
class AnchorState:
    """How a place is doing. failing_since: None while it does what it is for."""

    id: UUID
    name: str
    tried_at: datetime
    failing_since: datetime | None


@writes(audit_anchor)
def add(tx: Tx, *, name: str, kind: str, seq: int, head: bytes, receipt: bytes, now: datetime) -> UUID:
    """Record a head that was set down, with its receipt; return the record's id."""
    anchor_id = new_id()
    values = {"seq": seq, "head": head, "at": now, "receipt": receipt}
    tx.run(audit_anchor.insert().values(id=anchor_id, name=name, kind=kind, **values))
    return anchor_id


def all_anchors(tx: Tx) -> list[StoredAnchor]:
    """Return every head that was set down, in the order of the chain."""
    statement = sa.select(audit_anchor).order_by(audit_anchor.c.seq, audit_anchor.c.at, audit_anchor.c.id)
    return [StoredAnchor(**row) for row in tx.run(statement).mappings()]


def newest(tx: Tx, name: str) -> StoredAnchor | None:
    """Return what a place took last, None when it has taken nothing."""
    statement = sa.select(audit_anchor).where(audit_anchor.c.name == name)
    row = tx.run(statement.order_by(audit_anchor.c.at.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else StoredAnchor(**row)


def moved_since(tx: Tx, seq: int) -> bool:
    """Say whether anything but anchoring itself was put on the chain after this link."""
    statement = (
        sa.select(audit_link.c.seq)
        .join(audit_record, audit_record.c.id == audit_link.c.record_id)
        .where(audit_link.c.seq > seq, audit_record.c.verb != ANCHORED)
        .limit(1)
    )
    return tx.run(statement).first() is not None


def state(tx: Tx, name: str) -> AnchorState | None:
    """Return how a place is doing, None when it was never tried."""
    row = tx.run(sa.select(anchor_state).where(anchor_state.c.name == name)).mappings().one_or_none()
    return None if row is None else AnchorState(**row)


@writes(anchor_state)
def mark_tried(tx: Tx, name: str, *, at: datetime, failed: bool) -> AnchorState:
    """Record that a place was tried and whether it failed; return how it is doing now."""
    since = sa.func.coalesce(anchor_state.c.failing_since, at) if failed else None
    statement = (
        insert(anchor_state)
        .values(id=new_id(), name=name, tried_at=at, failing_since=at if failed else None)
        .on_conflict_do_update(index_elements=["name"], set_={"tried_at": at, "failing_since": since})
        .returning(anchor_state)
    )
    return AnchorState(**tx.run(statement).mappings().one())


@writes(anchor_state)
def forget_others(tx: Tx, names: Collection[str]) -> None:
    """Forget how places are doing that are none any more. What they took stays on record."""
    tx.run(anchor_state.delete().where(anchor_state.c.name.not_in(names)))


def still_failing(tx: Tx, ids: Collection[UUID], *, before: datetime) -> set[UUID]:
    """Return which of these places have failed since that instant or longer."""
    statement = sa.select(anchor_state.c.id).where(
        anchor_state.c.id.in_(ids), anchor_state.c.failing_since <= before
    )
    return set(tx.run(statement).scalars())
