"""Lookup of equal digests, for signal types where a near miss means nothing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safehold.signals.index.base import Hit, checked_batch, checked_query


class ExactIndex:
    """Entries by their digest. A distance above 0 is answered rightly too, by looking at every digest."""

    def __init__(self, width: int) -> None:
        """Make an empty index for digests of `width` bytes."""
        self._width = width
        self._value_of: dict[UUID, bytes] = {}
        self._ids_of: dict[bytes, tuple[UUID, ...]] = {}

    def __len__(self) -> int:
        """Return how many entries are in the index."""
        return len(self._value_of)

    def add(self, ids: Sequence[UUID], values: NDArray[np.uint8]) -> None:
        """Add entries: see `SignalIndex.add`."""
        batch = checked_batch(ids, values, present=self._value_of, width=self._width)
        for one, row in zip(ids, batch, strict=True):
            value = row.tobytes()
            self._value_of[one] = value
            self._ids_of[value] = (*self._ids_of.get(value, ()), one)

    def remove(self, ids: Sequence[UUID]) -> None:
        """Remove entries: see `SignalIndex.remove`."""
        for one in ids:
            value = self._value_of.pop(one, None)
            if value is None:
                continue
            others = tuple(other for other in self._ids_of[value] if other != one)
            if others:
                self._ids_of[value] = others
            else:
                del self._ids_of[value]

    def search(self, value: bytes, max_distance: int) -> list[Hit]:
        """Return the entries within max_distance bits: see `SignalIndex.search`."""
        checked_query(value, max_distance, self._width)
        # list() copies the keys in one step, so that a writer may go on meanwhile.
        values = [value] if max_distance == 0 else list(self._ids_of)
        wanted = int.from_bytes(value)
        hits = [
            Hit(one, distance)
            for other in values
            if (distance := (wanted ^ int.from_bytes(other)).bit_count()) <= max_distance
            for one in self._ids_of.get(other, ())
        ]
        return sorted(hits, key=lambda hit: (hit.distance, hit.entry_id))
