"""The rules by themselves: how many people it takes, what disagreement is, and what has to be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.assessment import Category, Finding, Tier
from safehold.model.case import WaitsFor
from safehold.model.ids import AnalystId, AssessmentId, ItemId, new_id
from safehold.model.team import TeamSize
from safehold.review.rules import (
    Judgement,
    Policy,
    SecondFor,
    Settled,
    Situation,
    decide,
    may_become_entry,
    may_publish_own_lists,
    people_asked,
)
from safehold.review.rules.enough_people import is_drawn

FULL = Policy(size=TeamSize.FULL)
ALL = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))
SMALL = Policy(size=TeamSize.SMALL, second_for=frozenset({SecondFor.ALL}))
SINGLE = Policy(size=TeamSize.SINGLE, second_for=frozenset(SecondFor), second_share=1.0)
ILLEGAL, NOT_ILLEGAL = Finding.ILLEGAL, Finding.NOT_ILLEGAL
ITEM = ItemId(new_id())


def judgement(
    finding: Finding = ILLEGAL,
    category: str | None = "B",
    tier: Tier = Tier.CLEAR,
    *,
    blind: bool = True,
    found_elsewhere_by: int = 0,
) -> Judgement:
    """Return what another person found, or repeats of what so many found elsewhere."""
    return Judgement(
        id=AssessmentId(new_id()),
        by=AnalystId(new_id()),
        finding=finding,
        category=Category(category) if category and finding is ILLEGAL else None,
        tier=tier,
        blind=blind,
        repeats=bool(found_elsewhere_by),
        people=found_elsewhere_by or 1,
    )


def decided(*judgements: Judgement, policy: Policy = FULL, **more: Any) -> Settled | WaitsFor:
    """Return what the rules make of it."""
    return decide(Situation(item_id=ITEM, judgements=judgements, policy=policy, **more))


def settles(*judgements: Judgement, **more: Any) -> tuple[Finding, Category | None]:
    """Return what was settled."""
    settled = decided(*judgements, **more)
    assert isinstance(settled, Settled), settled
    return settled.agreed[0].verdict


def test_nobody_settles_nothing() -> None:
    assert decided() is WaitsFor.ASSESSMENT


def test_one_person_who_saw_it_clearly_settles_where_the_policy_asks_for_nobody_else() -> None:
    assert settles(judgement()) == (ILLEGAL, Category.B)


@pytest.mark.parametrize("policy", [ALL, SMALL], ids=["full", "small"])
def test_where_everything_takes_two_one_is_not_enough_and_two_who_agree_are(policy: Policy) -> None:
    assert decided(judgement(), policy=policy) is WaitsFor.SECOND
    assert settles(judgement(), judgement(), policy=policy) == (ILLEGAL, Category.B)


def test_category_a_takes_two_whoever_says_so() -> None:
    policy = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.CATEGORY_A}))
    assert decided(judgement(category="A"), policy=policy) is WaitsFor.SECOND
    assert settles(judgement(category="B"), policy=policy) == (ILLEGAL, Category.B)
    listed = {"vouched": True, "listed_categories": frozenset({Category.A})}
    assert decided(judgement(category="B"), policy=policy, **listed) is WaitsFor.SECOND


def test_disagreement_with_the_list_takes_two() -> None:
    policy = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.LIST_DISAGREEMENT}))
    listed: dict[str, Any] = {"policy": policy, "vouched": True, "listed_categories": frozenset({Category.B})}
    assert settles(judgement(category="B", tier=Tier.NONE), **listed) == (ILLEGAL, Category.B)
    assert decided(judgement(category="C"), **listed) is WaitsFor.SECOND
    assert decided(judgement(NOT_ILLEGAL), **listed) is WaitsFor.SECOND
    without_a_category = {**listed, "listed_categories": frozenset()}
    assert settles(judgement(category="C"), **without_a_category) == (ILLEGAL, Category.C)


@given(item=st.uuids(), small=st.floats(0, 1), large=st.floats(0, 1))
def test_a_share_draws_the_same_items_again_and_a_larger_one_draws_those_of_a_smaller(
    item: Any, small: float, large: float
) -> None:
    small, large = sorted((small, large))
    assert is_drawn(item, small) == is_drawn(item, small)
    assert is_drawn(item, large) or not is_drawn(item, small)
    assert is_drawn(item, 1.0)
    assert not is_drawn(item, 0.0)


def test_a_share_is_about_as_large_as_it_says() -> None:
    drawn = sum(is_drawn(ItemId(new_id()), 0.2) for _ in range(5000))
    assert 800 < drawn < 1200


def test_in_a_full_team_a_third_is_asked_where_two_disagree_and_a_lead_where_three_do() -> None:
    first, second = judgement(category="A"), judgement(category="B")
    assert decided(first, second) is WaitsFor.THIRD
    assert settles(first, second, judgement(category="B")) == (ILLEGAL, Category.B)
    assert decided(first, second, judgement(NOT_ILLEGAL)) is WaitsFor.LEAD


def test_in_a_small_team_there_may_be_no_third_so_a_lead_is_asked() -> None:
    assert decided(judgement(), judgement(NOT_ILLEGAL), policy=SMALL) is WaitsFor.LEAD


def test_a_finding_that_only_half_of_the_people_share_settles_nothing() -> None:
    people = [judgement(category="A"), judgement(category="A"), judgement(), judgement()]
    assert decided(*people) is WaitsFor.LEAD


def test_a_lead_who_has_seen_what_all_found_decides() -> None:
    people = [judgement(category="A"), judgement(category="B"), judgement(category="C", blind=False)]
    assert settles(*people) == (ILLEGAL, Category.C)


def test_where_one_person_is_all_there_is_no_setting_asks_for_another() -> None:
    assert settles(judgement(category="A"), policy=SINGLE) == (ILLEGAL, Category.A)
    assert people_asked(Situation(item_id=ITEM, policy=SINGLE)) == 1


def test_what_no_list_knows_is_confirmed_only_where_one_of_those_who_agree_saw_it_clearly() -> None:
    blurred, clear = judgement(tier=Tier.BLURRED), judgement()
    assert decided(blurred) is WaitsFor.CLEAR_VIEW
    assert decided(blurred, blurred, policy=ALL) is WaitsFor.CLEAR_VIEW
    assert settles(blurred, clear, policy=ALL) == (ILLEGAL, Category.B)
    # A clear view of somebody who found something else does not count for it.
    assert decided(judgement(NOT_ILLEGAL), blurred, judgement(tier=Tier.NONE)) is WaitsFor.CLEAR_VIEW


def test_unseen_a_person_settles_only_what_a_vetted_list_knows() -> None:
    unseen = judgement(tier=Tier.NONE)
    assert settles(unseen, vouched=True) == (ILLEGAL, Category.B)
    assert decided(unseen) is WaitsFor.CLEAR_VIEW
    assert decided(judgement(NOT_ILLEGAL, tier=Tier.NONE)) is WaitsFor.VIEW
    assert settles(judgement(NOT_ILLEGAL, tier=Tier.BLURRED)) == (NOT_ILLEGAL, None)


def test_what_cannot_be_seen_can_be_closed_and_not_confirmed() -> None:
    assert settles(judgement(NOT_ILLEGAL, tier=Tier.NONE), has_media=False) == (NOT_ILLEGAL, None)
    assert settles(judgement(Finding.CANNOT_DETERMINE, tier=Tier.NONE)) == (Finding.CANNOT_DETERMINE, None)
    assert decided(judgement(tier=Tier.NONE), has_media=False) is WaitsFor.CLEAR_VIEW


@pytest.mark.parametrize("finding", [each for each in Finding if not each.confirms], ids=str)
@pytest.mark.parametrize("tier", [Tier.NONE, Tier.BLURRED], ids=str)
def test_what_a_vetted_list_knows_is_let_go_only_after_a_clear_view_or_by_two(
    finding: Finding, tier: Tier
) -> None:
    unseen = judgement(finding, tier=tier)
    assert decided(unseen, vouched=True) is WaitsFor.SECOND
    assert decided(unseen, vouched=True, policy=SINGLE) is WaitsFor.CLEAR_VIEW
    assert settles(unseen, judgement(finding, tier=tier), vouched=True) == (finding, None)
    for policy in (FULL, SINGLE):
        assert settles(judgement(finding), vouched=True, policy=policy) == (finding, None)


def test_conversations_are_read_and_need_no_view() -> None:
    assert settles(judgement(category=None, tier=Tier.NONE), form="conduct") == (ILLEGAL, None)


def test_an_entry_takes_two_people_who_both_saw_it_clearly_and_found_the_same() -> None:
    clear, unseen = judgement(), judgement(tier=Tier.NONE)
    assert may_become_entry([clear, judgement()], ALL)
    assert may_become_entry([clear, judgement(), unseen], SMALL)
    assert not may_become_entry([clear], ALL)
    assert not may_become_entry([clear, clear], ALL)
    assert not may_become_entry([clear, unseen], ALL)
    assert not may_become_entry([clear, judgement(tier=Tier.BLURRED)], ALL)
    assert not may_become_entry([clear, judgement(category="A")], ALL)
    assert not may_become_entry([judgement(NOT_ILLEGAL), judgement(NOT_ILLEGAL)], ALL)


def test_where_one_person_is_all_there_is_nothing_becomes_an_entry_and_no_list_is_published() -> None:
    assert not may_become_entry([judgement(), judgement()], SINGLE)
    assert not may_publish_own_lists(SINGLE)
    assert may_publish_own_lists(SMALL)


JUDGEMENTS = st.builds(
    judgement,
    finding=st.sampled_from(list(Finding)),
    category=st.sampled_from(["A", "B", "C"]),
    tier=st.sampled_from(list(Tier)),
    blind=st.booleans(),
)
POLICIES = st.builds(
    Policy,
    size=st.sampled_from(list(TeamSize)),
    second_for=st.frozensets(st.sampled_from(list(SecondFor))),
    second_share=st.floats(0, 1),
)


@given(
    people=st.lists(JUDGEMENTS, max_size=5),
    policy=POLICIES,
    vouched=st.booleans(),
    listed=st.frozensets(st.sampled_from(list(Category))),
)
def test_whatever_people_find_fewer_than_were_asked_for_settle_nothing_and_all_are_counted_once(
    people: list[Judgement], policy: Policy, vouched: bool, listed: frozenset[Category]
) -> None:
    situation = Situation(
        item_id=ITEM, judgements=tuple(people), policy=policy, vouched=vouched, listed_categories=listed
    )
    decision = decide(situation)
    if isinstance(decision, Settled):
        assert decision.asked == people_asked(situation) <= len(people)
        assert sorted(one.by for one in decision.judged) == sorted(one.by for one in people)
        assert len({one.verdict for one in decision.agreed}) == 1
        assert decision.agreed[0].finding.confirms is False or vouched or decision.tier is Tier.CLEAR
    else:
        assert decision is not WaitsFor.SETTLING


@pytest.mark.parametrize(
    ("people", "policy", "waits_for"),
    [
        (1, FULL, None),
        (1, ALL, WaitsFor.ASSESSMENT),
        (1, SMALL, WaitsFor.ASSESSMENT),
        (2, ALL, None),
        (1, SINGLE, None),
    ],
)
def test_a_repeat_is_no_independent_assessment_and_suffices_where_as_many_found_it_as_are_asked_for(
    people: int, policy: Policy, waits_for: WaitsFor | None
) -> None:
    found = decided(judgement(blind=False, found_elsewhere_by=people), policy=policy)
    assert found is waits_for if waits_for else isinstance(found, Settled)


def test_what_a_list_vouches_for_is_let_go_by_no_repeat_of_what_nobody_saw_clearly() -> None:
    repeat = judgement(NOT_ILLEGAL, tier=Tier.BLURRED, blind=False, found_elsewhere_by=2)
    assert decided(repeat, policy=ALL, vouched=True) is WaitsFor.ASSESSMENT


def test_a_repeat_is_nobody_who_has_seen_it_where_an_entry_takes_two() -> None:
    repeat = judgement(blind=False, found_elsewhere_by=2)
    assert not may_become_entry([judgement(), repeat], FULL)
    assert may_become_entry([judgement(), judgement()], FULL)


def by_likeness(
    finding: Finding = ILLEGAL, *, people: int = 1, seen_alike: Tier = Tier.CLEAR, apart: bool = False
) -> Judgement:
    """Return what somebody repeats, unseen, of a picture that is nearly the same."""
    repeated = judgement(finding, tier=Tier.NONE, blind=False, found_elsewhere_by=people)
    return replace(repeated, alike=True, seen_alike=seen_alike, told_apart=apart)


LISTED: dict[str, Any] = {"vouched": True, "listed_categories": frozenset({Category.B})}


@pytest.mark.parametrize("policy", [FULL, SINGLE], ids=["full", "single"])
def test_likeness_confirms_what_a_list_vouches_for_and_lets_go_what_none_does(policy: Policy) -> None:
    assert settles(by_likeness(), policy=policy, **LISTED) == (ILLEGAL, Category.B)
    assert settles(by_likeness(seen_alike=Tier.NONE), policy=policy, **LISTED) == (ILLEGAL, Category.B)
    assert settles(by_likeness(NOT_ILLEGAL), policy=policy) == (NOT_ILLEGAL, None)


@pytest.mark.parametrize("policy", [FULL, SMALL, SINGLE], ids=["full", "small", "single"])
def test_likeness_suffices_for_nothing_else(policy: Policy) -> None:
    assert decided(by_likeness(), policy=policy) is WaitsFor.ASSESSMENT
    assert decided(by_likeness(NOT_ILLEGAL), policy=policy, **LISTED) is WaitsFor.ASSESSMENT
    for tier in (Tier.NONE, Tier.BLURRED):
        unclear = by_likeness(NOT_ILLEGAL, seen_alike=tier)
        assert decided(unclear, policy=policy) is WaitsFor.ASSESSMENT
    assert decided(by_likeness(NOT_ILLEGAL, apart=True), policy=policy) is WaitsFor.ASSESSMENT
    assert decided(by_likeness(apart=True), policy=policy, **LISTED) is WaitsFor.ASSESSMENT
    other = {**LISTED, "listed_categories": frozenset({Category.C})}
    assert decided(by_likeness(), policy=policy, **other) is WaitsFor.ASSESSMENT


def test_where_two_are_asked_for_likeness_takes_two_who_found_the_other_one_so() -> None:
    assert decided(by_likeness(), policy=ALL, **LISTED) is WaitsFor.ASSESSMENT
    assert settles(by_likeness(people=2), policy=ALL, **LISTED) == (ILLEGAL, Category.B)


@given(
    finding=st.sampled_from(Finding),
    people=st.integers(1, 3),
    seen=st.sampled_from(Tier),
    vouched=st.booleans(),
    policy=st.sampled_from([FULL, ALL, SMALL, SINGLE]),
)
def test_likeness_never_confirms_what_no_list_vouches_for_and_never_claims_that_anybody_saw_it(
    finding: Finding, people: int, seen: Tier, vouched: bool, policy: Policy
) -> None:
    found = by_likeness(finding, people=people, seen_alike=seen)
    result = decided(found, policy=policy, vouched=vouched)
    if isinstance(result, Settled):
        assert finding.confirms is vouched
        assert result.tier is Tier.NONE
        assert not may_become_entry(result.judged, policy)
