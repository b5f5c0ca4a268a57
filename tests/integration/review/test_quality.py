"""Figures of agreement and of lists, from what people filed by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from safehold.model.assessment import (
    AgeBand,
    Answer,
    Category,
    Company,
    ConductForm,
    ConductKind,
    Development,
    Finding,
    ImageryForm,
    SelfGenerated,
    Tier,
)
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId
from safehold.model.team import TeamSize
from safehold.review.quality import agreement, overturned
from safehold.review.rules import Policy, SecondFor

A = ImageryForm(finding=Finding.ILLEGAL, category=Category.A, age_band=AgeBand.FROM_7_TO_10)
B = replace(A, category=Category.B)
NOTHING = ImageryForm(finding=Finding.NOT_ILLEGAL)
GROOMING = ConductForm(finding=Finding.ILLEGAL, kind=ConductKind.GROOMING, by="someone", relied_on=("m1",))
NO_GROOMING = ConductForm(finding=Finding.NOT_ILLEGAL, child_at_risk_now=Answer.NO)


@pytest.fixture
def full(room: Any) -> Any:
    """Let everything take two people in a full team."""
    room.policy = Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))
    return room


def assessed(room: Any, *forms: ImageryForm, by: tuple[AnalystId, ...], rehearsal: bool = False) -> None:
    """Let people assess one item after each other, all having seen it clearly."""
    if rehearsal:
        item_id = room.arrives(rehearsal=True)
        room.match(item_id, room.test_list)
        case_id = room.opened(item_id, purpose=Purpose.TEST)
    else:
        case_id, item_id = room.flagged_case()
    for minute, (form, who) in enumerate(zip(forms, by, strict=True)):
        now = room.later(minutes=minute)
        room.takes(case_id, who, now)
        room.looks(case_id, item_id, Tier.CLEAR, by=who, now=now)
        room.assesses(case_id, item_id, form, by=who, now=now)


def figures(room: Any, *, now: timedelta = timedelta(days=1), of: AnalystId | None = None) -> dict[str, Any]:
    """Return what is known of each field a day later."""
    with room.begin() as tx:
        return {one.field: one for one in agreement(tx, now=room.now + now, analyst=of)}


def test_two_people_have_a_kappa_per_field_and_see_their_own(full: Any) -> None:
    both = (full.ada, full.ben)
    for forms in ((A, A), (A, A), (B, B), (A, B), (NOTHING, NOTHING), (NOTHING, NOTHING), (A, NOTHING)):
        assessed(full, *forms, by=both)
    found = figures(full, of=full.ada)
    # Of seven findings six agree; by chance 4/7 * 5/7 + 3/7 * 2/7 would.
    assert found["finding"].everybody.units == 7
    chance = (5 * 4 + 2 * 3) / 49
    assert found["finding"].everybody.value == pytest.approx((6 / 7 - chance) / (1 - chance))
    assert found["finding"].own.value == pytest.approx(found["finding"].everybody.value)
    assert found["category"].everybody.units == 4
    assert found["age_band"].own.units == 4
    assert found["age_band"].own.value is None
    assert figures(full)["finding"].own is None
    assert figures(full, of=full.new_analyst())["finding"].own.units == 0


def test_a_question_is_compared_among_those_who_were_asked_it(full: Any) -> None:
    both = (full.ada, full.ben)
    made = replace(A, self_generated=SelfGenerated.YES, company=Company.ALONE)
    other = replace(made, company=Company.FRIEND)
    assessed(full, made, made, by=both)
    assessed(full, made, other, by=both)
    assessed(full, A, A, by=both)
    assessed(full, A, made, by=both)
    found = figures(full)
    assert found["self_generated"].everybody.units == 4
    assert found["company"].everybody.units == 2
    assert found["development"].everybody.units == 0
    staged = replace(A, development=Development.UNKNOWN)
    assessed(full, staged, staged, by=both)
    assert figures(full)["development"].everybody.units == 1


def test_more_people_have_an_alpha(full: Any) -> None:
    third = full.new_analyst()
    assessed(full, A, B, B, by=(full.ada, full.ben, third))
    assessed(full, A, A, by=(full.ada, third))
    found = figures(full)["category"].everybody
    # Five answers, three A: one of 3 and of 2 pairs differ. 1 - (4 / 2 / 5) / (12 / 20) = 1/3
    assert (found.units, found.value) == (2, pytest.approx(1 / 3))


def test_what_one_person_assessed_what_is_long_ago_and_rehearsals_say_nothing(full: Any) -> None:
    assessed(full, A, by=(full.ada,))
    assessed(full, A, A, by=(full.ada, full.ben), rehearsal=True)
    assert figures(full)["finding"].everybody.units == 0
    assessed(full, A, A, by=(full.ada, full.ben))
    assert figures(full)["finding"].everybody.units == 1
    assert figures(full, now=timedelta(days=91))["finding"].everybody.units == 0


def test_what_was_filed_with_the_others_findings_in_view_is_no_agreement(full: Any) -> None:
    assessed(full, A, B, NOTHING, by=(full.ada, full.ben, full.new_analyst()))
    lead = full.new_analyst(role="lead")
    [place] = full.sql("select case_id, item_id from case_item where waits_for = 'lead'")
    before = figures(full)["finding"].everybody
    for minute in (30, 31):
        now = full.later(minutes=minute)
        full.takes(place.case_id, lead, now)
        full.assesses(place.case_id, place.item_id, NOTHING, by=lead, now=now)
    assert full.sql("select 1 from outcome")
    after = figures(full, of=lead)["finding"]
    # The lead's first assessment counts, the deciding one does not.
    assert (before.units, after.everybody.units, after.own.units) == (1, 1, 1)


def talked_about(room: Any, *forms: ConductForm) -> tuple[CaseId, ItemId]:
    """Let ada, then ben, assess one conversation by themselves."""
    case_id, item_id = room.flagged_case()
    room.sql("update item set kind = 'messages', media_id = null where id = :id", id=item_id)
    for minute, (form, who) in enumerate(zip(forms, (room.ada, room.ben), strict=False)):
        now = room.later(minutes=minute)
        filed = room.files(case_id, item_id, form, by=who, now=now)
        room.settles(case_id, item_id, filed, now)
    return case_id, item_id


def test_a_conversation_is_settled_by_two_who_agree_where_the_policy_asks_for_two(full: Any) -> None:
    case_id, item_id = talked_about(full, GROOMING)
    assert full.waits_for(case_id, item_id) == "second"
    assert full.sql("select 1 from outcome") == []
    case_id, item_id = talked_about(full, GROOMING, replace(GROOMING, child_at_risk_now=Answer.YES))
    [row] = full.sql("select people_asked, form from outcome")
    assert (row.people_asked, row.form) == (2, "conduct")


def test_two_who_disagree_about_a_conversation_wait_for_a_third(full: Any) -> None:
    case_id, item_id = talked_about(full, GROOMING, NO_GROOMING)
    assert full.waits_for(case_id, item_id) == "third"


def test_conversations_have_figures_of_their_own_and_what_is_written_is_not_compared(full: Any) -> None:
    talked_about(full, GROOMING, replace(GROOMING, by="another", relied_on=("m2",)))
    talked_about(full, GROOMING, replace(GROOMING, kind=ConductKind.COERCION))
    talked_about(full, NO_GROOMING, replace(NO_GROOMING, child_at_risk_now=Answer.YES))
    with full.begin() as tx:
        found = {
            one.field: one for one in agreement(tx, now=full.later(days=1), analyst=full.ada, form="conduct")
        }
        of_imagery = agreement(tx, now=full.later(days=1))
    assert {"by", "towards", "relied_on", "category"}.isdisjoint(found)
    assert (found["finding"].everybody.value, found["finding"].everybody.units) == (1.0, 3)
    assert (found["kind"].everybody.units, found["child_at_risk_now"].everybody.units) == (2, 3)
    assert found["kind"].everybody.value == pytest.approx(0.0)
    assert found["child_at_risk_now"].own is not None
    assert found["child_at_risk_now"].own.units == 3
    assert all(one.everybody.units == 0 for one in of_imagery)


def test_a_list_is_overturned_where_people_find_nothing_in_what_it_knows_closely(room: Any) -> None:
    for form, distance in ((B, 4), (B, 15), (NOTHING, 3), (NOTHING, 16)):
        case_id, item_id = room.matched_case(distance=distance)
        room.takes(case_id, room.ada)
        room.looks(case_id, item_id, Tier.CLEAR, by=room.ada)
        room.assesses(case_id, item_id, form, by=room.ada)
    with room.begin() as tx:
        [one] = overturned(tx, now=room.later(days=1))
        assert overturned(tx, now=room.later(days=91)) == ()
    assert one.list_name == f"list {room.vetted[0]}"
    assert (one.rate.value, one.rate.units) == (pytest.approx(1 / 3), 3)


def test_a_match_of_another_type_of_signal_counts_where_it_may_hold_or_is_the_same_whatever_its_distance(
    room: Any,
) -> None:
    for distance, may_hold in ((9, True), (9, False), (0, False)):
        case_id, item_id = room.matched_case(distance=distance)
        room.assesses(case_id, item_id, B, by=room.ada)
        room.sql(
            "update match set signal_type = 'own_type', may_hold = :may_hold where item_id = :item",
            may_hold=may_hold,
            item=item_id,
        )
    with room.begin() as tx:
        [one] = overturned(tx, now=room.later(days=1))
    assert one.rate.units == 2
