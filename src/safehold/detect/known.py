"""What is known, in memory: the lists and one index per signal type, kept up to date from the database.

What lies near an input on them is for `looking`.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from safehold.detect.current_lists import CurrentLists, Shown
from safehold.detect.entry_indexes import AnotherHistory, EntryIndexes, Position, SignalTypes, is_followed_on
from safehold.detect.looking import LoadedList, Looked, Search
from safehold.model.hash_list import Entry, HashList, ListKind
from safehold.model.ids import ListId
from safehold.model.signal import Signal, SignalTypeName
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Tx

__all__ = ["LATE_AFTER", "Asked", "KnownLists", "LoadedList", "Looked", "SignalTypes", "in_use"]

LATE_AFTER = 2.0
"""Seconds that a list may be behind the database before scans say so."""

_CHUNK = 200_000
"""Changes that are asked for at once; between two chunks, what another process has merged is taken over."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the lists ask of whoever makes signals for them. turned: those of the turned picture, too."""

    exact: bool = False
    turned: bool = False


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What is loaded of a list: up to which change, and how many entries of each signal type.

    others: how many there are of types that are not loaded; None where nobody has counted yet.
    """

    last_seq: int = 0
    held: Mapping[SignalTypeName, int] = field(default_factory=dict)
    others: Mapping[SignalTypeName, int] | None = None


class KnownLists:
    """The lists that inputs are compared with.

    Searching takes no lock and never waits; one thread at a time brings the lists up to date. A search
    during a refresh sees a part of what is new, and all of what was there before.
    """

    def __init__(
        self,
        kinds: SignalTypes,
        indexes: EntryIndexes | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nothing yet. kinds: what can be searched; entries of other types are only counted.

        indexes: where entries are kept, for the same kinds; None: in the memory of this process. monotonic:
        in seconds, to tell for how long a list has been behind.
        """
        self.kinds = kinds
        self._monotonic = monotonic
        self._indexes = EntryIndexes(kinds) if indexes is None else indexes
        self._search = Search(kinds, self._indexes)
        self._positions: dict[ListId, Position] = {}
        self._declared: Mapping[ListId, HashList] = {}
        self._loaded: dict[ListId, _Loaded] = {}
        self._behind_since: dict[ListId, float] = {}
        self._snapshot: Mapping[ListId, LoadedList] = {}
        self._version = _version_of(self._snapshot)
        self._shown: dict[bool, Shown] = {}
        self._closing = False
        self._publishing = threading.Lock()
        self._writing = threading.Lock()

    @classmethod
    def from_entries(cls, kinds: SignalTypes, hash_list: HashList, entries: Iterable[Entry]) -> KnownLists:
        """Return the lists of one file, without a database; `load` adds the next."""
        known = cls(kinds)
        known.load(hash_list, entries)
        return known

    def load(self, hash_list: HashList, entries: Iterable[Entry]) -> None:
        """Add a list that is not in the database. A signal that comes twice counts once.

        Raises Damaged for an entry whose value does not fit its signal type.
        """
        first_of_each: dict[tuple[SignalTypeName, bytes], Entry] = {}
        for entry in entries:
            first_of_each.setdefault((entry.signal_type, entry.value), entry)
        chosen = list(first_of_each.values())
        with self._writing:
            self.declare([*self._declared.values(), replace(hash_list, last_seq=len(chosen))])
            self._indexes.add(hash_list.id, chosen)
            others = Counter(each.signal_type for each in chosen if each.signal_type not in self.kinds)
            self._show(hash_list.id, len(chosen), others)

    def refresh(self, tx: Tx) -> bool:
        """Catch up with the database; say whether anything had changed. One query where nothing has.

        A second thread waits until the first one is done and then looks again. tx must read what others have
        committed (the usual isolation) and have changed no list itself. Raises DatabaseDown and Damaged; what
        had been caught up by then stays, and the next call goes on from there.
        """
        if self._is_current(tx):
            return False
        with self._writing:
            self.declare(in_use(tx))
            self._follow(tx)
        return True

    def declare(self, lists: Sequence[HashList]) -> None:
        """Go by these lists and their settings from now on, and by no other list.

        Their entries stay as they are: those that are behind their list's last_seq are to be caught up with.
        """
        now = self._monotonic()
        with self._publishing:
            self._declared = {each.id: each for each in lists}
            for each in lists:
                loaded = self._loaded.setdefault(each.id, _Loaded())
                if loaded.last_seq != each.last_seq:
                    # What was never loaded whole must not pass for current, not even for a moment.
                    since = now if loaded.last_seq else float("-inf")
                    self._behind_since.setdefault(each.id, since)
            self._publish()

    def changes_to_come(self) -> int:
        """Return how many changes of the declared lists are not loaded yet; 0 where all are current."""
        declared, loaded = self._declared, dict(self._loaded)
        gone = len(loaded.keys() - declared.keys())
        return gone + sum(
            abs(each.last_seq - (loaded[key].last_seq if key in loaded else 0))
            for key, each in declared.items()
        )

    def catch_up(self, tx: Tx, *, patience: float = -1) -> bool:
        """Load the entries of what was declared; say False where another thread was at it for too long.

        patience: seconds to wait for one that is at it, -1 for as long as it takes. Raises as `refresh`.
        """
        if not self._writing.acquire(timeout=patience):
            return False
        try:
            self._follow(tx)
        finally:
            self._writing.release()
        return True

    def mistrust(self, tx: Tx) -> None:
        """Look whether each list has the history that was loaded; load everything anew where one has not.

        Something else may lie behind a connection that was lost and came back: the database restored from an
        older copy, which has gone on since and has the same numbers. Raises as `refresh`.
        """
        with self._writing:
            known = [each for key, each in self._declared.items() if key in self._positions]
            if not all(is_followed_on(tx, each.id, self._positions[each.id]) for each in known):
                self._start_over(tx)
                self._follow(tx)

    @property
    def damaged(self) -> bool:
        """Whether something is to be built anew when the lists next catch up."""
        return self._indexes.damaged

    @property
    def unwritten(self) -> bool:
        """Whether the disk took no more of what is searched; everything is found all the same."""
        return self._indexes.unwritten

    @property
    def damages(self) -> Mapping[SignalTypeName, int]:
        """How often what lay on the disk for each signal type was found damaged since the start."""
        return self._indexes.damages

    def check(self) -> None:
        """Look whether what lies on the disk is still what was written; it takes a while."""
        self._indexes.check()

    def stop(self) -> None:
        """Have whoever catches up give up at the next occasion; what was loaded by then stays."""
        self._closing = True

    def close(self) -> None:
        """Wait for what goes on in the background."""
        self._indexes.close()

    @property
    def lists(self) -> tuple[LoadedList, ...]:
        """The lists that are loaded, by name."""
        return self._with_lateness(self._snapshot, self._late())

    def current(self, *, rehearsal: bool) -> CurrentLists:
        """Return the lists that count on such a surface; the same object while nothing about them changes."""
        snapshot, late = self._snapshot, self._late()
        shown = self._shown.get(rehearsal)
        if shown is None or shown.snapshot is not snapshot or shown.late != late:
            lists = [each for each in self._with_lateness(snapshot, late) if each.usable(rehearsal=rehearsal)]
            by_equality = [name for name in self.kinds if not self.reaches(name)]
            shown = Shown(snapshot, late, CurrentLists.of(lists, by_equality=by_equality))
            self._shown[rehearsal] = shown
        return shown.current

    def asked(self, *, rehearsal: bool) -> Asked:
        """Return what the lists that hold perceptual entries and count on such a surface ask for together."""
        found = [
            each.hash_list
            for each in self._snapshot.values()
            if each.usable(rehearsal=rehearsal) and any(self.reaches(kind) for kind in each.held)
        ]
        return Asked(any(each.needs_exact for each in found), any(each.match_turned for each in found))

    def version(self) -> str:
        """Return 16 hexadecimal characters that are the same only for the same lists at the same numbers."""
        return self._version

    def look(self, signals: Sequence[Signal], *, rehearsal: bool, margin: int = 0) -> Looked:
        """Return what `look_many` does of one input."""
        return self.look_many([signals], rehearsal=rehearsal, margin=margin)[0]

    def look_many(
        self, inputs: Sequence[Sequence[Signal]], *, rehearsal: bool, margin: int = 0
    ) -> list[Looked]:
        """Return what lies near each input on the lists that count on such a surface; see `Search.look_many`.

        Test lists are looked at for rehearsal surfaces only.
        """
        lists = {key: each for key, each in self._snapshot.items() if each.usable(rehearsal=rehearsal)}
        return self._search.look_many(inputs, lists, margin)

    def has_detail(self, signal: Signal) -> bool:
        """See `Search.has_detail`."""
        return self._search.has_detail(signal)

    def reaches(self, kind: SignalTypeName) -> bool:
        """See `Search.reaches`."""
        return self._search.reaches(kind)

    def _is_current(self, tx: Tx) -> bool:
        return {each.id: each for each in in_use(tx)} == self._declared and not self.changes_to_come()

    def _follow(self, tx: Tx) -> None:
        """Load what was declared, list by list, and forget what is declared no more."""
        for gone in self._loaded.keys() - self._declared.keys():
            self._indexes.forget(gone)
            with self._publishing:
                self._drop(gone)
        self._take_over(tx)
        while not self._closing and (
            behind := [each for each in self._declared.values() if not self._is_whole(each)]
        ):
            for each in behind:
                self._catch_up(tx, each)

    def _is_whole(self, wanted: HashList) -> bool:
        at = self._positions.get(wanted.id, Position())
        told = min(at.added, at.removed) >= wanted.last_seq
        return told and self._loaded[wanted.id].last_seq == wanted.last_seq

    def _take_over(self, tx: Tx) -> None:
        """Go on from where another process of this host has come, if one has."""
        before = dict(self._positions)
        overtaken = self._indexes.overtaken(tx, before, before_losing=self._lose)
        self._positions = {key: at for key, at in overtaken.items() if key in self._declared}
        for key, at in self._positions.items():
            if at != before.get(key):
                # Nothing is missing up to there. What may be left of removed entries is gone in a moment.
                self._show_from(tx, key, min(at.added, self._declared[key].last_seq))

    def _catch_up(self, tx: Tx, wanted: HashList) -> None:
        """Load the next changes of a list, at most some _CHUNK of them."""
        at = self._positions.get(wanted.id, Position())
        if min(at.added, at.removed) >= wanted.last_seq:
            # Another process of this host had heard of more than what was declared here; or it was undone.
            if is_followed_on(tx, wanted.id, at):
                self._show_from(tx, wanted.id, wanted.last_seq)
            else:
                self._start_over(tx)
            return
        up_to = min(wanted.last_seq, max(at.added, at.removed) + _CHUNK)
        try:
            for stretch in self._indexes.follow(tx, wanted.id, at, up_to):
                self._positions[wanted.id] = stretch.at
                known = min(stretch.at.added, wanted.last_seq)
                self._show_from(tx, wanted.id, known, recount=stretch.others)
        except AnotherHistory:
            self._start_over(tx)
            return
        self._indexes.tend(tx, self._positions)
        if up_to < wanted.last_seq:
            self._take_over(tx)

    def _start_over(self, tx: Tx) -> None:
        """Load everything anew: the database was restored, and what was learned since is not in it."""
        self._lose()
        self._positions = {}
        self._indexes.start_over()
        self._take_over(tx)

    def _lose(self) -> None:
        """Let all lists be late until each was looked through again: entries are about to be missing."""
        with self._publishing:
            for key in self._declared:
                self._loaded[key] = _Loaded()
                self._behind_since[key] = float("-inf")
            self._publish()

    def _show_from(self, tx: Tx, list_id: ListId, last_seq: int, *, recount: bool = True) -> None:
        """Show a list as it is loaded. recount: whether entries of other types may have come or gone."""
        others = self._loaded.get(list_id, _Loaded()).others
        if others is None or recount:
            others = list_rows.counts_of_other_types(tx, list_id, self.kinds)
        self._show(list_id, last_seq, others)

    def _show(self, list_id: ListId, last_seq: int, others: Mapping[SignalTypeName, int]) -> None:
        """Let searches see what is loaded of a list. others: entries of signal types that are not loaded."""
        with self._publishing:
            before = self._loaded.get(list_id, _Loaded())
            self._loaded[list_id] = _Loaded(last_seq, {**self._indexes.held(list_id), **others}, others)
            declared = self._declared.get(list_id)
            if declared is None or declared.last_seq == last_seq:
                self._behind_since.pop(list_id, None)
            elif last_seq < before.last_seq:
                # Its index is built anew: what was there is missing now.
                self._behind_since[list_id] = float("-inf")
            self._publish()

    def _drop(self, list_id: ListId) -> None:
        for known in (self._loaded, self._positions, self._behind_since):
            known.pop(list_id, None)

    def _publish(self) -> None:
        self._snapshot = {
            key: LoadedList(replace(each, last_seq=self._loaded[key].last_seq), self._loaded[key].held)
            for key, each in self._declared.items()
            if key in self._loaded
        }
        self._version = _version_of(self._snapshot)

    def _late(self) -> frozenset[ListId]:
        since = self._behind_since.copy()
        before = self._monotonic() - LATE_AFTER
        return frozenset(key for key, began in since.items() if began < before)

    @staticmethod
    def _with_lateness(
        snapshot: Mapping[ListId, LoadedList], late: Container[ListId]
    ) -> tuple[LoadedList, ...]:
        """Return the lists of a state, by name."""
        lists = sorted(snapshot.values(), key=lambda each: each.hash_list.name)
        return tuple(replace(each, late=each.hash_list.id in late) for each in lists)


def _version_of(snapshot: Mapping[ListId, LoadedList]) -> str:
    pairs = sorted((str(key), each.hash_list.last_seq) for key, each in snapshot.items())
    text = "\n".join(f"{key} {seq}" for key, seq in pairs)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def in_use(tx: Tx) -> list[HashList]:
    """Return the hash lists that inputs are compared with, as the database has them, in one query."""
    return [each for each in list_rows.in_use(tx) if each.kind is ListKind.HASH]
