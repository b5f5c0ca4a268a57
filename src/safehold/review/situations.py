"""What the rules are shown of an item: read from the tables, as it is now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from safehold.model.assessment import Category, Tier
from safehold.model.case import Case, Outcome
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId
from safehold.review import pages
from safehold.review.admission import is_kept_from
from safehold.review.conflicts import has_conflict
from safehold.review.rules import Judgement, Policy, Situation
from safehold.storage import assessments as assessment_rows
from safehold.storage import case_facts
from safehold.storage import items as item_rows
from safehold.storage.assessments import Found, StoredAssessment
from safehold.storage.cases import CaseItem
from safehold.storage.database import Tx


def situation_of(
    tx: Tx, case: Case, place: CaseItem, policy: Policy, *, contested: Outcome | None = None
) -> Situation | None:
    """Return what the rules are to judge, None where nothing was filed in this round of the item.

    Of what one person filed several times the last counts. Left out is who has a conflict of interest now,
    whenever they filed, and what only repeats a finding elsewhere: where that no longer stands, or somebody
    has found something by themselves; and who confirmed a page by what it shows, where nothing of that is
    found so any more. contested: the outcome that stands meanwhile; whoever is kept from its
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
    resting = [one for one in unconflicted if not _lost_its_basis(tx, case, place, one)]
    return _situation(tx, case, place.item_id, filed[-1].form, _independent_or_repeat(resting), policy)


def situation_if_repeated(
    tx: Tx,
    case: Case,
    item_id: ItemId,
    earlier: StoredAssessment,
    policy: Policy,
    *,
    bits: int | None = None,
    found: Found | None = None,
) -> Situation:
    """Return what the rules would be to judge if somebody repeated this finding of the same bytes.

    bits: of a picture that differs by so many instead. found: who found it, where no outcome rests on it yet.
    """
    repeat = replace(earlier, item_id=item_id, tier=Tier.NONE, blind=False, same_as=earlier.id, bits=bits)
    found = found or assessment_rows.found_with(tx, earlier.id)
    judgements = _independent_or_repeat([_repeated(tx, repeat, found, of=earlier.item_id)])
    return _situation(tx, case, item_id, earlier.form, judgements, policy)


def _lost_its_basis(tx: Tx, case: Case, place: CaseItem, one: Judgement) -> bool:
    return pages.rests_on_nothing(tx, case.id, place.item_id, one.verdict, [one.by])


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
    if filed.same_as is None:
        return _own(filed)
    earlier = assessment_rows.get(tx, filed.same_as)
    assert earlier is not None
    return _repeated(tx, filed, assessment_rows.found_with(tx, earlier.id), of=earlier.item_id)


def _own(filed: StoredAssessment) -> Judgement:
    return Judgement(
        id=filed.id,
        by=filed.analyst_id,
        finding=filed.finding,
        category=filed.category,
        tier=filed.tier,
        blind=filed.blind,
    )


def _repeated(tx: Tx, filed: StoredAssessment, found: Found, *, of: ItemId) -> Judgement:
    """Return what somebody repeats. Of the same bytes they saw what was seen of them; of others only this."""
    own = replace(_own(filed), repeats=True, people=found.people)
    if filed.bits is None:
        return replace(own, tier=_clearest({filed.tier, *found.tiers}))
    told_apart = bool(_said_of(tx, filed.item_id, filed.purpose) - _said_of(tx, of, filed.purpose))
    return replace(own, alike=True, seen_alike=_clearest(found.tiers), told_apart=told_apart)


def _clearest(tiers: Collection[Tier]) -> Tier:
    return next((tier for tier in (Tier.CLEAR, Tier.BLURRED) if tier in tiers), Tier.NONE)


def _said_of(tx: Tx, item_id: ItemId, purpose: Purpose) -> set[tuple[str, ...]]:
    """Return which lists know an item, as what, and who asked for a look at it and why."""
    matches = [
        (match.list_name, match.category or "", *match.labels)
        for match in case_facts.matches_of(tx, [item_id])
        if match.purpose is purpose and not match.withdrawn
    ]
    flags = [(flag.source, flag.reason) for _, flag in case_facts.flags_of(tx, [item_id])]
    return {*matches, *flags}
