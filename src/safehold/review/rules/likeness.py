"""Likeness: what was found of one picture settles little of another, though they are nearly the same."""

from __future__ import annotations

from safehold.model.assessment import Tier
from safehold.model.case import WaitsFor
from safehold.review.rules.agreement import agreed
from safehold.review.rules.base import Judgement, Situation


def likeness(situation: Situation) -> WaitsFor | None:
    """Ask for an assessment of the picture itself, unless likeness suffices; it does for two things alone.

    To confirm what a vetted list vouches for by itself, in no category that the lists do not name. To let go
    what no vetted list vouches for, where the other picture was seen clearly. Neither where a list or a flag
    says of this picture what none says of the other: they may differ in just that. Nothing else is settled by
    likeness, and never that media which no list vouches for is confirmed.
    """
    people = agreed(situation)
    if not all(each.alike for each in people):
        return None
    return None if all(_suffices(situation, each) for each in people) else WaitsFor.ASSESSMENT


def _suffices(situation: Situation, judgement: Judgement) -> bool:
    if judgement.told_apart:
        return False
    if judgement.finding.confirms:
        return situation.vouched and _is_named_so(situation, judgement)
    return not situation.vouched and judgement.seen_alike is Tier.CLEAR


def _is_named_so(situation: Situation, judgement: Judgement) -> bool:
    named = situation.listed_categories
    return not named or judgement.category is None or judgement.category in named
