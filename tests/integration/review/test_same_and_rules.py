"""What was decided before beside the rules that ask several people, and the queue that keeps to both."""

from __future__ import annotations

from typing import Any

import pytest

from safehold.model.assessment import Category, Finding, ImageryForm, Tier
from safehold.model.errors import StaleRevision
from safehold.model.exposure import ExposureChoices, ExposureKind
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.team import TeamSize
from safehold.review import quality, same
from safehold.review.budget import ExposureRules
from safehold.review.cases import PassReason, pass_on
from safehold.review.facts import facts
from safehold.review.rules import Policy, SecondFor
from safehold.review.settle import ReversalReason, look_again, outcomes, reverse
from safehold.review.wellbeing import choose, next_case
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows

Place = tuple[CaseId, ItemId]

A, B = (ImageryForm(finding=Finding.ILLEGAL, category=Category(each)) for each in "AB")
NOTHING = ImageryForm(finding=Finding.NOT_ILLEGAL)
RULES = ExposureRules()
ONE, TWO = Policy(size=TeamSize.FULL), Policy(size=TeamSize.FULL, second_for=frozenset({SecondFor.ALL}))


def appears(room: Any, *, listed: bool = False) -> Place:
    """Return a case of its own in which the same picture appears."""
    item_id = room.arrives(media="garden", account=f"account {len(room.sql('select 1 from item'))}")
    if listed:
        room.match(item_id)
    else:
        room.flag(item_id)
    return room.opened(item_id, flagged=not listed), item_id


def finds(room: Any, place: Place, form: ImageryForm, by: AnalystId, *, minutes: int = 0) -> AssessmentId:
    """Let somebody look at an item clearly and assess it by themselves."""
    now = room.later(minutes=minutes)
    room.takes(place[0], by, now)
    room.looks(*place, Tier.CLEAR, by=by, now=now)
    filed: AssessmentId = room.assesses(*place, form, by=by, now=now)
    return filed


def repeats(room: Any, place: Place, earlier: AssessmentId, by: AnalystId, *, minutes: int = 0) -> None:
    """Let somebody decide as it was decided before, and the rules look at it."""
    filed = repeats_only(room, place, earlier, by, minutes=minutes)
    room.settles(*place, filed, room.later(minutes=minutes))


def repeats_only(
    room: Any, place: Place, earlier: AssessmentId, by: AnalystId, *, minutes: int = 0
) -> AssessmentId:
    now = room.later(minutes=minutes)
    case = room.takes(place[0], by, now)
    with room.begin() as tx:
        return same.decide_as_before(
            tx,
            *place,
            earlier,
            by=by,
            policy_version="2026-01",
            case_revision=case.revision,
            policy=room.policy,
            record=room.record,
            now=now,
        )


def offered(room: Any, place: Place) -> AssessmentId | None:
    """Return what can be repeated for an item now."""
    with room.begin() as tx:
        stored = item_rows.get(tx, place[1])
        assert stored is not None
        found = same.offered(tx, room.case(place[0]), stored.item, by=room.ada, policy=room.policy)
    return found.id if found else None


def stands(room: Any, place: Place) -> list[tuple[Any, ...]]:
    with room.begin() as tx:
        return [(one.outcome.finding, one.outcome.by) for one in outcomes(tx, place[0]) if one.stands]


def next_for(room: Any, who: AnalystId, rules: ExposureRules = RULES) -> CaseId | None:
    """Return the case that somebody is offered, and undo their taking it."""
    with room.begin() as tx, tx.connection.begin_nested() as undo:
        case = next_case(tx, who, room.later(hours=1), rules=rules)
        undo.rollback()
    return case.id if case else None


def test_what_one_person_found_elsewhere_is_no_second_assessment_and_is_not_offered(room: Any) -> None:
    room.policy = ONE
    first = finds(room, appears(room), B, room.ada)
    here = appears(room)
    assert offered(room, here) == first
    room.policy = TWO
    assert offered(room, here) is None
    with pytest.raises(StaleRevision):
        repeats(room, here, first, room.ben)


