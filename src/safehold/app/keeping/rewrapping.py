"""Wrapping every data key to a new pair, in batches, so that the old private key can be destroyed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from safehold.authorities.paper_keys import PAPER_KEYS
from safehold.evidence.object_keys import OBJECT_KEYS
from safehold.intake.contact_keys import CONTACT_KEYS
from safehold.intake.message_keys import MESSAGE_KEYS
from safehold.model.errors import VaultObjectDamaged
from safehold.model.ids import ObjectId
from safehold.storage.database import Database, Tx
from safehold.storage.wrapped_keys import WrappedKey, WrappedKeys
from safehold.vault.key_ring import KeyRing
from safehold.vault.sealing import OpeningKey, rewrap

BATCH = 200
ALL_KEYS = (OBJECT_KEYS, CONTACT_KEYS, PAPER_KEYS, MESSAGE_KEYS)
_log = structlog.get_logger()

Tell = Callable[[int, int], None]
"""Called with how many keys are done, and how many there were at the start."""


def no_word(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Rewrapped:
    """What a run did: how many keys it wrapped anew, how many are wrapped to another pair still.

    damaged: those among the latter that no private key of ours unwraps.
    """

    done: int = 0
    left: int = 0
    damaged: set[ObjectId] = field(default_factory=set)


def rewrap_all(database: Database, ring: KeyRing, target: OpeningKey, *, tell: Tell = no_word) -> Rewrapped:
    """Wrap every data key to `target` that is wrapped to another pair of the ring.

    Each batch is a transaction, and each key is unwrapped again before it replaces the old wrapping: killing
    the process at any point loses nothing, and the next run goes on. Goes over the records again until a
    pass finds nothing to do.
    """
    done = Rewrapped()
    total = _left(database, target)
    for table in ALL_KEYS:
        while _one_pass(database, table, ring, target, done, lambda number: tell(number, total)):
            pass
    done.left = _left(database, target)
    return done


def _left(database: Database, target: OpeningKey) -> int:
    with database.begin() as tx:
        return sum(number for pair, number in counted(tx).items() if pair != target.fingerprint)


def counted(tx: Tx) -> Counter[bytes]:
    """Return how many data keys are wrapped to each pair, by its fingerprint."""
    found: Counter[bytes] = Counter()
    for table in ALL_KEYS:
        found.update(table.counted(tx))
    return found


def _one_pass(
    database: Database,
    table: WrappedKeys,
    ring: KeyRing,
    target: OpeningKey,
    done: Rewrapped,
    tell: Callable[[int], None],
) -> int:
    """Go over the table once, and return how many keys were changed."""
    after: ObjectId | None = None
    before = done.done
    while True:
        with database.begin() as tx:
            found = table.others(tx, target.fingerprint, after, BATCH)
            changed = 0
            for one in found:
                new = _rewrapped(one, ring, target, done)
                changed += new is not None and table.replace(tx, one, new)
        # Only what was committed counts.
        done.done += changed
        if not found:
            return done.done - before
        after = found[-1].object_id
        tell(done.done)


def _rewrapped(one: WrappedKey, ring: KeyRing, target: OpeningKey, done: Rewrapped) -> bytes | None:
    if one.object_id in done.damaged:
        return None
    try:
        key = ring.key_for(one.wrapped, one.object_id)
        return rewrap(one.wrapped, key, target, object_id=one.object_id)
    except VaultObjectDamaged:
        _log.error("key_not_rewrapped", object_id=str(one.object_id))
        done.damaged.add(one.object_id)
        return None
