"""What the rules are shown of an item: read from the tables, as it is now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from safehold.model.assessment import Category, Tier
from safehold.model.case import Case, Outcome
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId
from safehold.model.match import Flag
from safehold.review import pages
from safehold.review.admission import is_kept_from
from safehold.review.conflicts import has_conflict
from safehold.review.rules import Judgement, Policy, Situation
from safehold.storage import assessments as assessment_rows
from safehold.storage import case_facts
from safehold.storage import items as item_rows
from safehold.storage.assessments import Found, StoredAssessment
from safehold.storage.case_facts import MatchFacts
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
    tx: Tx, case: Case, item_id: ItemId, earlier: StoredAssessment, policy: Policy
) -> Situation:
    """Return what the rules would be to judge if somebody repeated this finding of the same bytes."""
    found = assessment_rows.found_with(tx, earlier.id)
    repeat = _repeated(_repeat_of(earlier, item_id, None), found, told_apart=False)
    return _situation(tx, case, item_id, earlier.form, _independent_or_repeat([repeat]), policy)


@dataclass(frozen=True, slots=True)
class Said:
    """What lists and flags say of some items."""

    matches: Mapping[ItemId, Sequence[MatchFacts]]
    flags: Mapping[ItemId, Sequence[Flag]]

    def of(self, item_id: ItemId, purpose: Purpose) -> set[tuple[str, ...]]:
        """Return which lists know an item, as what, and who asked for a look at it and why."""
        matches = [
            (match.list_name, match.category or "", *match.labels)
            for match in self.matches.get(item_id, ())
            if match.purpose is purpose and not match.withdrawn
        ]
        return {*matches, *((flag.source, flag.reason) for flag in self.flags.get(item_id, ()))}


def said_of(tx: Tx, item_ids: Collection[ItemId]) -> Said:
    """Return what is said of these items, in two questions however many they are."""
    matches: dict[ItemId, list[MatchFacts]] = {}
    flags: dict[ItemId, list[Flag]] = {}
    for match in case_facts.matches_of(tx, item_ids):
        matches.setdefault(match.item_id, []).append(match)
    for item_id, flag in case_facts.flags_of(tx, item_ids):
        flags.setdefault(item_id, []).append(flag)
    return Said(matches, flags)


def situation_if_alike(
    case: Case,
    picture: ItemId,
    earlier: StoredAssessment,
    policy: Policy,
    *,
    bits: int | None,
    found: Found,
    said: Said,
) -> Situation:
    """Return what the rules would be to judge if somebody repeated a finding of a picture nearly the same.

    picture: which has media, and so shows nothing besides. bits: by which they differ, None for the same
    bytes. found: who found it. said: of both, at least.
    """
    told_apart = bool(said.of(picture, earlier.purpose) - said.of(earlier.item_id, earlier.purpose))
    repeat = _repeated(_repeat_of(earlier, picture, bits), found, told_apart=told_apart)
    return _judged(
        case,
        picture,
        earlier.form,
        _independent_or_repeat([repeat]),
        policy,
        matches=said.matches.get(picture, ()),
        has_media=True,
    )


def _repeat_of(earlier: StoredAssessment, item_id: ItemId, bits: int | None) -> StoredAssessment:
    return replace(earlier, item_id=item_id, tier=Tier.NONE, blind=False, same_as=earlier.id, bits=bits)


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
    return _judged(
        case,
        item_id,
        form,
        judgements,
        policy,
        matches=case_facts.matches_of(tx, [item_id, *shown]),
        has_media=any(_has_media(tx, each) for each in (item_id, *shown)),
    )


def _judged(
    case: Case,
    item_id: ItemId,
    form: str,
    judgements: tuple[Judgement, ...],
    policy: Policy,
    *,
    matches: Iterable[MatchFacts],
    has_media: bool,
) -> Situation:
    vouching = [match for match in matches if match.vouched and match.purpose is case.purpose]
    return Situation(
        item_id=item_id,
        form=form,
        has_media=has_media,
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
    found = assessment_rows.found_with(tx, earlier.id)
    if filed.bits is None:
        return _repeated(filed, found, told_apart=False)
    said = said_of(tx, [filed.item_id, earlier.item_id])
    told_apart = said.of(filed.item_id, filed.purpose) - said.of(earlier.item_id, filed.purpose)
    return _repeated(filed, found, told_apart=bool(told_apart))


def _own(filed: StoredAssessment) -> Judgement:
    return Judgement(
        id=filed.id,
        by=filed.analyst_id,
        finding=filed.finding,
        category=filed.category,
        tier=filed.tier,
        blind=filed.blind,
    )


def _repeated(filed: StoredAssessment, found: Found, *, told_apart: bool) -> Judgement:
    """Return what somebody repeats. Of the same bytes they saw what was seen of them; of others only this."""
    own = replace(_own(filed), repeats=True, people=found.people)
    if filed.bits is None:
        return replace(own, tier=_clearest({filed.tier, *found.tiers}))
    return replace(own, alike=True, seen_alike=_clearest(found.tiers), told_apart=told_apart)


def _clearest(tiers: Collection[Tier]) -> Tier:
    return next((tier for tier in (Tier.CLEAR, Tier.BLURRED) if tier in tiers), Tier.NONE)
