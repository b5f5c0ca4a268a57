"""What the rules are shown of an item: read from the tables, as it is now."""

from __future__ import annotations

from safehold.model.assessment import Category
from safehold.model.case import Case
from safehold.model.ids import ItemId
from safehold.review.conflicts import has_conflict
from safehold.review.rules import Judgement, Policy, Situation
from safehold.storage import assessments as assessment_rows
from safehold.storage import case_facts
from safehold.storage import items as item_rows
from safehold.storage.assessments import StoredAssessment
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx


def situation_of(tx: Tx, case: Case, place: CaseItem, policy: Policy) -> Situation | None:
    """Return what the rules are to judge, None where nothing was filed in this round of the item.

    Of what one person filed several times the last counts. Left out is who has a conflict of interest now,
    whenever they filed.
    """
    filed = assessment_rows.of_round(tx, case.id, place.item_id, place.round)
    if not filed:
        return None
    matches = case_facts.matches_of(tx, [place.item_id])
    vouching = [match for match in matches if match.vouched and match.purpose is case.purpose]
    last = {one.analyst_id: one for one in filed}
    counted = [one for one in filed if last[one.analyst_id] is one]
    return Situation(
        item_id=place.item_id,
        form=filed[-1].form,
        has_media=_has_media(tx, place.item_id),
        vouched=bool(vouching),
        listed_categories=frozenset(
            Category(match.category) for match in vouching if match.category in set(Category)
        ),
        judgements=tuple(_judgement(one) for one in counted if not has_conflict(tx, case.id, one.analyst_id)),
        policy=policy,
    )


def _has_media(tx: Tx, item_id: ItemId) -> bool:
    item = item_rows.get_bare(tx, item_id)
    return item is not None and item.media_id is not None


def _judgement(filed: StoredAssessment) -> Judgement:
    return Judgement(
        id=filed.id,
        by=filed.analyst_id,
        finding=filed.finding,
        category=filed.category,
        tier=filed.tier,
        blind=filed.blind,
    )
