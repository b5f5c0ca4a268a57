"""Why one case comes before another: named parts with weights and plain words, added up.

The parts follow what a fair queue is asked to weigh: how likely it is (trusted sources first), how severe,
how far it can reach. A machine's flag can raise likelihood by a little and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safehold.model.assessment import Category
from safehold.model.case import PriorityPart
from safehold.model.match import Flag
from safehold.storage.case_facts import MatchFacts

HIGHEST = 100
"""No case has a higher priority."""

_VETTED_NEAR, _VETTED_FAR, _UNVETTED_NEAR, _UNVETTED_FAR, _FLAG = 40, 25, 20, 12, 10
_REPORTED = 12
_SEVERITY = {Category.A.value: 30, Category.B.value: 22, Category.C.value: 15, Category.PROHIBITED.value: 10}
_SEVERITY_UNKNOWN = 12
_STILL_ONLINE, _HELD_ON_NOTHING, _WAITS_FOR_ANSWER = 20, 20, 5
_REPEAT, _REPEATS_AT_MOST = 2, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a case's priority is made from.

    matches, flags: of all its items. reports: how many of them somebody reported.
    items: how many it has. not_held: how many of those that wait for
    an outcome are not on hold, so that others may still see them. withdrawn: whether matches were left out
    of these, for their entries were taken off. held_on_nothing: how many of those that wait are on hold
    although no match that may hold is left.
    """

    matches: Sequence[MatchFacts]
    flags: Sequence[Flag]
    reports: int = 0
    items: int
    not_held: int
    withdrawn: bool = False
    held_on_nothing: int = 0


def weigh(weighed: Weighed) -> tuple[PriorityPart, ...]:
    """Return the parts of a case's priority, always the same four and in the same order."""
    return (
        _likelihood(weighed),
        _severity(weighed.matches),
        _reach(weighed),
        _repeats(weighed.items),
    )


def added_up(parts: Sequence[PriorityPart]) -> int:
    """Return the priority that these parts make: their sum, 0 to 100."""
    return min(HIGHEST, sum(part.weight for part in parts))


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
        score = max(flag.score for flag in flags)
        return PriorityPart(
            name="likelihood", seen="No match; somebody is asked to look", weight=round(_FLAG * score)
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
