"""The index for millions of 256-bit entries: immutable segments that processes share, and a live part.

A search looks at every part and takes no lock. What is added goes to the live part at once; a merge writes it
and smaller segments into a new one, beside everything else, and one assignment puts that in their place.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from safehold.model.errors import SegmentDamaged, SegmentNotWritten
from safehold.signals.index.base import Hit, checked_query
from safehold.signals.index.folder import (
    SEGMENT,
    Contents,
    contents_mark,
    read_contents,
    sweep,
    the_only_writer,
    write_contents,
)
from safehold.signals.index.rows import Bytes, EntryRows, LiveRows, id_rows, sortable
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import check_segment, parts_for, write_segment
from safehold.signals.reference_search import MOST_THREADS, ROW_BYTES

MERGE_FROM = 1 << 16
"""Entries in memory from which on a merge is worth its while: comparing with so many takes some 20 us."""

_LARGER = 4
"""A segment is merged with what is newer unless so many times larger: few stay, and few are copied."""

_MOST_GONE = 8
"""A segment is written anew when more than one in so many of its rows is gone."""

_EACH_THREAD = 64
"""Values that are worth a thread of their own: to start one takes as long as to compare one or two."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that has begun: what goes into it, and what of that was gone at that moment."""

    chosen: tuple[EntryRows, ...]
    gone: tuple[NDArray[np.bool_], ...]
    covers: Mapping[str, int]
    heads: Mapping[str, str]


