"""The audit log: records that any room appends, and the chain that one sequencer puts them on.

A record holds ids, policy labels and counts. Personal data goes to a side row with a random salt, and the
record keeps only the salted digest of it: erasing the side row leaves the chain whole and the digest mute.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
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
    statement = _linked(or_not=True).where(audit_link.c.seq.is_(None))
    return _records(tx, statement.order_by(audit_record.c.at, audit_record.c.id).limit(limit))


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


def whole_chain(tx: Tx, *, batch: int = 1000) -> Iterator[list[StoredRecord]]:
    """Yield every linked record in the order of the chain, in batches: no more than one is in memory."""
    after = 0
    while True:
        statement = _linked().where(audit_link.c.seq > after).order_by(audit_link.c.seq).limit(batch)
        records = _records(tx, statement)
        if not records:
            return
        after = records[-1].seq or after
        yield records


def newest(tx: Tx, *, limit: int, before: int | None = None) -> list[StoredRecord]:
    """Return linked records, newest first, those below the sequence number `before`."""
    statement = _linked().order_by(audit_link.c.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit_link.c.seq < before)
    return _records(tx, statement)


def of_object(tx: Tx, object: str) -> list[StoredRecord]:
    """Return every record of one object, oldest first, linked or not."""
    statement = _linked(or_not=True).where(audit_record.c.object == object)
    return _records(tx, statement.order_by(audit_record.c.at, audit_record.c.id))


def get(tx: Tx, record_id: UUID) -> StoredRecord | None:
    """Return one record, linked or not; None when there is none."""
    found = _records(tx, _linked(or_not=True).where(audit_record.c.id == record_id))
    return found[0] if found else None


def newest_of(tx: Tx, object: str, verb: str) -> datetime | None:
    """Return when something was last done to an object, linked or not; None when it never was."""
    statement = sa.select(sa.func.max(audit_record.c.at)).where(
        audit_record.c.object == object, audit_record.c.verb == verb
    )
    found: datetime | None = tx.run(statement).scalar_one()
    return found


def people_who(tx: Tx, verb: str, object: str, *, since: datetime, until: datetime) -> set[UUID]:
    """Return the people who did this to an object after since and by until, linked or not."""
    statement = (
        sa.select(audit_record.c.actor)
        .distinct()
        .where(
            audit_record.c.object == object,
            audit_record.c.verb == verb,
            audit_record.c.at > since,
            audit_record.c.at <= until,
            audit_record.c.actor.startswith("user:"),
        )
    )
    return {UUID(actor.removeprefix("user:")) for actor in tx.run(statement).scalars()}


def oldest_of(tx: Tx, object: str, verb: str) -> datetime | None:
    """Return when something was first done to an object, linked or not; None when it never was."""
    statement = sa.select(sa.func.min(audit_record.c.at)).where(
        audit_record.c.object == object, audit_record.c.verb == verb
    )
    found: datetime | None = tx.run(statement).scalar_one()
    return found


def may_read(tx: Tx) -> bool:
    """Say whether the role that this process connects as may read every record."""
    return bool(tx.run(sa.select(sa.func.has_table_privilege(audit_record.name, "select"))).scalar_one())


def may_read_personal(tx: Tx) -> bool:
    """Say whether the role that this process connects as may read personal side rows; no surface's may."""
    asked = sa.select(sa.func.has_table_privilege(audit_personal.name, "select"))
    return bool(tx.run(asked).scalar_one())


def personal_rows(tx: Tx, record_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the personal side rows of these records, by record."""
    statement = sa.select(audit_personal).where(audit_personal.c.record_id.in_(record_ids))
    return {row.record_id: dict(row.data) for row in tx.run(statement)}


def counts(tx: Tx) -> tuple[int, int]:
    """Return how many records there are, and how many of them are on the chain, both at one instant."""
    records, links = (
        sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in (audit_record, audit_link)
    )
    row = tx.run(sa.select(records.label("records"), links.label("links"))).one()
    return int(row.records), int(row.links)


def _linked(*, or_not: bool = False) -> sa.Select[Any]:
    """Records with their places on the chain; or_not: also those that have none yet."""
    columns = (audit_record, audit_link.c.seq, audit_link.c.previous, audit_link.c.hash)
    on_chain = audit_link.c.record_id == audit_record.c.id
    return sa.select(*columns).join(audit_link, on_chain, isouter=or_not)


def _records(tx: Tx, statement: sa.Select[Any]) -> list[StoredRecord]:
    return [StoredRecord(**row) for row in tx.run(statement).mappings()]
