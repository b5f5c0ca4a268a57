"""Enough people: how many different people have to assess an item before it can be settled."""

from __future__ import annotations

import hashlib

from safehold.model.assessment import Category, Tier
from safehold.model.case import WaitsFor
from safehold.model.ids import ItemId
from safehold.model.team import TeamSize
from safehold.review.rules.base import SecondFor, Situation

_WHOLE = 2.0**64
_TWO = 2


def enough_people(situation: Situation) -> WaitsFor | None:
    """Ask for a first assessment, then for a second one where the policy wants it."""
    judged, asked = len(situation.judgements), people_asked(situation)
    if judged == 0:
        return WaitsFor.ASSESSMENT
    if judged >= asked:
        return None
    # A repeat is no independent assessment: as long as there is nothing else, nobody has made one.
    return WaitsFor.ASSESSMENT if situation.judgements[0].repeats else WaitsFor.SECOND


def people_asked(situation: Situation) -> int:
    """Return how many people have to assess this item: 1 or 2, and 1 where one person is all there is.

    Two for what the policy names, and always where something that a vetted list knows would be let go
    though nobody has seen it clearly. What the policy names takes one to repeat it where two people found the
    same by themselves of the same bytes; a repeat is never one of the two.
    """
    if situation.policy.size is TeamSize.SINGLE:
        return 1
    if _lets_go_unseen(situation):
        return 2
    return 2 if _is_named(situation) and not _was_found_by_two(situation) else 1


def _is_named(situation: Situation) -> bool:
    wanted = situation.policy.second_for
    return (
        SecondFor.ALL in wanted
        or is_drawn(situation.item_id, situation.policy.second_share)
        or (SecondFor.CATEGORY_A in wanted and _is_category_a(situation))
        or (SecondFor.LIST_DISAGREEMENT in wanted and _disagrees_with_the_list(situation))
    )


def _was_found_by_two(situation: Situation) -> bool:
    return any(each.repeats and each.people >= _TWO for each in situation.judgements)


def is_drawn(item_id: ItemId, share: float) -> bool:
    """Say whether an item is in a share of all items, 0 to 1: the same answer whenever it is asked.

    What is in a smaller share is in every larger one.
    """
    drawn = hashlib.sha256(b"second assessment" + item_id.bytes).digest()
    return int.from_bytes(drawn[:8]) / _WHOLE < share


def _is_category_a(situation: Situation) -> bool:
    found = {judgement.category for judgement in situation.judgements}
    return Category.A in found | situation.listed_categories


def _disagrees_with_the_list(situation: Situation) -> bool:
    listed = situation.listed_categories
    return situation.vouched and any(
        not judgement.finding.confirms
        or (judgement.category is not None and bool(listed) and judgement.category not in listed)
        for judgement in situation.judgements
    )


def _lets_go_unseen(situation: Situation) -> bool:
    return situation.vouched and any(
        not judgement.finding.confirms and judgement.tier is not Tier.CLEAR
        for judgement in situation.judgements
    )