class SegmentedIndex:
    """Entries with values of up to 32 bytes: a `SignalIndex` over a folder, which several processes may open.

    Adding, removing and beginning a merge are for one thread at a time; finishing a merge is for any other.
    The folder holds what was merged; what is newer the caller adds again after a start, from where `covers`
    says. An id that was removed is not used again.
    """

    def __init__(self, folder: Path, width: int = ROW_BYTES, *, merge_from: int = MERGE_FROM) -> None:
        """Open what the folder holds, which may be nothing.

        width: of a value, 1 to 32 bytes. merge_from: how many entries in memory are worth a merge.
        Raises SegmentDamaged where a file is not what was written; `folder.discard` makes room to build anew.
        """
        self._folder = folder
        self._width = width
        self._merge_from = merge_from
        self._contents = Contents()
        self._seen: bytes | None = None
        self._changing = threading.Lock()
        self._merging: Merge | None = None
        self._live = LiveRows()
        self._parts: tuple[EntryRows, ...] = (self._live,)
        self.adopt()

    @property
    def covers(self) -> Mapping[str, int]:
        """What the caller said, when it began the last merge, of what is in the index."""
        return self._contents.covers

    @property
    def heads(self) -> Mapping[str, str]:
        """What the caller called those changes when it began that merge."""
        return self._contents.heads

    @property
    def counts(self) -> Mapping[int, int]:
        """How many entries there are with each tag."""
        total: Counter[int] = Counter()
        for part in self._parts:
            total.update(part.counts)
        return total

    @property
    def merge_is_due(self) -> bool:
        """Whether so much is in memory that a merge is worth its while, and none is under way."""
        return self._merging is None and len(self._live) >= self._merge_from

    def __len__(self) -> int:
        """Return how many entries are in the index."""
        return sum(len(part) - int(np.count_nonzero(part.gone[: len(part)])) for part in self._parts)

    def holds(self, ids: Sequence[UUID]) -> list[bool]:
        """Return for each id whether it is in the index."""
        return [bool(held) for held in self._held(id_rows(ids))]

    def holds_rows(self, ids: Bytes) -> NDArray[np.bool_]:
        """Return the same for ids in rows of 16 bytes."""
        return self._held(ids)

    def add(self, ids: Sequence[UUID], values: NDArray[np.uint8], tag: int = 0) -> None:
        """Add entries: see `SignalIndex.add`."""
        if values.dtype != np.uint8 or values.shape != (len(ids), self._width):
            raise ValueError(f"expected {len(ids)} rows of {self._width} unsigned bytes")
        self.add_rows(id_rows(ids), values, tag)

    def add_rows(self, ids: Bytes, values: Bytes, tag: int) -> None:
        """Add entries with one tag. ids: rows of 16 bytes; values: as many, of this index's width.

        Raises ValueError, and changes nothing, for an id that is in the index already or comes twice.
        """
        if len(np.unique(sortable(ids))) != len(ids):
            raise ValueError("an id comes twice")
        with self._changing:
            if self._held(ids).any():
                raise ValueError("an id is in the index already")
            self._live.append(ids, self._full_rows(values), np.full(len(ids), tag, np.uint64))

    def remove(self, ids: Sequence[UUID]) -> None:
        """Remove entries: see `SignalIndex.remove`."""
        self.remove_rows(id_rows(ids))

    def remove_rows(self, ids: Bytes) -> None:
        """Remove entries by ids in rows of 16 bytes."""
        with self._changing:
            for part in self._parts:
                part.remove(ids)

    def remove_tagged(self, tag: int) -> None:
        """Remove every entry with a tag: see `SignalIndex.remove_tagged`."""
        with self._changing:
            for part in self._parts:
                part.drop(part.tagged(tag))

    def search(self, value: bytes, max_distance: int) -> list[Hit]:
        """Return the entries within max_distance bits: see `SignalIndex.search`."""
        checked_query(value, max_distance, self._width)
        return self.search_many(np.frombuffer(value, np.uint8).reshape(1, -1), max_distance)[0]

    def search_many(
        self, values: Bytes, max_distance: int, threads: int | None = None, beyond: int = 0
    ) -> list[list[Hit]]:
        """Return for each row of values, (count, width), what `search` does; Python code runs meanwhile.

        threads: 1 to 256 to share them; None: a large batch has every core that this process may use.
        beyond: see `SignalIndex.search_many`. Raises ValueError for another shape or kind of number and for a
        negative distance.
        """
        if values.ndim != 2 or values.shape[1] != self._width:
            raise ValueError(f"expected rows of {self._width} bytes")
        if max_distance < 0:
            raise ValueError("expected max_distance of 0 or more")
        queries, max_distance = self._full_rows(values), min(max_distance, 8 * ROW_BYTES)
        threads = _threads_for(len(queries)) if threads is None else threads
        hits: list[list[Hit]] = [[] for _ in values]
        for part in self._parts:
            if not len(part):
                continue
            numbers, rows, distances = part.search(queries, max_distance, threads, beyond)
            if not len(rows):
                continue
            tags = part.tags(rows).tolist()
            found = zip(numbers.tolist(), part.ids[rows], distances.tolist(), tags, strict=True)
            for number, name, distance, tag in found:
                hits[number].append(Hit(UUID(bytes=name.tobytes()), distance, tag))
        return [sorted(each, key=_nearest) if each else each for each in hits]

    def begin_merge(
        self, covers: Mapping[str, int], *, heads: Mapping[str, str] | None = None, everything: bool = False
    ) -> Merge | None:
        """Set aside what will be merged, at once; what is added from now on goes to a new live part.

        covers: up to which number of each of the caller's sequences of changes (its lists, say) the index
        goes at this moment; numbers only grow, and no name is left out later. heads: what the caller calls
        these changes. everything: whatever the sizes.
        Returns None where a merge is under way; it is for `finish_merge`.
        """
        with self._changing:
            if self._merging is not None:
                return None
            chosen = tuple(self._parts) if everything else to_merge(self._parts)
            gone = tuple(part.gone[: len(part)].copy() for part in chosen)
            merge = Merge(chosen, gone, dict(covers), dict(heads or {}))
            self._merging = merge
            self._live = LiveRows()
            self._parts = (*self._parts, self._live)
            return merge

    def finish_merge(self, merge: Merge) -> bool:
        """Write the new segment, put it in place of what it was made from, and unlink what no longer counts.

        Takes seconds for millions; searches, adding and removing go on. Returns False, and nothing has
        changed, where another process is merging or has merged: `adopt` what it wrote. Raises
        SegmentNotWritten, for a full disk say, and SegmentDamaged where what was written, now or earlier,
        reads otherwise; then too every entry is still found, and a later merge takes them along.
        """
        try:
            with the_only_writer(self._folder) as alone:
                if not alone or self._merging is not merge or self._overtaken(merge):
                    return False
                try:
                    self._replace(merge, self._write(merge))
                finally:
                    # After a failure too: what was half done must not take up the little room there is.
                    sweep(self._folder)
                return True
        except OSError as error:
            raise SegmentNotWritten(f"A segment could not be written: {error.strerror}.") from error
        finally:
            if self._merging is merge:
                self._merging = None

    def adopt(self) -> bool:
        """Take over the segments that another process of this host has written since; say whether it did.

        What this process alone knows, added or removed, it still knows afterwards. Of what the other process
        knew earlier, this one may be told again: `holds` says which entries it has. Segments that do not
        cover what these do, of an index that is being built anew, are left alone. Raises SegmentDamaged.
        """
        mark = contents_mark(self._folder)
        if mark is not None and mark == self._seen:
            return False
        adopted = self._adopt()
        # Read before the contents: should they have been replaced in between, they are read once more.
        self._seen = mark
        return adopted

    def _adopt(self) -> bool:
        for attempts_left in (2, 1, 0):
            contents = read_contents(self._folder)
            if contents.generation == self._contents.generation or not contents.covers_all_of(self._contents):
                return False
            try:
                segments = [self._opened(name, rows) for name, rows in contents.removed.items()]
            except SegmentDamaged:
                # It may have been unlinked since the contents were read; then they have changed as well.
                if not attempts_left or read_contents(self._folder).generation == contents.generation:
                    raise
                continue
            self._take_over(segments, contents)
            return True
        return False

    def _overtaken(self, merge: Merge) -> bool:
        """Whether the folder is no longer what this index was opened from or wrote last.

        Where somebody has discarded all of it, a merge of everything may still be written.
        """
        generation = read_contents(self._folder).generation
        if generation == self._contents.generation:
            return False
        kept = [part for part in self._parts if isinstance(part, Segment) and part not in merge.chosen]
        return generation != "" or kept != []

    def _held(self, names: Bytes) -> NDArray[np.bool_]:
        held = np.zeros(len(names), np.bool_)
        for part in self._parts:
            held |= part.holds(names)
        return held

    def _write(self, merge: Merge) -> Segment | None:
        """Write what stays of the chosen parts into a segment; none where nothing does."""
        stays = [~gone for gone in merge.gone]
        ids = np.concatenate(
            [part.ids[: len(each)][each] for part, each in zip(merge.chosen, stays, strict=True)]
        )
        if not len(ids):
            return None
        # Ids grow with time and the chosen parts are sorted or nearly so: little is left to do for the sort.
        order = np.argsort(sortable(ids), kind="stable")
        ids = ids[order]
        values = np.concatenate([part.values[each] for part, each in zip(merge.chosen, stays, strict=True)])
        tags = np.concatenate(
            [part.tags(np.flatnonzero(each)) for part, each in zip(merge.chosen, stays, strict=True)]
        )
        path = self._folder / f"{uuid4().hex}{SEGMENT}"
        write_segment(path, ids, values[order], tags[order], parts_for(len(ids)))
        return Segment(path)

    def _replace(self, merge: Merge, segment: Segment | None) -> None:
        """Put the new segment in place, first on the disk, then for searches."""
        with self._changing:
            for part, gone in zip(merge.chosen, merge.gone, strict=True):
                since = part.gone[: len(gone)] & ~gone
                if segment is not None and since.any():
                    segment.remove(part.ids[: len(gone)][since])
            new = () if segment is None else (segment,)
            parts = (*new, *(part for part in self._parts if part not in merge.chosen))
            removed = {part.path.name: _numbers(part.gone) for part in parts if isinstance(part, Segment)}
            contents = Contents(uuid4().hex, merge.covers, removed, merge.heads)
            write_contents(self._folder, contents)
            self._contents, self._parts = contents, parts

    def check(self) -> None:
        """Read every segment whole again, beside everything. Raises SegmentDamaged for one that went bad.

        A disk may lose what was right when the segment was mapped; and most processes map what another has
        read (see `checked`).
        """
        for part in self._parts:
            if not isinstance(part, Segment):
                continue
            try:
                check_segment(part.path)
            except SegmentDamaged:
                if part.path.exists():  # else a merge has unlinked it, and what is mapped stays
                    raise

    def _full_rows(self, values: Bytes) -> Bytes:
        """Return the values as rows of 32 bytes. The zeros behind shorter ones add nothing to a distance."""
        values = np.ascontiguousarray(values)
        if self._width == ROW_BYTES:
            return values
        return np.pad(values, ((0, 0), (0, ROW_BYTES - self._width)))

    def _opened(self, name: str, removed: Sequence[int]) -> Segment:
        segment = Segment(self._folder / name)
        if any(not 0 <= row < len(segment) for row in removed):
            raise SegmentDamaged("The contents of an index name rows that its segment does not have.")
        segment.drop(np.array(removed, np.int64))
        return segment

    def _take_over(self, segments: Sequence[Segment], contents: Contents) -> None:
        """Exchange the segments, keeping in memory what they do not hold, and gone what is gone here."""
        with self._changing:
            live = LiveRows()
            for part in self._parts:
                count = len(part)
                gone = part.gone[:count]
                for segment in segments:
                    segment.remove(part.ids[:count][gone])
                if not isinstance(part, Segment):
                    news = ~gone
                    for segment in segments:
                        news &= segment.find(part.ids[:count]) == -1
                    live.append(part.ids[:count][news], part.values[news], part.tags(np.flatnonzero(news)))
            self._merging = None
            self._contents, self._live, self._parts = contents, live, (*segments, live)


def _threads_for(values: int) -> int:
    return max(1, min(values // _EACH_THREAD, len(os.sched_getaffinity(0)), MOST_THREADS))


def _nearest(hit: Hit) -> tuple[int, UUID]:
    return hit.distance, hit.entry_id


def to_merge(parts: Sequence[EntryRows]) -> tuple[EntryRows, ...]:
    """Return what to merge: all that is in memory, and segments that are small beside it or full of holes."""
    chosen = [part for part in parts if not isinstance(part, Segment)]
    size = sum(map(len, chosen))
    segments = [part for part in parts if isinstance(part, Segment)]
    for segment in sorted(segments, key=len):
        holes = int(np.count_nonzero(segment.gone))
        if len(segment) <= _LARGER * size or holes * _MOST_GONE > len(segment):
            chosen.append(segment)
            size += len(segment)
    return tuple(chosen)


def _numbers(gone: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(gone).tolist())
