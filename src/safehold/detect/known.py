"""What is known, in memory: the lists and one index per signal type, kept up to date from the database."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from safehold.detect.second_source import confirmed
from safehold.model.errors import Damaged
from safehold.model.hash_list import Entry, HashList, ListKind, Purpose
from safehold.model.ids import EntryId, ListId, MatchId, new_id
from safehold.model.match import Match
from safehold.model.signal import Signal, SignalTypeName, Turn
from safehold.signals.base import FrameSignal, SignalType
from safehold.signals.index import Hit, SignalIndex, index_for
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Tx

SignalTypes = Mapping[SignalTypeName, SignalType]
"""The signal types that are loaded, by name."""

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class LoadedList:
    """A list, its last_seq being that of what is loaded; held: how many entries of each signal type."""

    hash_list: HashList
    held: Mapping[SignalTypeName, int]

    def usable(self, *, rehearsal: bool) -> bool:
        """Say whether the list counts on such a surface: test lists do on rehearsal surfaces only."""
        return rehearsal or self.hash_list.purpose is not Purpose.TEST


@dataclass(frozen=True, slots=True)
class Asked:
    """What the lists ask of whoever makes signals for them. turned: those of the turned picture, too."""

    exact: bool = False
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What a search saw. near_miss: beyond the edge of a list that may hold, but by a few bits only."""

    matches: list[Match]
    near_miss: bool = False


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The lists as searches see them. listed: the same as they were read, to tell whether any changed."""

    lists: Mapping[ListId, LoadedList] = field(default_factory=dict)
    listed: Mapping[ListId, HashList] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """What an index does not know of an entry. Entries with the same words share one."""

    list_id: ListId
    signal_type: SignalTypeName
    category: str | None
    labels: tuple[str, ...]


class KnownLists:
    """The lists that inputs are compared with.

    Searching takes no lock and never waits; one thread at a time brings the lists up to date. A search
    during a refresh sees a part of what is new, and all of what was there before.
    """

    def __init__(self, kinds: SignalTypes) -> None:
        """Know nothing yet. kinds: what can be searched; entries of other types are only counted."""
        self.kinds = kinds
        self._indexes: dict[SignalTypeName, SignalIndex] = {
            name: index_for(kind) for name, kind in kinds.items()
        }
        self._min_quality = {
            name: kind.min_quality for name, kind in kinds.items() if isinstance(kind, FrameSignal)
        }
        self._place_of: dict[EntryId, _Place] = {}
        self._shared: dict[_Place, _Place] = {}
        self._snapshot = _Snapshot()
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
        numbered = replace(hash_list, last_seq=len(first_of_each))
        with self._writing:
            self._publish(replace(hash_list, last_seq=0), Counter())
            self._add(numbered, list(first_of_each.values()))

    def refresh(self, tx: Tx) -> bool:
        """Catch up with the database; say whether anything had changed. One query where nothing has.

        A second thread waits until the first one is done and then looks again. tx must read what others have
        committed (the usual isolation) and have changed no list itself. Raises DatabaseDown and Damaged; what
        had been caught up by then stays, and the next call goes on from there.
        """
        if self._is_current(tx):
            return False
        with self._writing:
            listed = {each.id: each for each in list_rows.in_use(tx) if each.kind is ListKind.HASH}
            for gone in self._snapshot.lists.keys() - listed.keys():
                self._forget(gone)
            for each in listed.values():
                self._catch_up(tx, each)
            self._snapshot = replace(self._snapshot, listed=listed)
        return True

    @property
    def lists(self) -> tuple[LoadedList, ...]:
        """The lists that are loaded, by name."""
        return tuple(sorted(self._snapshot.lists.values(), key=lambda each: each.hash_list.name))

    def asked(self, *, rehearsal: bool) -> Asked:
        """Return what the lists that hold perceptual entries and count on such a surface ask for together."""
        found = [
            each.hash_list
            for each in self._snapshot.lists.values()
            if each.usable(rehearsal=rehearsal) and any(self._reaches(kind) for kind in each.held)
        ]
        return Asked(any(each.needs_exact for each in found), any(each.match_turned for each in found))

    def version(self) -> str:
        """Return 16 hexadecimal characters that are the same only for the same lists at the same numbers."""
        pairs = sorted((str(key), each.hash_list.last_seq) for key, each in self._snapshot.lists.items())
        text = "\n".join(f"{key} {seq}" for key, seq in pairs)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def look(self, signals: Sequence[Signal], *, rehearsal: bool, margin: int = 0) -> Looked:
        """Return the best match of each entry within its list's radius: the nearest, then the first frame.

        What may hold comes first, then the nearest, then by the list's name. Test lists are looked at for
        rehearsal surfaces only. Signals with too little to go on, and those of types that are not loaded,
        find nothing. A match on a list that asks for a second source holds where one confirms it, in the
        same frame or by a digest of the whole. margin: how many bits beyond a holding list's radius count as
        a near miss, for signals that are compared by nearness at all; no such entry is ever named. Signals of
        a turned picture are compared with the lists that ask for them.
        """
        lists = {key: each for key, each in self._snapshot.lists.items() if each.usable(rehearsal=rehearsal)}
        declared = {key: each.hash_list for key, each in lists.items()}
        comparable = [one for one in signals if one.signal_type in self.kinds and self.has_detail(one)]
        turning = {key: each for key, each in lists.items() if each.hash_list.match_turned}
        seen = [
            self._matches(signal, lists if signal.turn is Turn.NONE else turning, margin)
            for signal in _each_value_once(comparable)
        ]
        best: dict[EntryId, Match] = {}
        for match in self._confirmed([one.matches for one in seen], declared):
            known = best.get(match.entry_id)
            if known is None or _better(match) < _better(known):
                best[match.entry_id] = match
        return Looked(sorted(best.values(), key=nearest_first), any(one.near_miss for one in seen))

    def has_detail(self, signal: Signal) -> bool:
        """Say whether a signal has enough to go on to be compared: its quality, where it has one, is enough.

        Below its type's min_quality (50 for pdq) unrelated plain pictures resemble one another.
        """
        return signal.quality is None or signal.quality >= self._min_quality.get(signal.signal_type, 0)

    def _confirmed(
        self, matches: Sequence[Sequence[Match]], declared: Mapping[ListId, HashList]
    ) -> Iterator[Match]:
        """Yield the matches of each signal, with what the whole input says of them taken into account.

        A digest of the whole speaks for each frame, and everything that is seen in it speaks for the whole.
        """
        everything = [match for each in matches for match in each]
        exact = [match for match in everything if not self._reaches(match.signal_type)]
        for each in matches:
            reaches = bool(each) and self._reaches(each[0].signal_type)
            yield from confirmed(each, declared, others=exact if reaches else everything)

    def _reaches(self, kind: SignalTypeName) -> bool:
        """Whether signals of this type are compared by nearness, not by equality."""
        known = self.kinds.get(kind)
        return known is not None and known.default_max_distance > 0

    def _matches(self, signal: Signal, lists: Mapping[ListId, LoadedList], margin: int) -> Looked:
        """Return every match of one signal, as its list alone would have it."""
        kind = signal.signal_type
        matches: list[Match] = []
        near_miss = False
        usual = self.kinds[kind].default_max_distance
        reach = [each.hash_list.radius(kind, usual) for each in lists.values() if each.held.get(kind)]
        beyond = margin if self._reaches(kind) else 0
        hits = self._indexes[kind].search(signal.value, max(reach) + beyond) if reach else []
        for hit in hits:
            place = self._place_of.get(EntryId(hit.entry_id))
            found = lists.get(place.list_id) if place is not None else None
            if place is None or found is None:
                continue
            outside = hit.distance - found.hash_list.radius(kind, usual)
            if outside <= 0:
                matches.append(_match(signal, found.hash_list, place, hit, usual))
            elif outside <= beyond and found.hash_list.may_hold:
                near_miss = True
        return Looked(matches, near_miss)

    def _is_current(self, tx: Tx) -> bool:
        listed = {each.id: each for each in list_rows.in_use(tx) if each.kind is ListKind.HASH}
        return listed == self._snapshot.listed

    def _catch_up(self, tx: Tx, wanted: HashList) -> None:
        loaded = self._snapshot.lists.get(wanted.id)
        if loaded is not None and loaded.hash_list.last_seq > wanted.last_seq:
            # The database was restored from an older copy: what was learned since is not in it.
            self._forget(wanted.id)
            loaded = None
        seq = loaded.hash_list.last_seq if loaded else 0
        self._publish(replace(wanted, last_seq=seq), loaded.held if loaded else {})
        if seq == wanted.last_seq:
            return
        news = list_rows.changes(tx, wanted.id, after_seq=seq, up_to_seq=wanted.last_seq, batch=_BATCH)
        while batch := list(islice(news, _BATCH)):
            self._remove(wanted.id, [change.entry_id for change in batch if change.entry is None])
            added = [change.entry for change in batch if change.entry is not None]
            self._add(replace(wanted, last_seq=batch[-1].seq), added)
        self._publish(wanted, self._snapshot.lists[wanted.id].held)

    def _add(self, hash_list: HashList, entries: Sequence[Entry]) -> None:
        """Add entries, then let searches see them by giving them their places."""
        by_kind: dict[SignalTypeName, list[Entry]] = {}
        for entry in entries:
            by_kind.setdefault(entry.signal_type, []).append(entry)
        # All tables first: where an entry is damaged, no index has changed.
        tables = {
            kind: _table(by_kind[kind], self.kinds[kind]) for kind in by_kind.keys() & self.kinds.keys()
        }
        for kind, values in tables.items():
            self._indexes[kind].add([entry.id for entry in by_kind[kind]], values)
        for entry in entries:
            place = _Place(hash_list.id, entry.signal_type, entry.category, entry.labels)
            self._place_of[entry.id] = self._shared.setdefault(place, place)
        before = self._snapshot.lists[hash_list.id].held
        self._publish(hash_list, Counter(before) + Counter(entry.signal_type for entry in entries))

    def _remove(self, list_id: ListId, ids: Sequence[EntryId]) -> None:
        """Take the entries' places away, so that searches pass over them, then the entries themselves."""
        by_kind: dict[SignalTypeName, list[EntryId]] = {}
        for one in ids:
            place = self._place_of.pop(one, None)
            if place is not None:
                by_kind.setdefault(place.signal_type, []).append(one)
        for kind in by_kind.keys() & self.kinds.keys():
            self._indexes[kind].remove(by_kind[kind])
        loaded = self._snapshot.lists[list_id]
        gone = Counter({kind: len(found) for kind, found in by_kind.items()})
        self._publish(loaded.hash_list, Counter(loaded.held) - gone)

    def _forget(self, list_id: ListId) -> None:
        self._remove(list_id, [one for one, place in self._place_of.items() if place.list_id == list_id])
        lists = {key: each for key, each in self._snapshot.lists.items() if key != list_id}
        self._snapshot = replace(self._snapshot, lists=lists)

    def _publish(self, hash_list: HashList, held: Mapping[SignalTypeName, int]) -> None:
        lists = {**self._snapshot.lists, hash_list.id: LoadedList(hash_list, dict(held))}
        self._snapshot = replace(self._snapshot, lists=lists)