def test_to_repeat_is_not_offered_once_somebody_has_assessed_the_item_by_themselves(room: Any) -> None:
    room.policy = ONE
    first = finds(room, appears(room), B, room.ada)
    here = appears(room)
    room.policy = TWO
    finds(room, here, B, room.new_analyst())
    room.policy = ONE
    assert room.waits_for(*here) == "second"
    assert offered(room, here) is None
    with pytest.raises(StaleRevision):
        repeats(room, here, first, room.ben)


def test_a_repeat_that_was_filed_counts_as_nobody_where_two_are_asked_for_by_then(room: Any) -> None:
    room.policy = ONE
    first = finds(room, appears(room), B, room.ada)
    here = appears(room)
    filed = repeats_only(room, here, first, room.ben)
    room.policy = TWO
    room.settles(*here, filed)
    assert room.waits_for(*here) == "assessment"
    third, fourth = room.new_analyst(), room.new_analyst()
    finds(room, here, B, third, minutes=20)
    assert room.waits_for(*here) == "second"
    finds(room, here, B, fourth, minutes=40)
    assert stands(room, here) == [(Finding.ILLEGAL, (fourth, third))]


def test_whoever_only_repeated_may_still_assess_it_themselves_so_that_two_people_suffice(
    room: Any,
) -> None:
    room.policy = ONE
    first = finds(room, appears(room), B, room.ada)
    here = appears(room)
    filed = repeats_only(room, here, first, room.ben)
    room.policy = Policy(size=TeamSize.SMALL, second_for=TWO.second_for)
    room.settles(*here, filed)
    assert next_for(room, room.ben) == here[0]
    # The first person has seen the picture elsewhere, and is not shown it again.
    mine = room.files(*here, B, by=room.ada, now=room.later(minutes=20))
    room.settles(*here, mine, room.later(minutes=20))
    assert room.waits_for(*here) == "second"
    assert [next_for(room, who) for who in (room.ada, room.ben)] == [None, here[0]]
    finds(room, here, B, room.ben, minutes=40)
    assert stands(room, here) == [(Finding.ILLEGAL, (room.ben, room.ada))]


def test_what_two_people_found_by_themselves_takes_one_to_repeat_it(room: Any) -> None:
    room.policy = TWO
    there, here = appears(room), appears(room)
    finds(room, there, B, room.ada)
    decided = finds(room, there, B, room.ben, minutes=20)
    assert offered(room, here) == decided
    third = room.new_analyst()
    repeats(room, here, decided, third, minutes=40)
    assert stands(room, here) == [(Finding.ILLEGAL, (third,))]
    [outcome] = room.sql("select people_asked, tier from outcome where item_id = :item", item=here[1])
    assert (outcome.people_asked, outcome.tier) == (1, "clear")
    [filed] = room.sql("select blind, tier from assessment where item_id = :item", item=here[1])
    assert (filed.blind, filed.tier) == (False, "none")


def test_a_repeat_is_in_no_figure_of_how_far_people_agree(room: Any) -> None:
    room.policy = TWO
    there, here = appears(room), appears(room)
    finds(room, there, B, room.ada)
    decided = finds(room, there, B, room.ben, minutes=20)
    with room.begin() as tx:
        before = quality.agreement(tx, now=room.later(days=1))
    repeats(room, here, decided, room.new_analyst(), minutes=40)
    with room.begin() as tx:
        assert quality.agreement(tx, now=room.later(days=1)) == before


def test_a_repeat_falls_with_what_it_repeats_as_long_as_it_is_not_settled(room: Any) -> None:
    room.policy = ONE
    there, here = appears(room), appears(room)
    first = finds(room, there, B, room.ada)
    filed = repeats_only(room, here, first, room.ben)
    with room.begin() as tx:
        [found] = outcomes(tx, there[0])
        reverse(
            tx,
            found.outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.now,
        )
    room.settles(*here, filed)
    assert room.waits_for(*here) == "assessment"
    with room.begin() as tx:
        look_again(tx, *here, policy=room.policy, record=room.record, now=room.now)
    assert stands(room, here) == []


