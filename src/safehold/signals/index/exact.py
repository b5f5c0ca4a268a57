"""Lookup of equal digests, for signal types where a near miss means nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safehold.signals.index.base import Hit, checked_batch, checked_queries, checked_query


class ExactIndex:
    """Entries by their digest. A distance above 0 is answered rightly too, by looking at every digest."""

    def __init__(self, width: int) -> None:
        """Make an empty index for digests of `width` bytes."""
        self._width = width
        self._value_of: dict[UUID, tuple[bytes, int]] = {}
        self._ids_of: dict[bytes, tuple[UUID, ...]] = {}
        self._counts: Counter[int] = Counter()

    def __len__(self) -> int:
        """Return how many entries are in the index."""
        return len(self._value_of)

    @property
    def counts(self) -> Mapping[int, int]:
        """How many entries there are with each tag."""
        return self._counts

    def holds(self, ids: Sequence[UUID]) -> list[bool]:
        """Return for each id whether it is in the index."""
        return [one in self._value_of for one in ids]

    def add(self, ids: Sequence[UUID], values: NDArray[np.uint8], tag: int = 0) -> None:
        """Add entries: see `SignalIndex.add`."""
        batch = checked_batch(ids, values, present=self._value_of, width=self._width)
        for one, row in zip(ids, batch, strict=True):
            value = row.tobytes()
            self._value_of[one] = (value, tag)
            self._ids_of[value] = (*self._ids_of.get(value, ()), one)
        self._counts = self._counts + Counter({tag: len(ids)})

    def remove(self, ids: Sequence[UUID]) -> None:
        """Remove entries: see `SignalIndex.remove`."""
        gone: Counter[int] = Counter()
        for one in ids:
            value, tag = self._value_of.pop(one, (None, 0))
            if value is None:
                continue
            gone[tag] += 1
            others = tuple(other for other in self._ids_of[value] if other != one)
            if others:
                self._ids_of[value] = others
            else:
                del self._ids_of[value]
        self._counts = self._counts - gone

    def remove_tagged(self, tag: int) -> None:
        """Remove every entry with a tag."""
        self.remove([one for one, (_, its_tag) in self._value_of.items() if its_tag == tag])

    def search(self, value: bytes, max_distance: int) -> list[Hit]:
        """Return the entries within max_distance bits: see `SignalIndex.search`."""
        checked_query(value, max_distance, self._width)
        # list() copies the keys in one step, so that a writer may go on meanwhile.
        values = [value] if max_distance == 0 else list(self._ids_of)
        wanted = int.from_bytes(value)
        hits = [
            Hit(one, distance, known[1])
            for other in values
            if (distance := (wanted ^ int.from_bytes(other)).bit_count()) <= max_distance
            for one in self._ids_of.get(other, ())
            if (known := self._value_of.get(one)) is not None
        ]
        return sorted(hits, key=lambda hit: (hit.distance, hit.entry_id))

    def search_many(
        self, values: NDArray[np.uint8], max_distance: int, *, beyond: int = 0
    ) -> list[list[Hit]]:
        """Return for each row what `search` does: see `SignalIndex.search_many`."""
        queries = checked_queries(values, self._width)
        return [self.search(value, max_distance + beyond) for value in queries]
