"""What a conversation has shown so far: a small value that grows by evidence and forgets by time.

Adding is commutative and may be repeated, so messages may come late, twice or in any order. Nothing in here
is text: ids of messages, names of rules, places.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from safehold.model.conversation import UNKNOWN_AGE, Cue, Evidence, Role, Years

HALF_LIFE = timedelta(days=7)
"""After so long a piece of evidence counts for half."""
STILL_COUNTS = 0.25
"""What the evidence of one cue must add up to: one piece counts for two half-lives, three for longer."""
MOST_OF_A_CUE = 3
"""So many pieces, the latest, are kept of one cue of one side."""
MOST_SIDES = 24
MOST_EVIDENCE = 120

_VERSION = 1
_CUES = tuple(Cue)
_ROLES = tuple(Role)


@dataclass(frozen=True, slots=True)
class Side:
    """Somebody who takes part. id: the platform's. since: when the account was made, None unknown."""

    id: str
    years: Years = UNKNOWN_AGE
    role: Role = Role.USER
    since: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a conversation. evidence: by side, then time; never more than MOST_EVIDENCE."""

    sides: tuple[Side, ...] = ()
    evidence: tuple[tuple[str, Evidence], ...] = ()

    def side(self, name: str) -> Side:
        """Return somebody who takes part; of somebody unknown nothing is known."""
        return next((side for side in self.sides if side.id == name), Side(name))

    def of_side(self, name: str) -> dict[Cue, list[Evidence]]:
        """Return the evidence of one side by cue, each in order of time."""
        found: dict[Cue, list[Evidence]] = defaultdict(list)
        for side, each in self.evidence:
            if side == name:
                found[each.cue].append(each)
        return found


def add(state: State, *, sides: Iterable[Side], by: str, evidence: Iterable[Evidence]) -> State:
    """Return the state with one more message. sides: who takes part, as far as told. by: who wrote it."""
    known = {side.id: side for side in state.sides}
    for side in sides:
        known[side.id] = _better(known.get(side.id), side)
    pieces = {*state.evidence, *((by, each) for each in evidence)}
    kept = _latest(pieces)
    shown = {name for name, _ in kept}
    order = sorted(known.values(), key=lambda side: (side.id not in shown, side.id))
    return State(tuple(sorted(order[:MOST_SIDES], key=lambda side: side.id)), kept)


def strength(evidence: Iterable[Evidence], *, at: int) -> float:
    """Return what evidence counts for at an instant: 1 for each piece of now, half a half-life ago."""
    life = HALF_LIFE.total_seconds()
    return sum(math.pow(0.5, max(0, at - each.at) / life) for each in evidence)


def standing(found: Mapping[Cue, Sequence[Evidence]], *, at: int) -> dict[Cue, Sequence[Evidence]]:
    """Return the cues whose evidence still counts at an instant."""
    return {cue: each for cue, each in found.items() if strength(each, at=at) >= STILL_COUNTS}


def to_bytes(state: State) -> bytes:
    """Return the state in some ten bytes a side and some thirty a piece of evidence, ids apart."""
    places = {side.id: place for place, side in enumerate(state.sides)}
    sides = [
        [side.id, side.years.low, side.years.high, _ROLES.index(side.role), side.since]
        for side in state.sides
    ]
    pieces = [
        [
            places.get(name, name),
            each.at,
            each.message,
            _CUES.index(each.cue),
            each.rule,
            each.start,
            each.end,
        ]
        for name, each in state.evidence
    ]
    return json.dumps([_VERSION, sides, pieces], separators=(",", ":"), ensure_ascii=False).encode()


def from_bytes(stored: bytes) -> State:
    """Return what `to_bytes` wrote. Raises ValueError for another version."""
    version, sides, pieces = json.loads(stored)
    if version != _VERSION:
        raise ValueError(f"Version {version} of a conversation's state is not known.")
    read = tuple(Side(name, Years(low, high), _ROLES[role], since) for name, low, high, role, since in sides)
    evidence = tuple(
        (
            read[side].id if isinstance(side, int) else side,
            Evidence(at, message, _CUES[cue], rule, start, end),
        )
        for side, at, message, cue, rule, start, end in pieces
    )
    return State(read, evidence)


def _better(old: Side | None, new: Side) -> Side:
    """Return what is known of somebody by both: a later word counts, but none does not undo one."""
    if old is None:
        return new
    return replace(
        new,
        years=old.years if new.years == UNKNOWN_AGE else new.years,
        since=old.since if new.since is None else new.since,
    )


def _latest(pieces: Iterable[tuple[str, Evidence]]) -> tuple[tuple[str, Evidence], ...]:
    by_cue: dict[tuple[str, Cue], list[Evidence]] = defaultdict(list)
    for name, each in pieces:
        by_cue[name, each.cue].append(each)
    kept = [
        (name, each)
        for (name, _), those in by_cue.items()
        for each in sorted(those, key=_when)[-MOST_OF_A_CUE:]
    ]
    latest = sorted(kept, key=lambda one: (_when(one[1]), one[0]))[-MOST_EVIDENCE:]
    return tuple(sorted(latest, key=lambda one: (one[0], _when(one[1]))))


def _when(each: Evidence) -> tuple[int, str, str, int, int]:
    return each.at, each.message, each.rule, each.start, each.end
