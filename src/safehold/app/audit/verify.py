"""Reading the chain from its start and saying where it is not what was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from safehold.app.audit.anchors.base import Anchor, Head
from safehold.app.audit.chain import FIRST, link_hash
from safehold.app.audit.claims import Asked, Claim, ask, brought
from safehold.storage import anchors as anchor_rows
from safehold.storage import audit as rows
from safehold.storage.audit import StoredRecord, personal_digest
from safehold.storage.database import Database, Tx


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the log is not what was written. seq: the link; None for a record off the chain."""

    seq: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found.

    links: how many were read. waiting: committed records that no sequencer has put on the chain yet.
    breaks: every place that does not fit. oldest_unanchored: the oldest record after the last head that
    was found outside and fits; from there on, whoever owns the database could rewrite the chain. A head of
    which only our own records say that it was set down does not count.
    erased: records whose personal side row was erased, which the chain allows; None where this process
    may not read those rows, and so has not compared them. anchors: how each fares.
    """

    links: int
    waiting: int
    erased: int | None
    breaks: tuple[Break, ...]
    oldest_unanchored: datetime | None
    head: bytes
    anchors: tuple[Asked, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing was found out of place."""
        return not self.breaks


def verify(database: Database, *, anchors: Sequence[Anchor] = (), heads: Sequence[Head] = ()) -> Verdict:
    """Read the whole chain, recompute every hash, and compare it with what was set down outside.

    anchors: those that are asked; their receipts are checked and what they hold is read, before the
    chain is. heads: brought along from elsewhere, such as one out of a mail. The heads that our own
    records say were set down are compared in any case.
    """
    with database.begin() as tx:
        stored = anchor_rows.all_anchors(tx)
    asked, claims = ask(stored, anchors)
    with database.begin() as tx:
        reading = _Reading(_by_link([*claims, *brought(heads)]))
        for record in chain.from_iterable(rows.whole_chain(tx)):
            reading.take(record)
        reading.close()
        breaks = reading.breaks
        breaks.extend(
            Break(seq, f"anchor {each.name}: {what}") for each in asked for seq, what in each.differences
        )
        erased = _check_personal(tx, breaks) if rows.may_read_personal(tx) else None
        # Counted last: what is on the chain by then was a record before.
        records, _ = rows.counts(tx)
    return Verdict(
        links=reading.links,
        waiting=records - reading.links,
        erased=erased,
        breaks=tuple(breaks),
        oldest_unanchored=reading.oldest_unanchored,
        head=reading.previous,
        anchors=tuple(asked),
    )


@dataclass(slots=True)
class _Reading:
    """The chain as far as it has been read, and the claims about links that are still to come."""

    claims: dict[int, list[Claim]]
    links: int = 0
    previous: bytes = FIRST
    oldest_unanchored: datetime | None = None
    breaks: list[Break] = field(default_factory=list)

    def take(self, record: StoredRecord) -> None:
        """Check the next link and the claims about it."""
        self.links += 1
        self.oldest_unanchored = self.oldest_unanchored or record.at
        self.breaks.extend(_check_link(record, expected_seq=self.links, previous=self.previous))
        self.previous = record.hash or self.previous
        seq = record.seq or 0
        digest = link_hash(record, seq=seq, previous=record.previous or FIRST)
        for claim in self.claims.pop(seq, ()):
            if not claim.fits(seq, digest):
                self.breaks.append(Break(seq, f"it is not the link that {claim.source} keeps"))
            elif claim.is_outside:
                self.oldest_unanchored = None

    def close(self) -> None:
        """Report the claims about links that are not there."""
        for seq, missing in sorted(self.claims.items()):
            self.breaks.extend(Break(seq, f"it is missing, and {claim.source} keeps it") for claim in missing)


def _by_link(all_claims: Sequence[Claim]) -> dict[int, list[Claim]]:
    found: Mapping[int, list[Claim]] = defaultdict(list)
    for claim in all_claims:
        found[claim.seq].append(claim)
    return dict(found)


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
    for batch in rows.whole_chain(tx):
        with_personal = [record for record in batch if record.personal_digest is not None]
        kept = rows.personal_rows(tx, [record.id for record in with_personal])
        for record in with_personal:
            data = kept.get(record.id)
            if data is None:
                erased += 1
            elif personal_digest(data) != record.personal_digest:
                breaks.append(Break(record.seq, "its personal side row was changed"))
    return erased
