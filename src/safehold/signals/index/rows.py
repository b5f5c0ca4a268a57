"""Entries of 256 bits in rows: what all parts of an index have in common, and the part in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safehold.signals import kernels
from safehold.signals.index.segment_file import ID_BYTES, Tags
from safehold.signals.reference_search import ROW_BYTES, Found

Bytes = NDArray[np.uint8]
RowNumbers = NDArray[np.int64]

_SMALLEST_CAPACITY = 64
_ABSENT = -1


def id_rows(ids: Sequence[UUID]) -> Bytes:
    """Return ids as rows of 16 bytes."""
    return np.frombuffer(b"".join(one.bytes for one in ids), np.uint8).reshape(-1, ID_BYTES)


def sortable(ids: Bytes) -> NDArray[np.bytes_]:
    """Return the same ids as a view that NumPy compares as a whole, byte by byte."""
    return ids.view(f"S{ID_BYTES}").reshape(-1)


class EntryRows(ABC):
    """Rows of values and ids, of which some are gone. A row never changes and never moves.

    values: (count, 32). ids: (count or more, 16). gone: for each row whether it was removed since. counts:
    how many rows that are not gone have each tag. Only one thread at a time adds and removes; searches take
    no lock.
    """

    values: Bytes
    ids: Bytes
    gone: NDArray[np.bool_]
    counts: Counter[int]

    @abstractmethod
    def find(self, wanted: Bytes) -> RowNumbers:
        """Return the row of each id, -1 where there is none. Rows that are gone may be found too."""

    @abstractmethod
    def tags(self, rows: RowNumbers) -> Tags:
        """Return the tag of each of these rows: a number that the caller gave each entry."""

    @abstractmethod
    def tagged(self, tag: int) -> RowNumbers:
        """Return the rows that have a tag. Rows that are gone are among them."""

    @abstractmethod
    def near(self, queries: Bytes, max_distance: int, threads: int, beyond: int = 0) -> Found:
        """Return every pair of query and row within max_distance, rows that are gone among them.

        beyond: see `SignalIndex.search_many`.
        """

    def __len__(self) -> int:
        """Return how many rows there are, with those that are gone."""
        return len(self.values)

    def search(self, queries: Bytes, max_distance: int, threads: int = 1, beyond: int = 0) -> Found:
        """Return every pair of query and row within max_distance bits, without rows that are gone.

        beyond: see `SignalIndex.search_many`.
        """
        numbers, rows, distances = found = self.near(queries, max_distance, threads, beyond)
        # Mostly nothing is near: then the search itself is nearly all that this takes.
        if not len(rows) or (stays := ~self.gone[rows]).all():
            return found
        return numbers[stays], rows[stays], distances[stays]

    def holds(self, wanted: Bytes) -> NDArray[np.bool_]:
        """Return for each id whether it is here and not gone."""
        rows = self.find(wanted)
        present: NDArray[np.bool_] = rows != _ABSENT
        present[present] = ~self.gone[rows[present]]
        return present

    def remove(self, wanted: Bytes) -> None:
        """Mark these ids as gone; those that are not here are passed over."""
        rows = self.find(wanted)
        self.drop(rows[rows != _ABSENT])

    def drop(self, rows: RowNumbers) -> None:
        """Mark rows as gone; those that were before are passed over."""
        fresh = np.unique(rows[~self.gone[rows]])
        self.gone[fresh] = True
        self.counts = self.counts - counted(self.tags(fresh))


def counted(tags: Tags) -> Counter[int]:
    """Return how often each tag comes."""
    different, counts = np.unique(tags, return_counts=True)
    return Counter(dict(zip(different.tolist(), counts.tolist(), strict=True)))


class LiveRows(EntryRows):
    """Entries in memory, added to at any time, searched by comparing with each.

    The writer fills rows beyond those that searches see, and shows a whole batch by one assignment.
    """

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._room = np.empty((_SMALLEST_CAPACITY, ROW_BYTES), np.uint8)
        self.ids = np.empty((_SMALLEST_CAPACITY, ID_BYTES), np.uint8)
        self.gone = np.zeros(_SMALLEST_CAPACITY, np.bool_)
        self.counts = Counter()
        self._tags = np.zeros(_SMALLEST_CAPACITY, np.uint64)
        self.values = self._room[:0]
        self._row_of: dict[bytes, int] = {}

    def append(self, ids: Bytes, values: Bytes, tags: Tags) -> None:
        """Add entries, none of which is here already, save for ids that are gone."""
        before, after = len(self), len(self) + len(ids)
        self._make_room(after)
        self._room[before:after] = values
        self.ids[before:after] = ids
        self._tags[before:after] = tags
        self._row_of.update(zip(map(bytes, ids), range(before, after), strict=True))
        self.counts = self.counts + counted(tags)
        self.values = self._room[:after]

    def tags(self, rows: RowNumbers) -> Tags:
        """Return the tags of rows: see `EntryRows.tags`."""
        return self._tags[rows]

    def tagged(self, tag: int) -> RowNumbers:
        """Return the rows with a tag: see `EntryRows.tagged`."""
        return np.flatnonzero(self._tags[: len(self)] == tag)

    def find(self, wanted: Bytes) -> RowNumbers:
        """Return the row of each id: see `EntryRows.find`."""
        rows = [self._row_of.get(bytes(one), _ABSENT) for one in wanted]
        return np.array(rows, np.int64)

    def near(self, queries: Bytes, max_distance: int, threads: int, beyond: int = 0) -> Found:
        """Return every pair that is near: see `EntryRows.near`."""
        return kernels.scan_rows(queries, self.values, max_distance + beyond, threads)

    def _make_room(self, wanted: int) -> None:
        """Move to larger arrays where so many rows do not fit; a search goes on with those it has."""
        if wanted <= len(self._room):
            return
        capacity = max(wanted, 2 * len(self._room))
        room = np.empty((capacity, ROW_BYTES), np.uint8)
        ids = np.empty((capacity, ID_BYTES), np.uint8)
        gone = np.zeros(capacity, np.bool_)
        tags = np.zeros(capacity, np.uint64)
        count = len(self)
        room[:count], ids[:count], gone[:count] = self.values, self.ids[:count], self.gone[:count]
        tags[:count] = self._tags[:count]
        self._room, self.ids, self.gone, self._tags = room, ids, gone, tags
