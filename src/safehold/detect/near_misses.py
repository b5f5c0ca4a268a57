"""Near misses: how far beyond the radius of a list what machines flagged lies, sought after the answer.

Of flagged items alone, from the fingerprints that are kept with them; of what was not flagged nothing is
here that could be sought. One pass over the lists serves all that wait. Nothing says which entry was near.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import numpy as np

from safehold.model.events import ItemFlagged
from safehold.model.hash_list import HashList, ListKind, Purpose
from safehold.model.ids import ItemId
from safehold.model.review_band import NEAR_BITS
from safehold.signals import kernels
from safehold.storage import hash_lists, near_misses
from safehold.storage.database import Tx

SOUGHT_AT_ONCE = 20
FRAMES = 100
"""Of a film so many fingerprints are compared at most, spread over its length."""
ENTRIES_AT_ONCE = 20_000
_BYTES = 32


def want(tx: Tx, event: ItemFlagged, *, now: datetime) -> None:
    """Handle item_flagged: have what is near it sought soon. Again changes nothing."""
    near_misses.want(tx, event.item_id, now=now)


def seek(tx: Tx, *, now: datetime, limit: int = SOUGHT_AT_ONCE) -> list[ItemId]:
    """Seek what is near the items that wait for it, at most `limit`; return those that something is near to.

    A rehearsal is compared with test lists, anything else with lists of csam: those of the queue in which it
    lies. It is done once for each; a crash in between has it done again.
    """
    wanted = near_misses.wanted(tx, limit=limit)
    if not wanted:
        return []
    by_item = _spread(near_misses.fingerprints(tx, wanted))
    found: dict[ItemId, int | None] = dict.fromkeys(wanted)
    for purpose, items in _by_purpose(wanted).items():
        values = {item_id: by_item[item_id] for item_id in items if item_id in by_item}
        found |= _nearest(tx, values, purpose)
    near_misses.put(tx, found, now=now)
    return [item_id for item_id, bits in found.items() if bits is not None]


def _by_purpose(wanted: Mapping[ItemId, bool]) -> dict[Purpose, list[ItemId]]:
    items: defaultdict[Purpose, list[ItemId]] = defaultdict(list)
    for item_id, rehearsal in wanted.items():
        items[Purpose.TEST if rehearsal else Purpose.CSAM].append(item_id)
    return items


def _spread(fingerprints: Sequence[tuple[ItemId, bytes]]) -> dict[ItemId, list[bytes]]:
    """Return the fingerprints by item, FRAMES of each at most, from its whole length."""
    every: defaultdict[ItemId, list[bytes]] = defaultdict(list)
    for item_id, value in fingerprints:
        every[item_id].append(value)
    return {
        item_id: [values[place * len(values) // FRAMES] for place in range(FRAMES)]
        if len(values) > FRAMES
        else values
        for item_id, values in every.items()
    }


def _nearest(tx: Tx, values: Mapping[ItemId, Collection[bytes]], purpose: Purpose) -> dict[ItemId, int]:
    """Return the fewest bits beyond a radius: 0 where a list knows it by now; left out where none is near."""
    whose = [item_id for item_id, each in values.items() for _ in each]
    if not whose:
        return {}
    queries = _rows(b"".join(value for each in values.values() for value in each))
    nearest: dict[ItemId, int] = {}
    for known in hash_lists.in_use(tx):
        if known.kind is not ListKind.HASH or known.purpose is not purpose:
            continue
        for number, beyond in _beyond(tx, known, queries):
            item_id = whose[number]
            nearest[item_id] = min(beyond, nearest.get(item_id, beyond))
    return nearest


def _beyond(tx: Tx, known: HashList, queries: np.ndarray) -> list[tuple[int, int]]:
    """Return the number of each query with the bits by which an entry near it is beyond the list's radius."""
    found = []
    for block in near_misses.listed(tx, known.id, at_once=ENTRIES_AT_ONCE):
        numbers, _, distances = kernels.scan_rows(queries, _rows(block), known.max_distance + NEAR_BITS, 1)
        found += [
            (number, max(0, distance - known.max_distance))
            for number, distance in zip(numbers.tolist(), distances.tolist(), strict=True)
        ]
    return found


def _rows(values: bytes) -> np.ndarray:
    return np.frombuffer(values, np.uint8).reshape(-1, _BYTES)
