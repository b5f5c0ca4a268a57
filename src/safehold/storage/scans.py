"""What is kept of scans: repeated requests, incomplete answers, and counters for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import KeyId, ScanId, new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, TextArray, Uuid, metadata, owned_by, writes

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key_id", sa.ForeignKey("api_key.id"), primary_key=True),
    sa.Column("idempotency_key", sa.Text, primary_key=True),
    # A keyed digest of the body: it tells a repeat from another request and nothing else.
    sa.Column("body_digest", sa.LargeBinary, nullable=False),
    sa.Column("answer", Json),
    sa.Column("started_at", Instant, nullable=False),
    sa.Index("ix_idempotency_started_at", "started_at"),
)

incomplete_scan = sa.Table(
    "incomplete_scan",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("key_id", sa.ForeignKey("api_key.id")),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("codes", TextArray, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_incomplete_scan_at", "at"),
)

scan_counter = sa.Table(
    "scan_counter",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("minute", Instant, nullable=False),
    sa.Column("key_id", Uuid),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("lists_version", sa.Text, nullable=False),
    sa.Column("scans", sa.BigInteger, nullable=False),
    sa.Column("sealed_by", sa.ForeignKey("audit_record.id")),
    sa.Index("ix_scan_counter_open", "minute", postgresql_where=sa.text("sealed_by is null")),
)

owned_by("app", idempotency, incomplete_scan, scan_counter)


@dataclass(frozen=True, slots=True)
class Repeat:
    """What is known of an earlier request with the same Idempotency-Key. answer: None while it runs."""

    body_digest: bytes
    answer: dict[str, Any] | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class CounterKey:
    """What scans are counted by: the minute of the answer, and who asked for what with which lists."""

    minute: datetime
    key_id: UUID | None
    surface: str
    result: str
    lists_version: str


@writes(idempotency)
def begin_request(
    tx: Tx, key_id: KeyId, idempotency_key: str, *, body_digest: bytes, now: datetime
) -> Repeat | None:
    """Take note of a request and return None, or return what is known of the same one before."""
    fresh = (
        insert(idempotency)
        .values(key_id=key_id, idempotency_key=idempotency_key, body_digest=body_digest, started_at=now)
        .on_conflict_do_nothing()
        .returning(idempotency.c.key_id)
    )
    if tx.run(fresh).first() is not None:
        return None
    row = tx.run(sa.select(idempotency).where(_is(key_id, idempotency_key)).with_for_update()).one()
    return Repeat(row.body_digest, row.answer, row.started_at)


@writes(idempotency)
def restart_request(tx: Tx, key_id: KeyId, idempotency_key: str, *, now: datetime) -> None:
    """Take over a request whose first attempt never ended."""
    tx.run(idempotency.update().where(_is(key_id, idempotency_key)).values(started_at=now))


@writes(idempotency)
def finish_request(
    tx: Tx, key_id: KeyId, idempotency_key: str, answer: dict[str, Any], *, body_digest: bytes, now: datetime
) -> dict[str, Any]:
    """Keep the answer of a request, so that a repeat gets the same one, and return the one that is kept.

    That is an earlier one where another attempt at the same request was quicker.
    """
    values = {"body_digest": body_digest, "answer": answer, "started_at": now}
    statement = insert(idempotency).values(key_id=key_id, idempotency_key=idempotency_key, **values)
    first = statement.on_conflict_do_update(
        index_elements=["key_id", "idempotency_key"],
        set_={"answer": statement.excluded.answer},
        where=idempotency.c.answer.is_(None),
    )
    if tx.run(first.returning(idempotency.c.key_id)).first() is not None:
        return answer
    kept = sa.select(idempotency.c.answer).where(_is(key_id, idempotency_key))
    return dict(tx.run(kept).scalar_one())


def answer_of(tx: Tx, key_id: KeyId, idempotency_key: str) -> dict[str, Any] | None:
    """Return the answer that is kept of a request, None when there is none."""
    kept = tx.run(sa.select(idempotency.c.answer).where(_is(key_id, idempotency_key))).scalar_one_or_none()
    return None if kept is None else dict(kept)


@writes(idempotency)
def forget_request(tx: Tx, key_id: KeyId, idempotency_key: str) -> None:
    """Forget a request that failed, so that it can be sent again; one that was answered is kept."""
    tx.run(idempotency.delete().where(_is(key_id, idempotency_key), idempotency.c.answer.is_(None)))


@writes(idempotency, incomplete_scan)
def delete_older(tx: Tx, *, requests_before: datetime, incomplete_before: datetime) -> int:
    """Remove what is no longer needed and return how many rows that were."""
    old_requests = idempotency.delete().where(idempotency.c.started_at < requests_before)
    old_scans = incomplete_scan.delete().where(incomplete_scan.c.at < incomplete_before)
    return tx.run(old_requests).rowcount + tx.run(old_scans).rowcount


@writes(incomplete_scan)
def insert_incomplete(
    tx: Tx, scan_id: ScanId, *, key_id: KeyId | None, surface: str, codes: tuple[str, ...], now: datetime
) -> None:
    """Keep that a scan was incomplete and why. Nothing of what was scanned is kept."""
    tx.run(
        incomplete_scan.insert().values(id=scan_id, key_id=key_id, surface=surface, codes=list(codes), at=now)
    )


@writes(scan_counter)
def add_counts(tx: Tx, counts: dict[CounterKey, int]) -> None:
    """Add rows of counted scans."""
    rows = [
        {
            "id": new_id(),
            "minute": key.minute,
            "key_id": key.key_id,
            "surface": key.surface,
            "result": key.result,
            "lists_version": key.lists_version,
            "scans": scans,
        }
        for key, scans in counts.items()
    ]
    if rows:
        tx.run(scan_counter.insert(), rows)


def unsealed_counts(tx: Tx, *, before: datetime) -> dict[CounterKey, tuple[int, list[UUID]]]:
    """Return each counter of minutes before an instant: its sum and the rows that make it up, locked."""
    statement = (
        sa.select(scan_counter)
        .where(scan_counter.c.sealed_by.is_(None) & (scan_counter.c.minute < before))
        .order_by(scan_counter.c.minute, scan_counter.c.id)
        .with_for_update(skip_locked=True)
        .limit(5000)
    )
    sums: dict[CounterKey, tuple[int, list[UUID]]] = {}
    for row in tx.run(statement):
        key = CounterKey(row.minute, row.key_id, row.surface, row.result, row.lists_version)
        total, ids = sums.get(key, (0, []))
        sums[key] = (total + row.scans, [*ids, row.id])
    return sums


@writes(scan_counter)
def seal_counts(tx: Tx, ids: list[UUID], *, record_id: UUID) -> None:
    """Note which audit record sealed these counters."""
    tx.run(scan_counter.update().where(scan_counter.c.id.in_(ids)).values(sealed_by=record_id))


def totals(tx: Tx) -> dict[tuple[str, str], int]:
    """Return how many scans were answered, by surface and result."""
    statement = sa.select(
        scan_counter.c.surface, scan_counter.c.result, sa.func.sum(scan_counter.c.scans).label("scans")
    ).group_by(scan_counter.c.surface, scan_counter.c.result)
    return {(row.surface, row.result): int(row.scans) for row in tx.run(statement)}


def sent_by(tx: Tx, key_id: KeyId, *, since: datetime) -> int:
    """Return how many scans of a key were answered in this minute and later, as far as they are counted."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(scan_counter.c.scans), 0)).where(
        scan_counter.c.key_id == key_id, scan_counter.c.minute >= since
    )
    return int(tx.run(statement).scalar_one())


def _is(key_id: KeyId, idempotency_key: str) -> sa.ColumnElement[bool]:
    return (idempotency.c.key_id == key_id) & (idempotency.c.idempotency_key == idempotency_key)


def incomplete_since(tx: Tx, code: str, since: datetime) -> bool:
    """Say whether a scan after an instant was incomplete for this reason."""
    found = sa.exists().where(incomplete_scan.c.at > since, incomplete_scan.c.codes.contains([code]))
    return bool(tx.run(sa.select(found)).scalar_one())
