"""Whether somebody should look: two different cues of one side, or a threat with what it asks for.

The answer asks, or does not. It names what speaks for looking, message by message, and what speaks against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from safehold.detect.conversations.stages import Side, State, standing
from safehold.model.band import Band
from safehold.model.conversation import Cue, Evidence, Role

TOGETHER = timedelta(hours=24)
"""How far a demand may be from its threat, and insisting from the refusal before it."""
AGE_GAP = 5
"""Years between a grown-up and a child, at the least that is possible, from which it counts."""
PEERS = 3
"""Years that two children may lie apart and be of an age."""
NEW = timedelta(days=7)
NEEDED = 2

_SAME = {Cue.WHO_IS_HOME: Cue.ALONE, Cue.SAME_SCRIPT: Cue.FAN_OUT}
"""Cues that say much the same count once."""
_ALONE_NOTHING = frozenset({Cue.DEMAND, Cue.DEADLINE, Cue.INSISTS, Cue.REFUSES, Cue.GUARDIAN})
"""What counts only together with something else, or speaks against."""


class Against(StrEnum):
    """What speaks against looking. Each asks for one cue more; none outweighs a threat with a demand."""

    GUARDIAN = "guardian"
    """They bring in somebody who looks after the child."""
    PEERS = "peers"
    """Both are known to be children, of an age."""
    KNOWN_ROLE = "known_role"
    """The platform knows them as somebody who looks after the child, or as its own staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a conversation amounts to. by: the side that it is about, None where there is nothing.

    cues: what counted. evidence: by time, ids and places only. against: what speaks against looking.
    """

    band: Band = Band.NONE
    by: str | None = None
    cues: tuple[Cue, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    against: tuple[Against, ...] = ()


def judge(state: State, *, at: int) -> Judgement:
    """Return the judgement about the side that most speaks against, at an instant in seconds since 1970.

    Where everybody else is known to be grown up, nothing is judged: there is no child to look after.
    """
    names = sorted({name for name, _ in state.evidence})
    judged = [_of_side(state, name, at) for name in names if not _among_grown_ups(state, name)]
    return max(judged, key=lambda one: (one.band.rank, len(one.cues)), default=Judgement())


def extortion(found: Mapping[Cue, Sequence[Evidence]]) -> list[Evidence]:
    """Return a threat with a demand or a deadline by the same side within TOGETHER, else nothing.

    Needs nothing but that side's own messages, neither ages nor what went before: one message can be enough.
    """
    threats = found.get(Cue.THREAT, ())
    asked = [*found.get(Cue.DEMAND, ()), *found.get(Cue.DEADLINE, ())]
    together = [
        (threat, other)
        for threat in threats
        for other in asked
        if abs(threat.at - other.at) <= TOGETHER.total_seconds()
    ]
    return list(dict.fromkeys(each for pair in together for each in pair))


def pressure(state: State, name: str) -> list[Evidence]:
    """Return where a side insists within TOGETHER of a refusal by another: both messages, else nothing."""
    insists = state.of_side(name).get(Cue.INSISTS, ())
    refusals = [each for other, each in state.evidence if other != name and each.cue is Cue.REFUSES]
    pairs = [
        (refusal, insisting)
        for refusal in refusals
        for insisting in insists
        if 0 < insisting.at - refusal.at <= TOGETHER.total_seconds()
    ]
    return list(dict.fromkeys(each for pair in pairs for each in pair))


def _of_side(state: State, name: str, at: int) -> Judgement:
    found = standing(state.of_side(name), at=at)
    against = _against(state, name, found)
    coerced = extortion(found)
    if coerced:
        return Judgement(
            band=Band.HIGH,
            by=name,
            cues=(Cue.COERCION, *_context(state, name, at)),
            evidence=_in_order(coerced),
            against=against,
        )
    counting = {cue: list(each) for cue, each in found.items() if cue not in _ALONE_NOTHING}
    pressed = pressure(state, name)
    if pressed:
        counting[Cue.PRESSURE] = pressed
    different = len({_SAME.get(cue, cue) for cue in counting})
    context = _context(state, name, at)
    return Judgement(
        band=_band(different, needed=NEEDED + len(against), gap=Cue.AGE_GAP in context),
        by=name if counting else None,
        cues=(*sorted(counting, key=tuple(Cue).index), *context) if counting else (),
        evidence=_in_order([each for those in counting.values() for each in those]),
        against=against,
    )


def _band(different: int, *, needed: int, gap: bool) -> Band:
    if different < needed:
        return Band.LOW if different else Band.NONE
    return Band.HIGH if different >= needed + (1 if gap else 2) else Band.MEDIUM


def _against(state: State, name: str, found: Mapping[Cue, Sequence[Evidence]]) -> tuple[Against, ...]:
    side, others = state.side(name), _others(state, name)
    speaks = []
    if Cue.GUARDIAN in found:
        speaks.append(Against.GUARDIAN)
    if side.years.is_child and others and all(_of_an_age(side, other) for other in others):
        speaks.append(Against.PEERS)
    if side.role is not Role.USER:
        speaks.append(Against.KNOWN_ROLE)
    return tuple(speaks)


def _context(state: State, name: str, at: int) -> list[Cue]:
    """Return what makes the rest weigh more, and never asks by itself."""
    side = state.side(name)
    context = []
    if any(
        other.years.is_child and side.years.is_grown and side.years.low - other.years.high >= AGE_GAP
        for other in _others(state, name)
    ):
        context.append(Cue.AGE_GAP)
    if side.since is not None and 0 <= at - side.since < NEW.total_seconds():
        context.append(Cue.NEW_ACCOUNT)
    return context


def _of_an_age(one: Side, other: Side) -> bool:
    apart = max(one.years.high - other.years.low, other.years.high - one.years.low)
    return other.years.is_child and apart <= PEERS


def _among_grown_ups(state: State, name: str) -> bool:
    others = _others(state, name)
    return bool(others) and all(other.years.is_grown for other in others)


def _others(state: State, name: str) -> list[Side]:
    return [side for side in state.sides if side.id != name]


def _in_order(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(set(evidence), key=lambda each: (each.at, each.message, each.start, each.rule)))
