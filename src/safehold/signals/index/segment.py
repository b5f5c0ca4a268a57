"""An immutable part of an index: a file, mapped, searched by parts near by and row by row farther out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from safehold.signals import kernels
from safehold.signals.index.rows import Bytes, EntryRows, RowNumbers, sortable
from safehold.signals.index.segment_file import Tags, map_segment
from safehold.signals.reference_search import FARTHEST, Found


class Segment(EntryRows):
    """Entries in ascending order of their ids. Which of them are gone is known to this process only."""

    def __init__(self, path: Path) -> None:
        """Check and map the file; raise SegmentDamaged where `map_segment` does."""
        self.path = path
        self._mapped = map_segment(path)
        self.values = self._mapped.values
        self.ids = self._mapped.ids
        self.gone = np.zeros(len(self.values), np.bool_)
        tags, counts = self._mapped.tags.tolist(), self._mapped.counts.tolist()
        self.counts = Counter(dict(zip(tags, counts, strict=True)))

    def tags(self, rows: RowNumbers) -> Tags:
        """Return the tags of rows: see `EntryRows.tags`."""
        return self._mapped.tags[self._mapped.tag_of[rows]]

    def tagged(self, tag: int) -> RowNumbers:
        """Return the rows with a tag: see `EntryRows.tagged`."""
        numbers = np.flatnonzero(self._mapped.tags == tag)
        return np.flatnonzero(np.isin(self._mapped.tag_of, numbers))

    def find(self, wanted: Bytes) -> RowNumbers:
        """Return the row of each id: see `EntryRows.find`."""
        keys, names = sortable(self.ids), sortable(np.ascontiguousarray(wanted))
        rows = np.searchsorted(keys, names).astype(np.int64)
        rows[rows == len(keys)] = -1
        present = rows != -1
        present[present] = keys[rows[present]] == names[present]
        rows[~present] = -1
        return rows

    def near(self, queries: Bytes, max_distance: int, threads: int, beyond: int = 0) -> Found:
        """Return every pair that is near: see `EntryRows.near`."""
        if max_distance > FARTHEST:
            return kernels.scan_rows(queries, self.values, max_distance + beyond, threads)
        tables, parts = self._mapped.tables, self._mapped.parts
        return kernels.search_parts(queries, self.values, tables, parts, max_distance, threads, beyond=beyond)
