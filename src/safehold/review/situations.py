"""What the rules are shown of an item: read from the tables, as it is now."""

from __future__ import annotations

from dataclasses import replace

from safehold.model.assessment import Category, Tier
from safehold.model.case import Case, Outcome
from safehold.model.ids import ItemId
from safehold.review import pages
from safehold.review.admission import is_kept_from
from safehold.review.conflicts import has_conflict
from safehold.review.rules import Judgement, Policy, Situation
from safehold.storage import assessments as assessment_rows
from safehold.storage import case_facts
from safehold.storage import items as item_rows
from safehold.storage.assessments import StoredAssessment
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx


def situation_of(
    tx: Tx, case: Case, place: CaseItem, policy: Policy, *, contested: Outcome | None = None
) -> Situation | None:
    """Return what the rules are to judge, None where nothing was filed in this round of the item.

    Of what one person filed several times the last counts. Left out is who has a conflict of interest now,
    whenever they filed, and what only repeats a finding elsewhere: where that no longer stands, or somebody
    has found something by themselves. contested: the outcome that stands meanwhile; whoever is kept from its
    case does not count either.
    """
    filed = assessment_rows.of_round(tx, case.id, place.item_id, place.round)
    if not filed:
        return None
    last = {one.analyst_id: one for one in filed}
    counted = [_judgement(tx, one) for one in filed if last[one.analyst_id] is one]
    unconflicted = [one for one in counted if not has_conflict(tx, case.id, one.by)]
    if contested is not None:
        # Their finding may reverse what stands, which only somebody can who may touch that case.
        unconflicted = [one for one in unconflicted if not is_kept_from(tx, contested.case_id, one.by)]
    return _situation(tx, case, place.item_id, filed[-1].form, _independent_or_repeat(unconflicted), policy)


def situation_if_repeated(
    tx: Tx, case: Case, item_id: ItemId, earlier: StoredAssessment, policy: Policy
) -> Situation:
    """Return what the rules would be to judge if somebody repeated this finding of the same bytes."""
    repeat = replace(earlier, item_id=item_id, tier=Tier.NONE, blind=False, same_as=earlier.id)
    judgements = _independent_or_repeat([_judgement(tx, repeat)])
    return _situation(tx, case, item_id, earlier.form, judgements, policy)


def _independent_or_repeat(judgements: list[Judgement]) -> tuple[Judgement, ...]:
    independent = tuple(each for each in judgements if not each.repeats)
    return independent or tuple(each for each in judgements if each.people)[-1:]


def _situation(
    tx: Tx, case: Case, item_id: ItemId, form: str, judgements: tuple[Judgement, ...], policy: Policy
) -> Situation:
    # A list that knows what a page shows knows the page: nothing of it is here besides.
    shown = pages.shown_within(tx, item_id, case.id)
    matches = case_facts.matches_of(tx, [item_id, *shown])
    vouching = [match for match in matches if match.vouched and match.purpose is case.purpose]
    return Situation(
        item_id=item_id,
        form=form,
        has_media=any(_has_media(tx, each) for each in (item_id, *shown)),
        vouched=bool(vouching),
        listed_categories=frozenset(
            Category(match.category) for match in vouching if match.category in set(Category)
        ),
        judgements=judgements,
        policy=policy,
    )


def _has_media(tx: Tx, item_id: ItemId) -> bool:
    item = item_rows.get_bare(tx, item_id)
    return item is not None and item.media_id is not None


def _judgement(tx: Tx, filed: StoredAssessment) -> Judgement:
    own = Judgement(
        id=filed.id,
        by=filed.analyst_id,
        finding=filed.finding,
        category=filed.category,
        tier=filed.tier,
        blind=filed.blind,
    )
    if filed.same_as is None:
        return own
    found = assessment_rows.found_with(tx, filed.same_as)
    seen = {filed.tier, *found.tiers}
    clearest_seen = next(tier for tier in (Tier.CLEAR, Tier.BLURRED, Tier.NONE) if tier in seen)
    return replace(own, repeats=True, people=found.people, tier=clearest_seen)
