"""What others say the chain was: each claim is a link's number and the line that somebody keeps for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from safehold.app.audit.anchors.base import Anchor, Anchored, Head
from safehold.model.errors import SafeholdError
from safehold.storage.anchors import StoredAnchor


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody keeps this line for this link.

    is_outside: it was found outside just now. Otherwise a record of ours says that it was given away, which
    whoever owns the database could have written.
    """

    seq: int
    statement: bytes
    source: str
    is_outside: bool

    def fits(self, seq: int, digest: bytes) -> bool:
        """Say whether a link with this hash is the one that is claimed."""
        return self.statement == Head(seq, digest).statement()


@dataclass(slots=True)
class Asked:
    """How one anchor fares: how many heads it took, and what was found of them.

    heads: as our own records say. checked: how many of these were found outside, the newest of them being
    newest_seq. failure: code of the error when it could not be asked. is_declared: whether it was asked at
    all; of one that was not, the heads are compared with the chain and no receipt is checked. answers: see
    `Anchor`.
    """

    name: str
    kind: str
    heads: int = 0
    checked: int = 0
    newest_seq: int | None = None
    newest_at: datetime | None = None
    is_declared: bool = True
    answers: bool = True
    failure: str = ""
    differences: list[tuple[int, str]] = field(default_factory=list)


def brought(heads: Sequence[Head]) -> list[Claim]:
    """Return what is claimed by those who kept a head elsewhere and brought it along."""
    return [
        Claim(each.seq, each.statement(), "the head that was brought along", is_outside=True)
        for each in heads
    ]


def ask(stored: Sequence[StoredAnchor], anchors: Sequence[Anchor]) -> tuple[list[Asked], list[Claim]]:
    """Check every receipt with its anchor; return how each fares, and what our records and the places claim.

    An anchor that does not answer is reported with the code of its failure and keeps no other from being
    asked.
    """
    by_name: Mapping[str, Anchor] = {anchor.name: anchor for anchor in anchors}
    found = {name: Asked(name, each.kind, answers=each.answers) for name, each in by_name.items()}
    for each in stored:
        found.setdefault(each.name, Asked(each.name, each.kind, is_declared=False)).heads += 1
    claims: list[Claim] = []
    for asked in found.values():
        mine = [each for each in stored if each.name == asked.name]
        outside = set()
        if (anchor := by_name.get(asked.name)) is not None:
            outside = _found_outside(asked, [each for each in mine if each.kind == anchor.kind], anchor)
            claims.extend(_held(asked, anchor))
        source = f"anchor {asked.name}"
        claims.extend(
            Claim(each.seq, _head(each).statement(), source, is_outside=each.id in outside) for each in mine
        )
    return list(found.values()), claims


def _found_outside(asked: Asked, stored: Sequence[StoredAnchor], anchor: Anchor) -> set[UUID]:
    """Check what an anchor took, and return the records of what it was found to keep still."""
    found = set()
    try:
        for each in stored:
            difference = anchor.what_differs(Anchored(_head(each), each.at, each.receipt))
            if difference is not None:
                asked.differences.append((each.seq, difference))
            elif anchor.answers:
                found.add(each.id)
                asked.checked, asked.newest_seq, asked.newest_at = asked.checked + 1, each.seq, each.at
    except SafeholdError as error:
        asked.failure = error.code
    return found


def _held(asked: Asked, anchor: Anchor) -> Iterator[Claim]:
    """Yield what a place lists by itself, until it fails."""
    if asked.failure:
        return
    try:
        for seq, line in anchor.held():
            yield Claim(seq, line, f"anchor {asked.name} itself", is_outside=True)
    except SafeholdError as error:
        asked.failure = error.code


def _head(stored: StoredAnchor) -> Head:
    return Head(stored.seq, stored.head)