def test_where_the_list_is_withdrawn_before_a_repeat_is_settled_it_waits_for_a_clear_view(room: Any) -> None:
    room.policy = ONE
    there, here = appears(room, listed=True), appears(room, listed=True)
    first = room.assesses(*there, B, by=room.ada)
    filed = repeats_only(room, here, first, room.ben)
    room.withdraws_lists()
    room.settles(*here, filed)
    assert room.waits_for(*here) == "clear_view"
    assert offered(room, here) is None
    finds(room, here, B, room.ben, minutes=1)
    assert stands(room, here) == [(Finding.ILLEGAL, (room.ben,))]


def test_what_a_list_knows_is_not_let_go_by_repeating_what_nobody_saw_clearly(room: Any) -> None:
    room.policy = ONE
    there, here = appears(room, listed=True), appears(room, listed=True)
    for minute, who in enumerate((room.ada, room.ben)):
        now = room.later(minutes=20 * minute)
        filed = room.files(*there, NOTHING, by=who, now=now)
        room.settles(*there, filed, now)
    assert stands(room, there) == [(Finding.NOT_ILLEGAL, (room.ben, room.ada))]
    assert offered(room, here) is None


def test_the_next_case_is_never_one_whose_items_this_person_has_assessed(room: Any) -> None:
    room.policy = TWO
    severe = appears(room)
    assert next_for(room, room.ada) == severe[0]
    finds(room, severe, A, room.ada)
    assert next_for(room, room.ada) is None
    assert next_for(room, room.ben) == severe[0]


def test_a_second_assessment_is_offered_to_nobody_who_opted_out_of_its_kind(room: Any) -> None:
    room.policy = TWO
    place = appears(room)
    finds(room, place, B, room.ada)
    ben = Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=UserId(room.ben))
    chosen = ExposureChoices(opted_out=frozenset({ExposureKind.UNKNOWN}))
    with room.begin() as tx:
        choose(tx, chosen, actor=ben, rules=RULES, now=room.now)
    assert next_for(room, room.ben) is None
    assert next_for(room, room.new_analyst()) == place[0]


def test_what_comes_last_is_offered_all_the_same_where_only_that_waits_for_this_person(room: Any) -> None:
    room.policy = TWO
    severe_item = room.arrives()
    room.match(severe_item, category="A")
    severe, mild = (room.opened(severe_item), severe_item), appears(room)
    rules = ExposureRules(interleave_after=1)
    with room.begin() as tx:
        case = next_case(tx, room.ben, room.now, rules=rules)
        assert case is not None
        assert case.id == severe[0]
        case_rows.set_lock(tx, severe[0], analyst=None, until=None)
    assert next_for(room, room.ben, rules) == mild[0]
    finds(room, mild, B, room.ben)
    assert next_for(room, room.ben, rules) == severe[0]
    with room.begin() as tx:
        case = next_case(tx, room.ben, room.later(hours=1), rules=rules)
        assert case is not None
        pass_on(tx, case.id, room.ben, PassReason.NOT_NOW, room.later(hours=1))
    assert next_for(room, room.ben, rules) is None


def test_what_the_same_picture_was_found_to_be_is_kept_from_the_second_person_until_they_have_assessed_it(
    room: Any,
) -> None:
    there, here = appears(room), appears(room)
    room.policy = ONE
    finds(room, there, B, room.new_analyst())
    room.policy = TWO
    finds(room, here, B, room.ada, minutes=20)

    def earlier(viewer: AnalystId) -> list[Finding]:
        with room.begin() as tx:
            [item] = facts(tx, here[0], viewer=viewer).items
            return [one.finding for one in item.earlier]

    assert room.waits_for(*here) == "second"
    assert earlier(room.ben) == []
    assert earlier(room.ada) == [Finding.ILLEGAL]
    finds(room, here, B, room.ben, minutes=40)
    assert earlier(room.ben) == [Finding.ILLEGAL]
