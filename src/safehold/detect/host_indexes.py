"""The entries in files that all processes of a host have mapped, and that the next process finds again.

Signal types whose values have at most 32 bytes have a folder each. Everything in it comes from the database
and can be thrown away: where it is damaged, or belongs to another history of the lists (the database was
restored), it is thrown away, and the lists are read anew.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import numpy as np
import structlog

from safehold.detect.entry_indexes import (
    AnotherHistory,
    EntryIndexes,
    Position,
    Positions,
    SignalTypes,
    Stretch,
    Words,
    tag_of,
)
from safehold.model.errors import Damaged, SegmentDamaged, SegmentNotWritten
from safehold.model.hash_list import HashList
from safehold.model.ids import EntryId, ListId
from safehold.model.signal import SignalTypeName
from safehold.signals.index import SegmentedIndex, index_for
from safehold.signals.index.folder import discard
from safehold.signals.index.segmented import MERGE_FROM, Merge
from safehold.storage import entry_blocks
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database, Tx
from safehold.storage.entry_blocks import Block

WIDEST = 32
"""Bytes of the longest values that segments hold."""

STRETCH = 20_000
"""Changes of a list that are read at once: less than a megabyte of digests."""

log = structlog.get_logger()

Merges = Sequence[tuple[SignalTypeName, SegmentedIndex, Merge]]


def folder_of(folder: Path, kind: SignalTypeName) -> Path:
    """Return where the segments of a signal type are."""
    return folder / quote(kind, safe="")


def examine(kinds: SignalTypes, folder: Path) -> dict[SignalTypeName, int]:
    """Read everything in the folder; return how many entries of each signal type are in segments, if any are.

    Raises SegmentDamaged for what is not as it was written.
    """
    found: dict[SignalTypeName, int] = {}
    for name, kind in kinds.items():
        if folder_of(folder, name).is_dir():
            index = SegmentedIndex(folder_of(folder, name), kind.digest_bytes)
            index.check()
            found[name] = len(index)
    return {name: count for name, count in found.items() if count}


class HostIndexes(EntryIndexes):
    """`EntryIndexes` over a folder. What is said of an entry is asked of the database when it matched."""

    def __init__(
        self,
        kinds: SignalTypes,
        folder: Path,
        database: Database,
        *,
        merge_from: int = MERGE_FROM,
        when_damaged: Callable[[SignalTypeName], None] = lambda _: None,
    ) -> None:
        """Open what the folder holds. merge_from: how many entries in memory are worth a merge.

        when_damaged: called for each kind of which a file was damaged, before its entries are read anew; it
        is called again later where it raises DatabaseDown. Raises OSError where there can be no such folder.
        """
        self._merge_from = merge_from
        self._folder = folder
        self._database = database
        self._segmented: dict[SignalTypeName, SegmentedIndex] = {}
        self._unseen: set[SignalTypeName] = set()
        self._bad: set[SignalTypeName] = set()
        self._unwritten: set[SignalTypeName] = set()
        self._when_damaged = when_damaged
        self._untold: set[SignalTypeName] = set()
        self._damages: Counter[SignalTypeName] = Counter()
        self._merger: threading.Thread | None = None
        super().__init__(kinds)

    def start_over(self) -> None:
        """Forget everything but what the folder holds."""
        self.close()
        for name, kind in self.kinds.items():
            if kind.digest_bytes > WIDEST:
                self._indexes[name] = index_for(kind)
            else:
                self._open(name)

    def follow(self, tx: Tx, list_id: ListId, at: Position, up_to: int) -> Iterator[Stretch]:
        """Take in what changed on a list, asking once for each stretch: see `EntryIndexes.follow`."""
        entry_blocks.by_index(tx)
        for low in range(min(at.added, at.removed), up_to, STRETCH):
            high = min(low + STRETCH, up_to)
            added, removed = max(low, at.added), max(low, at.removed)
            news = entry_blocks.since(tx, list_id, added_after=added, removed_after=removed, up_to_seq=high)
            if at.head and removed == at.removed and news.before != at.head:
                raise AnotherHistory
            # Entries first that are there at the end of a stretch: what goes later is removed later.
            for block in news.added:
                self._add_block(list_id, block)
            if news.removed:
                self._remove_rows(news.removed)
            others = not news.types <= self.kinds.keys()
            yield Stretch(Position(max(at.added, high), high, news.head), others)

    def overtaken(self, tx: Tx, own: Positions, *, before_losing: Callable[[], None]) -> Positions:
        """Take over what another process of this host has merged: see `EntryIndexes.overtaken`.

        Where a kind's folder is damaged or of another history, its entries are gone afterwards, and the lists
        are to be read from their beginning.
        """
        adopted = {name for name, index in self._segmented.items() if self._adopts(name, index)}
        for name in tuple(self._untold):
            self._when_damaged(name)
            self._untold.discard(name)
        for name in (adopted | self._unseen) - self._bad:
            if not self._belongs(tx, self._segmented[name]):
                log.warning("index_of_another_history", signal_type=name)
                self._bad.add(name)
        if self._bad:
            before_losing()
            for name in list(self._bad):
                self._rebuild(name)
        if not adopted | self._unseen:
            return own
        self._keep_only(list_rows.in_use(tx))
        every = [self._view(name, name in adopted) for name in self._indexes]
        self._unseen.clear()
        lists = {ListId(UUID(name)) for view in every for name in view.covers}
        return {each: _joined(own.get(each), str(each), every) for each in lists | own.keys()}

    def tend(self, tx: Tx, positions: Positions) -> None:
        """Merge in the background what has gathered in memory: see `EntryIndexes.tend`."""
        if self._merger is not None and self._merger.is_alive():
            return
        whole = all(each.added == each.removed for each in positions.values())
        if not whole or not any(index.merge_is_due for index in self._segmented.values()):
            return
        known = {each: at for each, at in positions.items() if at.added}
        covers = {str(each): at.added for each, at in known.items()}
        heads = {str(each): list_rows.changed_at(tx, each, at.added) for each, at in known.items()}
        begun = [
            (name, index, merge)
            for name, index in self._segmented.items()
            if (merge := index.begin_merge({**index.covers, **covers}, heads={**index.heads, **heads}))
        ]
        self._merger = threading.Thread(target=self._finish, args=(begun,), name="index merge")
        self._merger.start()

    def check(self) -> None:
        """Read every mapped file again; what went bad is rebuilt when the lists next catch up."""
        for name, index in self._segmented.items():
            try:
                index.check()
            except SegmentDamaged as error:
                self._note_damage(name, error)

    @property
    def damaged(self) -> bool:
        """Whether something was found that has to be rebuilt."""
        return bool(self._bad)

    @property
    def unwritten(self) -> bool:
        """Whether the disk took no more of some kind when it was last tried."""
        return bool(self._unwritten)

    @property
    def damages(self) -> Mapping[SignalTypeName, int]:
        """How often files of each kind were found damaged since this process began."""
        return dict(self._damages)

    def close(self) -> None:
        """Wait for a merge that is under way."""
        if self._merger is not None:
            self._merger.join()

    def words(self, ids: Sequence[EntryId]) -> Mapping[EntryId, Words]:
        """Return what the database says of entries that are on their lists now. Raises DatabaseDown."""
        if not ids:
            return {}
        with self._database.begin() as tx:
            return {one: Words(*said) for one, said in list_rows.words_of(tx, ids).items()}

    def _note_words(self, entries: Sequence[object]) -> None:
        """Keep nothing: the database has it."""

    def _add_block(self, list_id: ListId, block: Block) -> None:
        kind = self.kinds.get(block.signal_type)
        if kind is None:
            return
        if set(block.widths) != {kind.digest_bytes}:
            raise Damaged(f"Entries of list {list_id} do not have the length of their signal type.")
        ids = np.frombuffer(block.ids, np.uint8).reshape(-1, entry_blocks.ID_BYTES)
        values = np.frombuffer(block.values, np.uint8).reshape(len(ids), kind.digest_bytes)
        index = self._segmented.get(block.signal_type)
        if index is not None:
            fresh = ~index.holds_rows(ids)
            index.add_rows(ids[fresh], values[fresh], tag_of(list_id))
        else:
            names = _names(block.ids)
            held = self._indexes[block.signal_type].holds(names)
            new = [one for one, is_held in zip(names, held, strict=True) if not is_held]
            self._indexes[block.signal_type].add(new, values[~np.array(held)], tag_of(list_id))

    def _remove_rows(self, ids: bytes) -> None:
        rows = np.frombuffer(ids, np.uint8).reshape(-1, entry_blocks.ID_BYTES)
        for name, index in self._indexes.items():
            if name in self._segmented:
                self._segmented[name].remove_rows(rows)
            else:
                index.remove(_names(ids))

    def _open(self, name: SignalTypeName) -> None:
        place = folder_of(self._folder, name)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        width = self.kinds[name].digest_bytes
        try:
            index = SegmentedIndex(place, width, merge_from=self._merge_from)
        except SegmentDamaged as error:
            self._note_damage(name, error)
            discard(place)
            index = SegmentedIndex(place, width, merge_from=self._merge_from)
        self._bad.discard(name)
        self._unseen.add(name)
        self._indexes[name] = self._segmented[name] = index

    def _adopts(self, name: SignalTypeName, index: SegmentedIndex) -> bool:
        """Take over what was merged, where it is whole; say whether there was anything."""
        try:
            return index.adopt()
        except SegmentDamaged as error:
            self._note_damage(name, error)
            return False

    def _view(self, name: SignalTypeName, adopted: bool) -> _View:
        if name not in self._segmented:
            return _View({}, told=True, merged=False)
        index = self._segmented[name]
        return _View(index.covers, told=name not in self._unseen, merged=adopted or name in self._unseen)

    def _keep_only(self, lists: Sequence[HashList]) -> None:
        """Remove the entries of lists that were withdrawn while this process did not look.

        lists: those in use, read after the segments: an entry in them is of no younger list.
        """
        tags = {tag_of(each.id) for each in lists}
        for index in self._segmented.values():
            for tag in index.counts.keys() - tags:
                index.remove_tagged(tag)

    def _rebuild(self, name: SignalTypeName) -> None:
        """Throw away what there is of a signal type."""
        self.close()
        discard(folder_of(self._folder, name))
        self._open(name)

    def _belongs(self, tx: Tx, index: SegmentedIndex) -> bool:
        """Say whether the lists have the history that the index was made of."""
        return all(
            list_rows.changed_at(tx, ListId(UUID(name)), number) == index.heads.get(name)
            for name, number in index.covers.items()
        )

    def _finish(self, begun: Merges) -> None:
        for name, index, merge in begun:
            try:
                if index.finish_merge(merge):
                    self._unwritten.discard(name)
            except SegmentDamaged as error:
                self._note_damage(name, error)
            except SegmentNotWritten as error:
                # Everything stays in memory, and the next merge tries again.
                self._unwritten.add(name)
                log.error("index_not_written", signal_type=name, code=error.code)

    def _note_damage(self, name: SignalTypeName, error: SegmentDamaged) -> None:
        self._bad.add(name)
        self._untold.add(name)
        self._damages[name] += 1
        log.error("index_damaged", signal_type=name, code=error.code)


def _names(ids: bytes) -> list[UUID]:
    width = entry_blocks.ID_BYTES
    return [UUID(bytes=ids[start : start + width]) for start in range(0, len(ids), width)]


@dataclass(frozen=True, slots=True)
class _View:
    """What an index knows. told: what this process was told. merged: what `covers` says, taken over now."""

    covers: Mapping[str, int]
    told: bool
    merged: bool

    def added(self, own: Position, name: str) -> int:
        """Up to which change no entry is missing: what was told and what was merged add up."""
        return max(own.added if self.told else 0, self.covers.get(name, 0) if self.merged else 0)

    def removed(self, own: Position | None, name: str) -> list[int]:
        """Up to which changes nothing is left that was taken off.

        What this process was told of may have been removed meanwhile by those who merged, who wrote down
        nothing about it, and the other way round: so the smaller of the two.
        """
        told = [own.removed] if self.told and own else []
        return told + ([self.covers.get(name, 0)] if self.merged else [])


def _joined(own: Position | None, name: str, every: Sequence[_View]) -> Position:
    """Return how far all indexes go together on one list."""
    told = own or Position()
    added = min(view.added(told, name) for view in every)
    removed = min([number for view in every for number in view.removed(own, name)], default=added)
    return Position(added, removed, told.head if added == removed == told.added else "")
