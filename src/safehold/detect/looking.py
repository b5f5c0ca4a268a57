"""Looking: what of the known lies near an input's signals, and which of that counts as a match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from safehold.detect.entry_indexes import EntryIndexes, SignalTypes, Words, tag_of
from safehold.detect.second_source import confirmed
from safehold.model.hash_list import HashList, Purpose
from safehold.model.ids import EntryId, ListId, MatchId, new_id
from safehold.model.match import Match
from safehold.model.signal import Signal, SignalTypeName, Turn
from safehold.signals.base import FrameSignal
from safehold.signals.index import Hit


@dataclass(frozen=True, slots=True)
class LoadedList:
    """A list, its last_seq being that of what is loaded; held: how many entries of each signal type.

    late: whether it has been behind the database for longer than `known.LATE_AFTER`, or never loaded whole.
    """

    hash_list: HashList
    held: Mapping[SignalTypeName, int]
    late: bool = False

    def usable(self, *, rehearsal: bool) -> bool:
        """Say whether the list counts on such a surface: test lists do on rehearsal surfaces only."""
        return rehearsal or self.hash_list.purpose is not Purpose.TEST


@dataclass(frozen=True, slots=True)
class Looked:
    """What a search saw. near_miss: beyond the edge of a list that may hold, but by a few bits only."""

    matches: list[Match]
    near_miss: bool = False


_Hits = Mapping[tuple[SignalTypeName, bool, bytes], Sequence[Hit]]
"""What lies near the signal of this type, upright or turned, and value."""


class Search:
    """Looks signals up in the indexes. It takes no lock and never waits."""

    def __init__(self, kinds: SignalTypes, indexes: EntryIndexes) -> None:
        """kinds: what can be searched, the indexes' own; signals of other types find nothing."""
        self._kinds = kinds
        self._indexes = indexes
        self._min_quality = {
            name: kind.min_quality for name, kind in kinds.items() if isinstance(kind, FrameSignal)
        }

    def look_many(
        self, inputs: Sequence[Sequence[Signal]], lists: Mapping[ListId, LoadedList], margin: int
    ) -> list[Looked]:
        """Return for each input the best match of each entry within its list's radius; one search for all.

        The best is the nearest, then that of the first frame. What may hold comes first, then the nearest,
        then by the list's name. Signals with too little to go on, and those of types that are not loaded,
        find nothing. A match on a list that asks for a second source holds where one confirms it, in the
        same frame or by a digest of the whole. margin: how many bits beyond a holding list's radius count as
        a near miss, for signals that are compared by nearness at all; no such entry is ever named, and in a
        large index one in a hundred is not seen. Signals of
        a turned picture are compared with the lists that ask for them.
        """
        comparable = [_each_value_once(filter(self._is_comparable, signals)) for signals in inputs]
        hits = self._search(comparable, lists, margin)
        return self._worded([self._looked(signals, hits, lists, margin) for signals in comparable])

    def has_detail(self, signal: Signal) -> bool:
        """Say whether a signal has enough to go on to be compared: its quality, where it has one, is enough.

        Below its type's min_quality (50 for pdq) unrelated plain pictures resemble one another.
        """
        return signal.quality is None or signal.quality >= self._min_quality.get(signal.signal_type, 0)

    def _is_comparable(self, signal: Signal) -> bool:
        return signal.signal_type in self._kinds and self.has_detail(signal)

    def _search(
        self, inputs: Sequence[Sequence[Signal]], lists: Mapping[ListId, LoadedList], margin: int
    ) -> _Hits:
        """Return what lies near the signals: of those alone that anything is near to."""
        values: dict[tuple[SignalTypeName, bool], dict[bytes, None]] = {}
        for signal in chain.from_iterable(inputs):
            values.setdefault((signal.signal_type, signal.turn is Turn.NONE), {})[signal.value] = None
        found: dict[tuple[SignalTypeName, bool, bytes], Sequence[Hit]] = {}
        for (kind, upright), distinct in values.items():
            usual = self._kinds[kind].default_max_distance
            compared = [each for each in lists.values() if each.held.get(kind) and _counts(each, upright)]
            reach = [each.hash_list.radius(kind, usual) for each in compared]
            if reach:
                # What is within reach is found to the last bit; close calls are counted as they are seen.
                hits = self._indexes.search_many(
                    kind, list(distinct), max(reach), beyond=self._beyond(kind, margin)
                )
                near = zip(distinct, hits, strict=True)
                found |= {(kind, upright, value): each for value, each in near if each}
        return found

    def _looked(
        self, signals: Sequence[Signal], hits: _Hits, lists: Mapping[ListId, LoadedList], margin: int
    ) -> Looked:
        """Return the matches of one input, given the hits of all: in no order, and without words."""
        seen = [
            self._matches(signal, near, lists, margin)
            for signal in signals
            if (near := hits.get((signal.signal_type, signal.turn is Turn.NONE, signal.value)))
        ]
        if not seen:
            return Looked([])
        declared = {key: each.hash_list for key, each in lists.items()}
        best: dict[EntryId, Match] = {}
        for match in self._confirmed([one.matches for one in seen], declared):
            known = best.get(match.entry_id)
            if known is None or _better(match) < _better(known):
                best[match.entry_id] = match
        near_miss = any(one.near_miss for one in seen)
        return Looked(list(best.values()), near_miss)

    def _confirmed(
        self, matches: Sequence[Sequence[Match]], declared: Mapping[ListId, HashList]
    ) -> Iterator[Match]:
        """Yield the matches of each signal, with what the whole input says of them taken into account.

        A digest of the whole speaks for each frame, and everything that is seen in it speaks for the whole.
        """
        everything = [match for each in matches for match in each]
        exact = [match for match in everything if not self.reaches(match.signal_type)]
        for each in matches:
            reaches = bool(each) and self.reaches(each[0].signal_type)
            yield from confirmed(each, declared, others=exact if reaches else everything)

    def reaches(self, kind: SignalTypeName) -> bool:
        """Say whether signals of this type are compared by nearness, not by equality."""
        known = self._kinds.get(kind)
        return known is not None and known.default_max_distance > 0

    def _beyond(self, kind: SignalTypeName, margin: int) -> int:
        """How many bits beyond a list's radius are looked at."""
        return margin if self.reaches(kind) else 0

    def _matches(
        self, signal: Signal, hits: Sequence[Hit], lists: Mapping[ListId, LoadedList], margin: int
    ) -> Looked:
        """Return every match of one signal, as its list alone would have it."""
        matches: list[Match] = []
        near_miss, kind = False, signal.signal_type
        usual, beyond = self._kinds[kind].default_max_distance, self._beyond(kind, margin)
        by_tag = {tag_of(key): each for key, each in lists.items()}
        for hit in hits:
            found = by_tag.get(hit.tag)
            if found is None or not _counts(found, signal.turn is Turn.NONE):
                continue
            outside = hit.distance - found.hash_list.radius(kind, usual)
            if outside <= 0:
                matches.append(_match(signal, found.hash_list, hit, usual))
            elif outside <= beyond and found.hash_list.may_hold:
                near_miss = True
        return Looked(matches, near_miss)

    def _worded(self, every: Sequence[Looked]) -> list[Looked]:
        """Return the same in order, with what is said of entries; not those that were taken off meanwhile.

        It is asked once for all inputs, and not at all where nothing was found.
        """
        ids = {match.entry_id: None for each in every for match in each.matches}
        if not ids:
            return list(every)
        words = self._indexes.words(list(ids))
        return [replace(each, matches=_with_words(each.matches, words)) for each in every]


