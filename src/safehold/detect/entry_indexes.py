"""The entries that searches find: one index for each signal type, and what is said of each entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from safehold.model.errors import Damaged
from safehold.model.hash_list import Entry
from safehold.model.ids import EntryId, ListId
from safehold.model.signal import SignalTypeName
from safehold.signals.base import SignalType
from safehold.signals.index import Hit, SignalIndex, index_for
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Tx

SignalTypes = Mapping[SignalTypeName, SignalType]
"""The signal types that are loaded, by name."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an index does not know of an entry."""

    category: str | None = None
    labels: tuple[str, ...] = ()


NO_WORDS = Words()
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Position:
    """How far the indexes follow a list.

    added: every entry that came up to this number and is still on the list is there. removed: what was taken
    off up to this number is not there; past it, only what the indexes were told. The two differ after
    something was taken over that went farther than this process, or not as far. head: the entry of the last
    change that was told, "" where none was; a list with another one there has another history.
    """

    added: int = 0
    removed: int = 0
    head: str = ""


Positions = Mapping[ListId, Position]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was taken in. at: how far that goes. others: whether entries of types that cannot be searched may
    be among what came or went.
    """

    at: Position
    others: bool


class AnotherHistory(Exception):
    """The list is not the one that was followed, for the database was restored. Nothing was taken in."""


def is_followed_on(tx: Tx, list_id: ListId, at: Position) -> bool:
    """Say whether what is loaded is a part of the list's history, as it is not after a restore."""
    return not at.head or list_rows.changed_at(tx, list_id, at.removed) == at.head


class EntryIndexes:
    """All entries in the memory of this process. One thread at a time changes them; searches take no lock."""

    def __init__(self, kinds: SignalTypes) -> None:
        """Hold nothing yet. kinds: what can be searched; entries of other types are passed over."""
        self.kinds = kinds
        self._indexes: dict[SignalTypeName, SignalIndex] = {}
        self._words: dict[EntryId, Words] = {}
        self._shared: dict[Words, Words] = {}
        self.start_over()

    def start_over(self) -> None:
        """Forget everything."""
        self._words = {}
        self._indexes = {name: index_for(kind) for name, kind in self.kinds.items()}

    def overtaken(self, tx: Tx, own: Positions, *, before_losing: Callable[[], None]) -> Positions:
        """Take over what others have done for this process; return how far the indexes go then.

        own: how far they went. Lists that it does not name are not known to this process yet. before_losing:
        called before anything is gone that has to be read anew.
        """
        return own

    def tend(self, tx: Tx, positions: Positions) -> None:
        """Do what keeps searches quick and starts short. positions: how far the indexes go now."""

    @property
    def damaged(self) -> bool:
        """Whether something was found that is built anew by `overtaken`."""
        return False

    @property
    def unwritten(self) -> bool:
        """Whether the disk took no more when it was last tried: everything is found, from memory alone."""
        return False

    @property
    def damages(self) -> Mapping[SignalTypeName, int]:
        """How often something of each kind was found damaged."""
        return {}

    def check(self) -> None:
        """Look whether what lies on the disk is still what was written."""

    def close(self) -> None:
        """Wait for what was begun."""

    def follow(self, tx: Tx, list_id: ListId, at: Position, up_to: int) -> Iterator[Stretch]:
        """Take in what changed on a list from a position to a change, stretch by stretch.

        Raises Damaged for a value that does not fit its signal type, and AnotherHistory where the position is
        none of this list; what was yielded is taken in.
        """
        if not is_followed_on(tx, list_id, at):
            raise AnotherHistory
        news = list_rows.changes(
            tx, list_id, after_seq=at.added, up_to_seq=up_to, removals_after=at.removed, batch=_BATCH
        )
        while batch := list(islice(news, _BATCH)):
            self.remove([change.entry_id for change in batch if change.entry is None])
            self.add(list_id, [change.entry for change in batch if change.entry is not None])
            yield Stretch(Position(max(at.added, batch[-1].seq), batch[-1].seq), others=True)
        head = list_rows.changed_at(tx, list_id, up_to)
        yield Stretch(Position(max(at.added, up_to), up_to, head), others=True)

    def add(self, list_id: ListId, entries: Sequence[Entry]) -> None:
        """Add entries of a list; those that are there already are passed over.

        Raises Damaged, having changed nothing, for a value that does not fit its signal type.
        """
        by_kind: dict[SignalTypeName, list[Entry]] = {}
        for entry in entries:
            if entry.signal_type in self.kinds:
                by_kind.setdefault(entry.signal_type, []).append(entry)
        # All tables first: where an entry is damaged, no index has changed.
        tables = {kind: _table(of_kind, self.kinds[kind]) for kind, of_kind in by_kind.items()}
        self._note_words(entries)
        for kind, values in tables.items():
            ids = [entry.id for entry in by_kind[kind]]
            fresh = [not held for held in self._indexes[kind].holds(ids)]
            new = [one for one, is_new in zip(ids, fresh, strict=True) if is_new]
            self._indexes[kind].add(new, values[fresh], tag_of(list_id))

    def remove(self, ids: Sequence[EntryId]) -> None:
        """Remove entries; those that are not there are passed over."""
        for index in self._indexes.values():
            index.remove(ids)
        for one in ids:
            self._words.pop(one, None)

    def forget(self, list_id: ListId) -> None:
        """Remove every entry of a list."""
        for index in self._indexes.values():
            index.remove_tagged(tag_of(list_id))

    def held(self, list_id: ListId) -> dict[SignalTypeName, int]:
        """Return how many entries of each signal type there are of a list, of those types that have any."""
        counts = {kind: index.counts.get(tag_of(list_id), 0) for kind, index in self._indexes.items()}
        return {kind: count for kind, count in counts.items() if count}

    def search_many(
        self, kind: SignalTypeName, values: Sequence[bytes], max_distance: int, beyond: int = 0
    ) -> list[list[Hit]]:
        """Return the entries within max_distance bits of each value, of which there is at least one.

        beyond: of those that lie so many bits farther, what the search sees anyway comes as well. Their tags
        are those of their lists: see `tag_of`.
        """
        table = np.frombuffer(b"".join(values), dtype=np.uint8).reshape(len(values), -1)
        return self._indexes[kind].search_many(table, max_distance, beyond=beyond)

    def words(self, ids: Sequence[EntryId]) -> Mapping[EntryId, Words]:
        """Return what is said of entries. One that is missing has been taken off its list meanwhile."""
        return {one: self._words.get(one, NO_WORDS) for one in ids}

    def _note_words(self, entries: Sequence[Entry]) -> None:
        """Keep what is said of entries, if anything is; the same words once for all that share them."""
        for entry in entries:
            if entry.category is not None or entry.labels:
                words = Words(entry.category, entry.labels)
                self._words[entry.id] = self._shared.setdefault(words, words)


def tag_of(list_id: ListId) -> int:
    """Return the number that stands for a list in an index: the half of its id that is random."""
    return list_id.int & (2**64 - 1)


def _table(entries: Sequence[Entry], kind: SignalType) -> NDArray[np.uint8]:
    for entry in entries:
        if len(entry.value) != kind.digest_bytes:
            raise Damaged(f"Entry {entry.id} does not have the length of its signal type.")
    joined = b"".join(entry.value for entry in entries)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(entries), kind.digest_bytes)
