"""The one sequencer: it puts committed records on the chain, in batches, under one lock for all processes."""

from __future__ import annotations

from datetime import datetime

from safehold.app.audit.chain import FIRST, link_hash
from safehold.storage import audit as rows
from safehold.storage.database import Database, Tx

LOCK = "safehold audit sequencer"
BATCH = 500


def sequence(database: Database, *, now: datetime) -> int:
    """Put every committed record on the chain and return how many that were.

    Safe to run in many processes at once: whoever finds the lock taken does nothing.
    """
    linked = 0
    while True:
        with database.begin() as tx:
            if not tx.try_lock(LOCK):
                return linked
            batch = _link_batch(tx, now=now)
        linked += batch
        if batch < BATCH:
            return linked


def _link_batch(tx: Tx, *, now: datetime) -> int:
    seq, previous = rows.newest_link(tx) or (0, FIRST)
    records = rows.unlinked(tx, limit=BATCH)
    for record in records:
        seq += 1
        digest = link_hash(record, seq=seq, previous=previous)
        rows.link(tx, seq=seq, record_id=record.id, previous=previous, hash=digest, at=now)
        previous = digest
    return len(records)
