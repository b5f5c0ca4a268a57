"""Agreement: who disagrees is not outvoted in silence; a third assesses, and then a lead decides."""

from __future__ import annotations

from collections import Counter

from safehold.model.case import WaitsFor
from safehold.model.team import TeamSize
from safehold.review.rules.base import Judgement, Situation

_TWO = 2


def agreement(situation: Situation) -> WaitsFor | None:
    """Ask for a third where two disagree, and for a lead where three do, or where there may be no third."""
    if agreed(situation):
        return None
    is_third_there = situation.policy.size is TeamSize.FULL
    return WaitsFor.THIRD if is_third_there and len(situation.judgements) == _TWO else WaitsFor.LEAD


def agreed(situation: Situation) -> tuple[Judgement, ...]:
    """Return those who found the same and whose finding counts, the newest last; empty where nobody's does.

    A lead who has seen what the others found decides. Else more than half of the people agree on finding
    and category. Where one person is all there is, what was filed last counts.
    """
    judgements = situation.judgements
    deciding = [judgement for judgement in judgements if not judgement.blind]
    if situation.policy.size is TeamSize.SINGLE:
        deciding = list(judgements)
    if deciding:
        verdict = deciding[-1].verdict
    else:
        [(verdict, most)] = Counter(judgement.verdict for judgement in judgements).most_common(1)
        if 2 * most <= len(judgements):
            return ()
    return tuple(judgement for judgement in judgements if judgement.verdict == verdict)
