"""Why one case comes before another: named parts with weights and plain words, added up, and its waiting.

The parts follow what a fair queue is asked to weigh: a child at risk now, how likely it is (trusted
sources first), how severe, how far it can reach, and what the law gives a date for. A machine's flag can
raise likelihood by a little and nothing else. A point counts as much as an hour of waiting, so whoever
waits is overtaken by fewer and fewer others, and at last by none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from safehold.model.assessment import Category
from safehold.model.band import Band
from safehold.model.case import Case, PriorityPart
from safehold.model.match import Flag
from safehold.model.queue import POINT_COUNTS
from safehold.storage.case_facts import MatchFacts

HIGHEST = 100
"""No case has a higher priority."""

_VETTED_NEAR, _VETTED_FAR, _UNVETTED_NEAR, _UNVETTED_FAR, _FLAG = 40, 25, 20, 12, 10
_REPORTED = 12
_SEVERITY = {Category.A.value: 30, Category.B.value: 22, Category.C.value: 15, Category.PROHIBITED.value: 10}
_SEVERITY_UNKNOWN = 12
_LIVE = 60
_STILL_ONLINE, _HELD_ON_NOTHING, _WAITS_FOR_ANSWER = 20, 20, 5
_REPEAT, _REPEATS_AT_MOST = 2, 10
_AT_RISK = HIGHEST
_OVERDUE = 40
_CLOCK = ((0.25, 30), (0.5, 15))
"""The share of the time that is left, inclusive, and what it weighs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a case's priority is made from.

    matches, flags: of all its items. reports: how many of them somebody reported.
    items: how many it has. not_held: how many of those that wait for
    an outcome are not on hold, so that others may still see them. withdrawn: whether matches were left out
    of these, for their entries were taken off. held_on_nothing: how many of those that wait are on hold
    although no match that may hold is left. at_risk: whether a person says that a child is at risk now.
    live: whether one of those that wait appeared live so lately that it may be going on. band: how strongly
    what machines flagged asks for a look, None where they flagged nothing that waits.
    """

    matches: Sequence[MatchFacts]
    flags: Sequence[Flag]
    reports: int = 0
    items: int
    not_held: int
    withdrawn: bool = False
    held_on_nothing: int = 0
    at_risk: bool = False
    live: bool = False
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A date by which a case has to be decided, seen from now."""

    opened_at: datetime
    decide_by: datetime
    now: datetime

    @property
    def weight(self) -> int:
        """What it weighs: more as less of the time is left."""
        if self.now >= self.decide_by:
            return _OVERDUE
        return next((weight for share, weight in _CLOCK if self._left <= share), 0)

    @property
    def weighs_more_at(self) -> datetime | None:
        """When it weighs more than now, None when it never will."""
        whole = self.decide_by - self.opened_at
        steps = [self.decide_by, *(self.decide_by - whole * share for share, _ in _CLOCK)]
        return min((step for step in steps if step > self.now), default=None)

    @property
    def _left(self) -> float:
        whole = self.decide_by - self.opened_at
        return (self.decide_by - self.now) / whole if whole else 0.0


def weigh(weighed: Weighed, clock: Clock | None = None) -> tuple[PriorityPart, ...]:
    """Return the parts of a case's priority, always the same six and in the same order."""
    return (
        _at_risk(weighed),
        _likelihood(weighed),
        _severity(weighed.matches),
        _reach(weighed),
        _repeats(weighed.items),
        _legal_clock(clock),
    )


def added_up(parts: Sequence[PriorityPart]) -> int:
    """Return the priority that these parts make: their sum, 0 to 100."""
    return min(HIGHEST, sum(part.weight for part in parts))


def waiting(case: Case, now: datetime) -> PriorityPart:
    """Return what its waiting counts until now, a point an hour: part of the case's turn, not of its need."""
    hours = max(0, int((now - case.opened_at) / POINT_COUNTS))
    seen = f"Open for {hours} hour{'' if hours == 1 else 's'}"
    return PriorityPart(name="waiting", seen=seen, weight=hours)


def _at_risk(weighed: Weighed) -> PriorityPart:
    name = "child at risk now"
    if weighed.at_risk:
        return PriorityPart(name=name, seen="A person says that a child is at risk now", weight=_AT_RISK)
    return PriorityPart(name=name, seen="Nobody has said so", weight=0)


def _legal_clock(clock: Clock | None) -> PriorityPart:
    name = "legal clock"
    if clock is None:
        return PriorityPart(name=name, seen="No date is set", weight=0)
    due = f"{clock.decide_by:%Y-%m-%d %H:%M} UTC"
    if clock.now >= clock.decide_by:
        return PriorityPart(name=name, seen=f"Was due {due}", weight=clock.weight)
    return PriorityPart(name=name, seen=f"To be decided by {due}", weight=clock.weight)


def _likelihood(weighed: Weighed) -> PriorityPart:
    matches, flags = weighed.matches, weighed.flags
    if matches:
        best = max(matches, key=lambda match: (_match_weight(match), -match.distance))
        trust = "a vetted list" if best.vetted else "a list that nobody here has vetted"
        return PriorityPart(
            name="likelihood",
            seen=f"Match on {trust}, distance {best.distance}",
            weight=_match_weight(best),
        )
    if flags:
        share = (weighed.band or Band.NONE).rank / Band.VERY_HIGH.rank
        return PriorityPart(
            name="likelihood", seen="No match; somebody is asked to look", weight=round(_FLAG * share)
        )
    if weighed.reports:
        return PriorityPart(name="likelihood", seen="Somebody reported it", weight=_REPORTED)
    if weighed.withdrawn:
        return PriorityPart(name="likelihood", seen="The list has withdrawn what matched", weight=0)
    return PriorityPart(name="likelihood", seen="No match and no flag any more", weight=0)


def _match_weight(match: MatchFacts) -> int:
    near = match.near
    if match.vetted:
        return _VETTED_NEAR if near else _VETTED_FAR
    return _UNVETTED_NEAR if near else _UNVETTED_FAR


def _severity(matches: Sequence[MatchFacts]) -> PriorityPart:
    known = {match.category for match in matches} & _SEVERITY.keys()
    if not known:
        return PriorityPart(name="severity", seen="No list names a category", weight=_SEVERITY_UNKNOWN)
    worst = max(known, key=lambda category: _SEVERITY[category or ""])
    words = "Prohibited on the list" if worst == Category.PROHIBITED else f"Category {worst} on the list"
    return PriorityPart(name="severity", seen=words, weight=_SEVERITY[worst or ""])


def _reach(weighed: Weighed) -> PriorityPart:
    if weighed.live:
        return PriorityPart(name="reach", seen="Live within the last hour: it may be going on", weight=_LIVE)
    if weighed.not_held:
        return PriorityPart(name="reach", seen="Not held: others may still see it", weight=_STILL_ONLINE)
    if weighed.held_on_nothing:
        seen = "Held on a match that was withdrawn: the uploader waits"
        return PriorityPart(name="reach", seen=seen, weight=_HELD_ON_NOTHING)
    return PriorityPart(name="reach", seen="Held: the uploader waits for an answer", weight=_WAITS_FOR_ANSWER)


def _repeats(items: int) -> PriorityPart:
    if items <= 1:
        return PriorityPart(name="repeats", seen="The only item of this case", weight=0)
    weight = min(_REPEATS_AT_MOST, _REPEAT * (items - 1))
    return PriorityPart(name="repeats", seen=f"{items} items in this case", weight=weight)
