"""Figures of agreement and of lists, from what people filed by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from safehold.model.assessment import (
    AgeBand,
    Category,
    Company,
    Development,
    Finding,
    ImageryForm,
    SelfGenerated,
    Tier,
)
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId
from safehold.model.team import TeamSize
from safehold.review.quality import agreement, overturned
from safehold.review.rules import Policy, SecondFor

A = ImageryForm(finding=Finding.ILLEGAL, category=Category.A, age_band=AgeBand.FROM_7_TO_10)
B = replace(A, category=Category.B)
NOTHING = ImageryForm(finding=Finding.NOT_ILLEGAL)


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
