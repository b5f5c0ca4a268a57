"""Reading the chain from its start and saying where it is not what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from safehold.app.audit.chain import FIRST, link_hash
from safehold.storage import audit as rows
from safehold.storage.audit import StoredRecord, personal_digest
from safehold.storage.database import Database, Tx

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the log is not what was written. seq: the link; None for a record off the chain."""

    seq: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found.

    links: how many were read. waiting: committed records that no sequencer has put on the chain yet.
    breaks: every place that does not fit, in order. oldest_unanchored: since when the log has no anchor
    outside this database; up to there, somebody who owns the database could rewrite the whole chain.
    erased: records whose personal side row was erased, which the chain allows.
    """

    links: int
    waiting: int
    erased: int
    breaks: tuple[Break, ...]
    oldest_unanchored: datetime | None
    head: bytes

    @property
    def intact(self) -> bool:
        """Whether nothing was found out of place."""
        return not self.breaks


def verify(database: Database) -> Verdict:
    """Read the whole chain and recompute every hash, in one snapshot of the database."""
    with database.begin() as tx:
        records, _ = rows.counts(tx)
        links = erased = 0
        previous, oldest = FIRST, None
        breaks: list[Break] = []
        for record in _links(tx):
            links += 1
            oldest = oldest or record.at
            breaks.extend(_check_link(record, expected_seq=links, previous=previous))
            previous = record.hash or previous
        erased = _check_personal(tx, breaks)
        return Verdict(links, records - links, erased, tuple(breaks), oldest, previous)


def _links(tx: Tx) -> Iterator[StoredRecord]:
    after = 0
    while batch := rows.chain(tx, after=after, limit=BATCH):
        yield from batch
        after = batch[-1].seq or after


def _check_link(record: StoredRecord, *, expected_seq: int, previous: bytes) -> Iterator[Break]:
    seq = record.seq or 0
    if seq != expected_seq:
        yield Break(seq, f"link {expected_seq} is missing")
    if record.previous != previous:
        yield Break(seq, "it does not follow the link before it")
    if record.hash != link_hash(record, seq=seq, previous=record.previous or FIRST):
        yield Break(seq, "its record was changed")


def _check_personal(tx: Tx, breaks: list[Break]) -> int:
    """Compare personal side rows with the digests in the chain; return how many were erased."""
    erased = 0
    for batch in _with_personal(tx):
        kept = rows.personal_rows(tx, [record.id for record in batch])
        for record in batch:
            data = kept.get(record.id)
            if data is None:
                erased += 1
            elif personal_digest(data) != record.personal_digest:
                breaks.append(Break(record.seq, "its personal side row was changed"))
    return erased


def _with_personal(tx: Tx) -> Iterator[list[StoredRecord]]:
    after = 0
    while batch := rows.chain(tx, after=after, limit=BATCH):
        yield [record for record in batch if record.personal_digest is not None]
        after = batch[-1].seq or after
