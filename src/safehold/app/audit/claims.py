"""What others say the chain was: each claim is a link's number and the line that somebody keeps for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from safehold.app.audit.anchors.base import Anchor, Anchored, Head
from safehold.model.errors import SafeholdError
from safehold.storage import anchors as rows
from safehold.storage.anchors import StoredAnchor
from safehold.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody keeps this line for this link. is_anchor: a record of ours says that it was given away."""

    seq: int
    statement: bytes
    source: str
    is_anchor: bool = False

    def fits(self, seq: int, digest: bytes) -> bool:
        """Say whether a link with this hash is the one that is claimed."""
        return self.statement == Head(seq, digest).statement()


@dataclass(slots=True)
class Asked:
    """How one anchor fares: how many heads it took and the newest of them, and what was found.

    failure: code of the error when it could not be asked. is_declared: whether the settings still name it;
    otherwise its heads are compared with the chain, and its receipts are not checked.
    """

    name: str
    kind: str
    heads: int = 0
    newest_seq: int | None = None
    newest_at: datetime | None = None
    is_declared: bool = True
    failure: str = ""
    differences: list[tuple[int, str]] = field(default_factory=list)


def recorded(tx: Tx) -> list[StoredAnchor]:
    """Return every head that was set down, as our own records say."""
    return rows.all_anchors(tx)


def claims(stored: Sequence[StoredAnchor], heads: Sequence[Head]) -> list[Claim]:
    """Return what our records of anchoring claim, and what was brought along from elsewhere."""
    return [
        *(Claim(each.seq, _head(each).statement(), f"anchor {each.name}", is_anchor=True) for each in stored),
        *(Claim(each.seq, each.statement(), "the head that was brought along") for each in heads),
    ]


def ask(stored: Sequence[StoredAnchor], anchors: Sequence[Anchor]) -> tuple[list[Asked], list[Claim]]:
    """Check every receipt with its anchor, and return how each fares and what the places claim themselves.

    An anchor that does not answer is reported with the code of its failure and keeps no other from being
    asked.
    """
    by_name: Mapping[str, Anchor] = {anchor.name: anchor for anchor in anchors}
    found: dict[str, Asked] = {name: Asked(name, anchor.kind) for name, anchor in by_name.items()}
    for each in stored:
        asked = found.setdefault(each.name, Asked(each.name, each.kind, is_declared=False))
        asked.heads += 1
        asked.newest_seq, asked.newest_at = each.seq, each.at
    held: list[Claim] = []
    for name, anchor in by_name.items():
        mine = [each for each in stored if each.name == name and each.kind == anchor.kind]
        try:
            found[name].differences.extend(_differences(mine, anchor))
            held.extend(Claim(seq, line, f"anchor {name} itself") for seq, line in anchor.held())
        except SafeholdError as error:
            found[name].failure = error.code
    return list(found.values()), held


def _differences(stored: Sequence[StoredAnchor], anchor: Anchor) -> Iterator[tuple[int, str]]:
    for each in stored:
        difference = anchor.what_differs(Anchored(_head(each), each.at, each.receipt))
        if difference is not None:
            yield each.seq, difference


def _head(stored: StoredAnchor) -> Head:
    return Head(stored.seq, stored.head)
