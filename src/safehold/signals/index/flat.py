"""Range search by comparing with every entry: exact, simple, and quick enough up to some 100,000 entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safehold.signals import kernels
from safehold.signals.index.base import Hit, checked_batch, checked_queries, checked_query

_SMALLEST_CAPACITY = 64


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What a search looks at. Row k of `values` belongs to ids[k]; `ids` and `tags` may already be longer."""

    values: NDArray[np.uint8]
    ids: list[UUID]
    tags: list[int]


class FlatIndex:
    """Entries in one table. A search sees all of a batch or nothing of it.

    The writer fills rows that no snapshot covers yet, then puts a new snapshot in place with one
    assignment; a search keeps the snapshot that it began with. Removing copies the rows that stay.
    """

    def __init__(self, width: int) -> None:
        """Make an empty index for digests of `width` bytes, 1 to 8191."""
        self._width = width
        self._room = np.empty((_SMALLEST_CAPACITY, width), dtype=np.uint8)
        self._row_of: dict[UUID, int] = {}
        self._snapshot = _Snapshot(self._room[:0], [], [])
        self._counts: Counter[int] = Counter()

    def __len__(self) -> int:
        """Return how many entries are in the index."""
        return len(self._snapshot.values)

    @property
    def counts(self) -> Mapping[int, int]:
        """How many entries there are with each tag."""
        return self._counts

    def holds(self, ids: Sequence[UUID]) -> list[bool]:
        """Return for each id whether it is in the index."""
        return [one in self._row_of for one in ids]

    def add(self, ids: Sequence[UUID], values: NDArray[np.uint8], tag: int = 0) -> None:
        """Add entries: see `SignalIndex.add`. Takes time for the batch only, save for an occasional copy."""
        batch = checked_batch(ids, values, present=self._row_of, width=self._width)
        count = len(self)
        self._make_room(count + len(ids))
        self._room[count : count + len(ids)] = batch
        known, tags = self._snapshot.ids, self._snapshot.tags
        known.extend(ids)
        tags.extend([tag] * len(ids))
        self._row_of.update(zip(ids, range(count, count + len(ids)), strict=True))
        self._counts = self._counts + Counter({tag: len(ids)})
        self._snapshot = _Snapshot(self._room[: count + len(ids)], known, tags)

    def remove(self, ids: Sequence[UUID]) -> None:
        """Remove entries: see `SignalIndex.remove`. Takes time for the whole index."""
        self._drop([self._row_of[one] for one in set(ids) if one in self._row_of])

    def remove_tagged(self, tag: int) -> None:
        """Remove every entry with a tag."""
        self._drop([row for row in self._row_of.values() if self._snapshot.tags[row] == tag])

    def _drop(self, rows: Sequence[int]) -> None:
        if not rows:
            return
        before = self._snapshot
        stays = np.ones(len(before.values), dtype=bool)
        stays[rows] = False
        kept = [before.ids[row] for row in np.flatnonzero(stays)]
        tags = [before.tags[row] for row in np.flatnonzero(stays)]
        self._counts = self._counts - Counter(before.tags[row] for row in rows)
        self._room = before.values[stays]
        self._row_of = {one: row for row, one in enumerate(kept)}
        self._snapshot = _Snapshot(self._room, kept, tags)

    def search(self, value: bytes, max_distance: int) -> list[Hit]:
        """Return the entries within max_distance bits: see `SignalIndex.search`."""
        checked_query(value, max_distance, self._width)
        snapshot = self._snapshot
        rows, distances = kernels.hamming_scan(value, snapshot.values, max_distance)
        hits = [
            Hit(snapshot.ids[row], distance, snapshot.tags[row])
            for row, distance in zip(rows.tolist(), distances.tolist(), strict=True)
        ]
        return sorted(hits, key=lambda hit: (hit.distance, hit.entry_id))

    def search_many(
        self, values: NDArray[np.uint8], max_distance: int, *, beyond: int = 0
    ) -> list[list[Hit]]:
        """Return for each row what `search` does: see `SignalIndex.search_many`."""
        queries = checked_queries(values, self._width)
        return [self.search(value, max_distance + beyond) for value in queries]

    def _make_room(self, count: int) -> None:
        """Move to a larger table where `count` rows do not fit; the old one stays with its readers."""
        if count <= len(self._room):
            return
        room = np.empty((max(count, 2 * len(self._room), _SMALLEST_CAPACITY), self._width), dtype=np.uint8)
        room[: len(self)] = self._snapshot.values
        self._room = room
