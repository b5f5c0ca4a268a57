"""The audit log: records that any room appends, and the chain that one sequencer puts them on.

A record holds ids, policy labels and counts. Personal data goes to a side row with a random salt, and the
record keeps only the salted digest of it: erasing the side row leaves the chain whole and the digest mute.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, owned_by, writes

audit_record = sa.Table(
    "audit_record",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("detail", Json, nullable=False),
    sa.Column("personal_digest", sa.LargeBinary),
    sa.Index("ix_audit_record_object", "object"),
)

# Personal data lives here alone, so that it can be erased without touching the chain.
audit_personal = sa.Table(
    "audit_personal",
    metadata,
    sa.Column("record_id", sa.ForeignKey("audit_record.id"), primary_key=True),
    sa.Column("data", Json, nullable=False),
)

audit_link = sa.Table(
    "audit_link",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("record_id", sa.ForeignKey("audit_record.id"), nullable=False, unique=True),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("linked_at", Instant, nullable=False),
)

owned_by("any", audit_record, audit_personal)
owned_by("app", audit_link)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """An audit record as it lies in the database, with its place on the chain where it has one."""

    id: UUID
    at: datetime
    actor: str
    verb: str
    object: str
    detail: dict[str, Any]
    personal_digest: bytes | None
    seq: int | None = None
    previous: bytes | None = None
    hash: bytes | None = None


@writes(audit_record, audit_personal)
def append(
    tx: Tx,
    *,
    at: datetime,
    actor: str,
    verb: str,
    object: str,
    detail: dict[str, Any] | None = None,
    personal: dict[str, Any] | None = None,
) -> UUID:
    """Append one record in the caller's transaction and return its id.

    actor: `Actor.label`. verb: what was done, such as "case.assess". object: kind and id, such as
    "item:018f…". detail: ids, policy labels, counts; never content. personal: kept apart and erasable.
    """
    record_id = new_id()
    kept = {"salt": os.urandom(16).hex(), **personal} if personal else None
    tx.run(
        audit_record.insert().values(
            id=record_id,
            at=at,
            actor=actor,
            verb=verb,
            object=object,
            detail=detail or {},
            personal_digest=personal_digest(kept) if kept else None,
        )
    )
    if kept:
        tx.run(audit_personal.insert().values(record_id=record_id, data=kept))
    return record_id


def personal_digest(data: dict[str, Any]) -> bytes:
    """Return the SHA-256 of a personal side row: its JSON with sorted keys, salt included."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).digest()


def unlinked(tx: Tx, *, limit: int) -> list[StoredRecord]:
    """Return committed records that are not on the chain yet, oldest first."""
    statement = (
        sa.select(audit_record)
        .outerjoin(audit_link, audit_link.c.record_id == audit_record.c.id)
        .where(audit_link.c.seq.is_(None))
        .order_by(audit_record.c.at, audit_record.c.id)
        .limit(limit)
    )
    return [StoredRecord(**row) for row in tx.run(statement).mappings()]


def newest_link(tx: Tx) -> tuple[int, bytes] | None:
    """Return the sequence number and hash of the chain's end, None when it is empty."""
    statement = sa.select(audit_link.c.seq, audit_link.c.hash).order_by(audit_link.c.seq.desc()).limit(1)
    row = tx.run(statement).first()
    return (row.seq, row.hash) if row else None


@writes(audit_link)
def link(tx: Tx, *, seq: int, record_id: UUID, previous: bytes, hash: bytes, at: datetime) -> None:
    """Put one record on the chain."""
    tx.run(
        audit_link.insert().values(seq=seq, record_id=record_id, previous=previous, hash=hash, linked_at=at)
    )


def chain(tx: Tx, *, after: int = 0, limit: int = 1000) -> list[StoredRecord]:
    """Return linked records in the order of the chain, those with a sequence number above `after`."""
    statement = (
        sa.select(audit_record, audit_link.c.seq, audit_link.c.previous, audit_link.c.hash)
        .join(audit_link, audit_link.c.record_id == audit_record.c.id)
        .where(audit_link.c.seq > after)
        .order_by(audit_link.c.seq)
        .limit(limit)
    )
    return [StoredRecord(**row) for row in tx.run(statement).mappings()]


def newest(tx: Tx, *, limit: int, before: int | None = None, object: str | None = None) -> list[StoredRecord]:
    """Return linked records, newest first; those below the sequence number `before`, of one object."""
    statement = (
        sa.select(audit_record, audit_link.c.seq, audit_link.c.previous, audit_link.c.hash)
        .join(audit_link, audit_link.c.record_id == audit_record.c.id)
        .order_by(audit_link.c.seq.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(audit_link.c.seq < before)
    if object is not None:
        statement = statement.where(audit_record.c.object == object)
    return [StoredRecord(**row) for row in tx.run(statement).mappings()]


def of_object(tx: Tx, object: str) -> list[StoredRecord]:
    """Return every record of one object, oldest first, linked or not."""
    statement = (
        sa.select(audit_record, audit_link.c.seq, audit_link.c.previous, audit_link.c.hash)
        .outerjoin(audit_link, audit_link.c.record_id == audit_record.c.id)
        .where(audit_record.c.object == object)
        .order_by(audit_record.c.at, audit_record.c.id)
    )
    return [StoredRecord(**row) for row in tx.run(statement).mappings()]


def newest_of(tx: Tx, verb: str, *, object: str = "database") -> datetime | None:
    """Return when a verb was recorded last about the database, or another object; None when never."""
    statement = sa.select(sa.func.max(audit_record.c.at)).where(
        audit_record.c.object == object, audit_record.c.verb == verb
    )
    return cast("datetime | None", tx.run(statement).scalar_one())


def may_read_personal(tx: Tx) -> bool:
    """Say whether the role that this process connects as may read personal side rows; no surface's may."""
    asked = sa.select(sa.func.has_table_privilege(audit_personal.name, "select"))
    return bool(tx.run(asked).scalar_one())


def personal_rows(tx: Tx, record_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the personal side rows of these records, by record."""
    statement = sa.select(audit_personal).where(audit_personal.c.record_id.in_(record_ids))
    return {row.record_id: dict(row.data) for row in tx.run(statement)}


def counts(tx: Tx) -> tuple[int, int]:
    """Return how many records there are, and how many of them are on the chain."""
    records = tx.run(sa.select(sa.func.count()).select_from(audit_record)).scalar_one()
    links = tx.run(sa.select(sa.func.count()).select_from(audit_link)).scalar_one()
    return int(records), int(links)