def _with_words(matches: Sequence[Match], words: Mapping[EntryId, Words]) -> list[Match]:
    worded = (
        replace(match, category=said.category, labels=said.labels)
        for match in matches
        if (said := words.get(match.entry_id)) is not None
    )
    return sorted(worded, key=nearest_first)


def nearest_first(match: Match) -> tuple[bool, int, str, EntryId]:
    """The order of matches: what may hold, then the nearest, then by the list's name and the entry."""
    return (not match.may_hold, match.distance, match.list_name, match.entry_id)


def _match(signal: Signal, found: HashList, hit: Hit, usual: int) -> Match:
    return Match(
        id=MatchId(new_id()),
        list_id=found.id,
        list_name=found.name,
        purpose=found.purpose,
        entry_id=EntryId(hit.entry_id),
        signal_type=signal.signal_type,
        distance=hit.distance,
        frame=signal.frame,
        may_hold=found.may_hold_at(hit.distance, found.hold_radius(signal.signal_type, usual)),
        turn=signal.turn,
    )


def _better(match: Match) -> tuple[bool, int, bool, int]:
    return (not match.may_hold, match.distance, match.turn is not Turn.NONE, match.frame)


def _counts(each: LoadedList, upright: bool) -> bool:
    """Say whether signals are compared with a list; those of a turned picture only where it asks for them."""
    return upright or each.hash_list.match_turned


def _each_value_once(signals: Iterable[Signal]) -> list[Signal]:
    """Return the signal of each type and value in its first frame: a still scene is one search.

    A value that comes both upright and turned comes once of each: they are not compared with the same lists.
    """
    chosen: dict[tuple[SignalTypeName, bytes, bool], Signal] = {}
    signals = list(signals)
    if len(signals) <= 1:
        return signals
    for signal in sorted(signals, key=lambda one: one.frame):
        chosen.setdefault((signal.signal_type, signal.value, signal.turn is Turn.NONE), signal)
    return list(chosen.values())
