"""What every index over signals offers, so that its inner workings can change without its callers."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found near a digest; distance in differing bits; tag: what it was added with."""

    entry_id: UUID
    distance: int
    tag: int = 0


class SignalIndex(Protocol):
    """Entries of one signal type, searchable while one other thread changes them.

    A search takes no lock; while a batch is being added or removed it may see part of the batch, never
    half an entry. Adding and removing are for one thread at a time. Which entry belongs to which list, and
    how far that list may reach, is the caller's concern: it gives each entry a tag, a number below 2^64.
    """

    @property
    def counts(self) -> Mapping[int, int]:
        """How many entries there are with each tag that any has."""
        ...

    def __len__(self) -> int:
        """Return how many entries are in the index."""
        ...

    def holds(self, ids: Sequence[UUID]) -> list[bool]:
        """Return for each id whether it is in the index."""
        ...

    def add(self, ids: Sequence[UUID], values: NDArray[np.uint8], tag: int = 0) -> None:
        """Add entries with one tag. values: (number of ids, digest bytes). Several may have the same value.

        Raises ValueError, and changes nothing, for values of another shape or kind of number, for an id
        that is in the index already, and for an id that comes twice.
        """
        ...

    def remove(self, ids: Sequence[UUID]) -> None:
        """Remove entries. Ids that are not in the index are passed over: removing twice is harmless."""
        ...

    def remove_tagged(self, tag: int) -> None:
        """Remove every entry with a tag."""
        ...

    def search(self, value: bytes, max_distance: int) -> list[Hit]:
        """Return the entries within max_distance bits (inclusive), the nearest first, then by id.

        Raises ValueError for a digest of another length or a negative distance.
        """
        ...

    def search_many(
        self, values: NDArray[np.uint8], max_distance: int, *, beyond: int = 0
    ) -> list[list[Hit]]:
        """Return for each row of values, (count, digest bytes), what `search` does, in one call.

        beyond: of the entries that lie so many bits farther than max_distance, those come as well that the
        search saw anyway: most of them, at no further cost.
        Raises ValueError for another shape or kind of number and for a negative distance.
        """
        ...


def checked_batch(
    ids: Sequence[UUID], values: NDArray[np.uint8], *, present: Container[UUID], width: int
) -> NDArray[np.uint8]:
    """Return the values in C order; raise ValueError where `SignalIndex.add` says so."""
    if values.dtype != np.uint8 or values.shape != (len(ids), width):
        raise ValueError(f"expected {len(ids)} rows of {width} unsigned bytes")
    if len(set(ids)) != len(ids):
        raise ValueError("an id comes twice")
    if any(one in present for one in ids):
        raise ValueError("an id is in the index already")
    return np.ascontiguousarray(values)


def checked_queries(values: NDArray[np.uint8], width: int) -> list[bytes]:
    """Return the rows as digests; raise ValueError where `SignalIndex.search_many` says so."""
    if values.dtype != np.uint8 or values.ndim != 2 or values.shape[1] != width:
        raise ValueError(f"expected rows of {width} unsigned bytes")
    return [row.tobytes() for row in values]


def checked_query(value: bytes, max_distance: int, width: int) -> None:
    """Raise ValueError where `SignalIndex.search` says so."""
    if len(value) != width:
        raise ValueError(f"expected a digest of {width} bytes")
    if max_distance < 0:
        raise ValueError("expected max_distance of 0 or more")
