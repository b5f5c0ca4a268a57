"""The checks of an input, each with its own account of how it fared: never a silent clear.

A check is enabled where a list that counts on the surface holds entries of its signal types. Exact digests
can always be made of bytes; a perceptual signal needs the decoder. What cannot be decoded is reported even
where no list holds perceptual entries, for then nobody knows what the bytes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from safehold.detect.current_lists import CurrentLists
from safehold.detect.known import KnownLists
from safehold.detect.looking import LoadedList, Looked
from safehold.model.match import Match
from safehold.model.media import Examined, MediaKind
from safehold.model.scan import CheckReport, CheckState
from safehold.model.signal import Signal, SignalTypeName
from safehold.model.surface import Surface

EXACT, PERCEPTUAL, KNOWN = "exact", "perceptual", "known"
"""The names of the checks: equal digests, near ones, and what stands for both where no list is loaded."""

_WORST = (CheckState.DOWN, CheckState.CANNOT_READ, CheckState.EMPTY, CheckState.STALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Under what a scan takes place.

    lists_verified: whether it could be seen just now that the lists in memory are those of the database.
    margin: bits beyond a holding list's edge that still count as a near miss; 0: none do.
    """

    known: KnownLists
    surface: Surface
    now: datetime
    lists_verified: bool = True
    margin: int = 0


def of_media(signals: Sequence[Signal], examined: Examined | None, at: Circumstances) -> list[CheckReport]:
    """Return the reports on bytes. signals: their exact digests and all that the decoder made.

    examined: None where the decoder is down.
    """
    sampled = examined is not None and examined.sampled
    limits = (f"sampled:{MediaKind.VIDEO.value}",) if sampled else ()
    [reports] = _reports("media", [signals], _decoding(examined), at)
    return [replace(one, limits=one.limits + limits) if one.name == PERCEPTUAL else one for one in reports]


def of_signals(inputs: Sequence[Sequence[Signal]], at: Circumstances) -> list[list[CheckReport]]:
    """Return the reports on each of several inputs that are signals and came without bytes.

    A signal type that a list holds and that was not sent counts as a check that did not run.
    """
    return _reports("signals", inputs, _Trouble(), at)


def unchecked(kind: str) -> list[CheckReport]:
    """Return the report on a kind of input, such as "links" or "text", for which there is no check."""
    return [CheckReport(name=KNOWN, state=CheckState.EMPTY, codes=(f"no_check:{kind}",))]


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why a check did not run, or not fully: states and codes, both empty where it did."""

    states: tuple[CheckState, ...] = ()
    codes: tuple[str, ...] = ()

    def __add__(self, other: _Trouble) -> _Trouble:
        return _Trouble(self.states + other.states, self.codes + other.codes)

    @property
    def state(self) -> CheckState:
        return next((state for state in _WORST if state in self.states), CheckState.OK)


def _decoding(examined: Examined | None) -> _Trouble:
    if examined is None:
        return _Trouble((CheckState.DOWN,), ("matcher_down",))
    if examined.failure is not None:
        return _Trouble((CheckState.CANNOT_READ,), (f"decoder:{examined.failure.value}",))
    return _Trouble()


def _reports(
    kind: str, inputs: Sequence[Sequence[Signal]], decoding: _Trouble, at: Circumstances
) -> list[list[CheckReport]]:
    """Return the reports on each input; inputs that are near nothing and alike share theirs.

    Whether lists are late is asked after looking: what was missing when it was looked for is late by now.
    """
    looked = at.known.look_many(inputs, rehearsal=at.surface.rehearsal, margin=at.margin)
    current = at.known.current(rehearsal=at.surface.rehearsal)
    if not current.lists:
        return [[*unchecked(kind), *_decoding_alone(decoding)] for _ in inputs]
    stale = tuple(each.hash_list.is_stale(at.now) for each in current.lists)
    every: list[list[CheckReport]] = []
    for signals, found in zip(inputs, looked, strict=True):
        if found.matches or found.near_miss:
            every.append(_reports_on(signals, found, current, decoding, at))
            continue
        # What is near nothing is told apart by its kinds of signals alone.
        kinds = frozenset((signal.signal_type, at.known.has_detail(signal)) for signal in signals)
        alike = (kinds, decoding, stale, at.lists_verified)
        reports = current.near_nothing.get(alike)
        if reports is None:
            reports = current.near_nothing[alike] = _reports_on(signals, found, current, decoding, at)
        every.append(reports)
    return every


def _reports_on(
    signals: Sequence[Signal], found: Looked, current: CurrentLists, decoding: _Trouble, at: Circumstances
) -> list[CheckReport]:
    # Split by what the match is, not by what was held a moment ago: a refresh may have come in between.
    near = tuple(match for match in found.matches if at.known.reaches(match.signal_type))
    equal = tuple(match for match in found.matches if not at.known.reaches(match.signal_type))
    lists, exact, others = current.lists, current.exact, current.held - current.exact
    both = (
        _report(EXACT, exact, signals, lists, equal, _Trouble(), at),
        _report(PERCEPTUAL, others, signals, lists, near, decoding, at, found.near_miss),
    )
    return [report for report in both if report is not None]


def _report(
    name: str,
    types: frozenset[SignalTypeName],
    signals: Sequence[Signal],
    usable: Sequence[LoadedList],
    matches: tuple[Match, ...],
    trouble: _Trouble,
    at: Circumstances,
    near_miss: bool = False,
) -> CheckReport | None:
    """Return the report of one check, None where it is not enabled and there is nothing to tell."""
    relevant = [each for each in usable if not each.held or types & each.held.keys()]
    if not relevant and not matches and not trouble.states:
        return None
    if not trouble.states:
        trouble = _missing(types, signals)
    trouble += _lists(relevant, at)
    return CheckReport(
        name=name,
        state=trouble.state,
        matches=matches,
        codes=trouble.codes,
        limits=_limits(types, signals, at.known),
        near_miss=near_miss,
    )


def _decoding_alone(decoding: _Trouble) -> list[CheckReport]:
    if not decoding.states:
        return []
    return [CheckReport(name=PERCEPTUAL, state=decoding.state, codes=decoding.codes)]


def _lists(relevant: Sequence[LoadedList], at: Circumstances) -> _Trouble:
    """What is wrong with the lists themselves. What is loaded of a stale one is compared all the same."""
    current = at.lists_verified and not any(each.late for each in relevant)
    trouble = _Trouble() if current else _Trouble((CheckState.DOWN,), ("matcher_down",))
    for each in relevant:
        if not each.held:
            trouble += _Trouble((CheckState.EMPTY,), (f"list_empty:{each.hash_list.name}",))
        if each.hash_list.is_stale(at.now):
            trouble += _Trouble((CheckState.STALE,), (f"list_stale:{each.hash_list.name}",))
    return trouble


def _missing(types: Iterable[SignalTypeName], signals: Sequence[Signal]) -> _Trouble:
    missing = sorted(set(types) - {signal.signal_type for signal in signals})
    codes = tuple(f"signal_missing:{name}" for name in missing)
    return _Trouble((CheckState.CANNOT_READ,) * bool(codes), codes)


def _limits(types: Iterable[SignalTypeName], signals: Sequence[Signal], known: KnownLists) -> tuple[str, ...]:
    """Name the types of which every signal, in every frame, has too little to go on."""
    codes = []
    for name in sorted(types):
        made = [signal for signal in signals if signal.signal_type == name]
        if made and not any(known.has_detail(signal) for signal in made):
            codes.append(f"low_detail:{name}")
    return tuple(codes)
