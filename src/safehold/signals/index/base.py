"""What every index over signals offers, so that its inner workings can change without its callers."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found near a digest; distance in differing bits."""

    entry_id: UUID
    distance: int


class SignalIndex(Protocol):
    """Entries of one signal type, searchable while one other thread changes them.

    A search takes no lock; while a batch is being added or removed it may see part of the batch, never
    half an entry. Adding and removing are for one thread at a time. Which entry belongs to which list, and
    how far that list may reach, is the caller's concern.
    """

    def __len__(self) -> int:
        """Return how many entries are in the index."""
        ...

    def add(self, ids: Sequence[UUID], values: NDArray[np.uint8]) -> None:
        """Add entries. values: (number of ids, digest bytes). Several ids may have the same value.

        Raises ValueError, and changes nothing, for values of another shape or kind of number, for an id
        that is in the index already, and for an id that comes twice.
        """
        ...

    def remove(self, ids: Sequence[UUID]) -> None:
        """Remove entries. Ids that are not in the index are passed over: removing twice is harmless."""
        ...

    def search(self, value: bytes, max_distance: int) -> list[Hit]:
        """Return the entries within max_distance bits (inclusive), the nearest first, then by id.

        Raises ValueError for a digest of another length or a negative distance.
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


def checked_query(value: bytes, max_distance: int, width: int) -> None:
    """Raise ValueError where `SignalIndex.search` says so."""
    if len(value) != width:
        raise ValueError(f"expected a digest of {width} bytes")
    if max_distance < 0:
        raise ValueError("expected max_distance of 0 or more")