def nearest_first(match: Match) -> tuple[bool, int, str, EntryId]:
    """The order of matches: what may hold, then the nearest, then by the list's name and the entry."""
    return (not match.may_hold, match.distance, match.list_name, match.entry_id)


def _match(signal: Signal, found: HashList, place: _Place, hit: Hit, usual: int) -> Match:
    return Match(
        id=MatchId(new_id()),
        list_id=place.list_id,
        list_name=found.name,
        purpose=found.purpose,
        entry_id=EntryId(hit.entry_id),
        signal_type=signal.signal_type,
        distance=hit.distance,
        frame=signal.frame,
        may_hold=found.may_hold_at(hit.distance, found.hold_radius(signal.signal_type, usual)),
        turn=signal.turn,
        category=place.category,
        labels=place.labels,
    )


def _better(match: Match) -> tuple[bool, int, bool, int]:
    return (not match.may_hold, match.distance, match.turn is not Turn.NONE, match.frame)


def _each_value_once(signals: Sequence[Signal]) -> list[Signal]:
    """Return the signal of each type and value in its first frame: a still scene is one search.

    A value that comes both upright and turned comes once of each: they are not compared with the same lists.
    """
    chosen: dict[tuple[SignalTypeName, bytes, bool], Signal] = {}
    for signal in sorted(signals, key=lambda one: one.frame):
        chosen.setdefault((signal.signal_type, signal.value, signal.turn is Turn.NONE), signal)
    return list(chosen.values())


def _table(entries: Sequence[Entry], kind: SignalType) -> NDArray[np.uint8]:
    for entry in entries:
        if len(entry.value) != kind.digest_bytes:
            raise Damaged(f"Entry {entry.id} does not have the length of its signal type.")
    joined = b"".join(entry.value for entry in entries)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(entries), kind.digest_bytes)
