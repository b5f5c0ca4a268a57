"""Who decides together: several people, each by themselves, until the rules are content."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.assessment import Category, Finding, ImageryForm, Tier
from safehold.model.case import CaseState
from safehold.model.errors import Conflict
from safehold.model.events import ItemConfirmed
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.team import TeamSize
from safehold.review import cases
from safehold.review.cases import take_next
from safehold.review.conflicts import declare_about_case
from safehold.review.facts import facts
from safehold.review.rules import Policy, SecondFor
from safehold.review.settle import ReversalReason, look_again, outcomes, reverse

A, B, C = (ImageryForm(finding=Finding.ILLEGAL, category=Category(each)) for each in "ABC")
NOTHING = ImageryForm(finding=Finding.NOT_ILLEGAL)
EVERYTHING = frozenset({SecondFor.ALL})


@pytest.fixture
def full(room: Any) -> Any:
    """Let everything take two people in a full team."""
    room.policy = Policy(size=TeamSize.FULL, second_for=EVERYTHING)
    return room


def files(room: Any, place: tuple[Any, Any], form: Any, by: AnalystId, *, minutes: int = 0) -> None:
    """Let somebody who saw it clearly assess an item, and the rules look at it."""
    now = room.later(minutes=minutes)
    room.takes(place[0], by, now)
    room.looks(*place, Tier.CLEAR, by=by, now=now)
    room.assesses(*place, form, by=by, now=now)


def next_for(room: Any, analyst: AnalystId, *, minutes: int = 0) -> Any:
    """Return the case that the queue offers to somebody, and undo their taking it."""
    with room.begin() as tx, tx.connection.begin_nested() as undo:
        case = take_next(tx, analyst, room.later(minutes=minutes))
        undo.rollback()
    return case.id if case else None


def settled(room: Any, case_id: Any) -> list[tuple[Any, ...]]:
    """Return what stands: finding, category, who settled it and who else was counted."""
    with room.begin() as tx:
        found = [one.outcome for one in outcomes(tx, case_id) if one.stands]
    return [(one.finding.value, one.category and one.category.value, one.by) for one in found]


def test_a_second_person_is_asked_who_is_not_the_first_and_knows_nothing_of_what_they_found(
    full: Any,
) -> None:
    place = case_id, _ = full.flagged_case()
    files(full, place, B, full.ada)
    assert full.waits_for(*place) == "second"
    assert full.case(case_id).locked_by is None
    assert next_for(full, full.ada) is None
    assert next_for(full, full.ben) == case_id
    with full.begin() as tx:
        view = facts(tx, case_id, viewer=full.ben)
    assert (view.items[0].assessments, view.items[0].hidden_assessments) == ((), 1)
    assert not any("finding" in line.detail for line in view.history)
    full.takes(case_id, full.ada)
    with pytest.raises(Conflict, match="somebody else"):
        full.files(*place, B, by=full.ada)


def test_two_who_agree_settle_it_and_both_are_named(full: Any) -> None:
    place = case_id, _ = full.flagged_case()
    files(full, place, B, full.ada)
    files(full, place, replace(B, count=3), full.ben, minutes=1)
    assert settled(full, case_id) == [("illegal", "B", (full.ben, full.ada))]
    [event] = full.events("item_confirmed")
    assert isinstance(event, ItemConfirmed)
    assert set(event.confirmed_by) == {full.ada, full.ben}
    assert len(full.sql("select 1 from outcome_assessment")) == 2
    assert full.case(case_id).state is CaseState.SETTLED


def test_a_third_settles_what_two_disagree_about_and_only_those_who_agree_confirm_it(full: Any) -> None:
    place = case_id, _ = full.flagged_case()
    files(full, place, A, full.ada)
    files(full, place, B, full.ben, minutes=1)
    assert full.waits_for(*place) == "third"
    third = full.new_analyst()
    assert [next_for(full, each, minutes=1) for each in (full.ada, full.ben, third)] == [None, None, case_id]
    files(full, place, A, third, minutes=2)
    assert settled(full, case_id) == [("illegal", "A", (third, full.ada))]
    [event] = full.events("item_confirmed")
    assert set(event.confirmed_by) == {third, full.ada}
    assert len(full.sql("select 1 from outcome_assessment")) == 3


def test_a_lead_sees_what_all_found_only_after_having_assessed_it_and_then_decides(full: Any) -> None:
    place = case_id, _ = full.flagged_case()
    lead, third = full.new_analyst(role="lead"), full.new_analyst()
    for minute, (form, by) in enumerate(((A, full.ada), (B, full.ben), (C, third))):
        files(full, place, form, by, minutes=minute)
    assert full.waits_for(*place) == "lead"
    assert [next_for(full, each, minutes=3) for each in (third, full.new_analyst(), lead)] == [
        None,
        None,
        case_id,
    ]
    with pytest.raises(Conflict, match="waits for a lead"):
        full.files(*place, A, by=full.ada, now=full.later(minutes=3))
    with full.begin() as tx:
        cases.release_lock(tx, case_id, full.ada, full.later(minutes=3))
    with full.begin() as tx:
        assert facts(tx, case_id, viewer=lead).items[0].assessments == ()
    files(full, place, NOTHING, lead, minutes=4)
    assert full.waits_for(*place) == "lead"
    with full.begin() as tx:
        assert len(facts(tx, case_id, viewer=lead).items[0].assessments) == 4
    files(full, place, B, lead, minutes=5)
    assert settled(full, case_id) == [("illegal", "B", (lead, full.ben))]
    assert full.sql("select blind from assessment order by filed_at")[-1].blind is False


def test_in_a_team_of_two_the_lead_who_was_one_of_them_decides(room: Any) -> None:
    room.policy = Policy(size=TeamSize.SMALL, second_for=EVERYTHING)
    place = case_id, _ = room.flagged_case()
    lead = room.new_analyst(role="lead")
    files(room, place, A, lead)
    files(room, place, B, room.ada, minutes=24 * 60)
    assert room.waits_for(*place) == "lead"
    files(room, place, B, lead, minutes=24 * 60 + 5)
    assert settled(room, case_id) == [("illegal", "B", (lead, room.ada))]


def test_where_one_person_is_all_there_is_they_settle_it_whatever_is_asked_for(room: Any) -> None:
    room.policy = Policy(size=TeamSize.SINGLE, second_for=EVERYTHING)
    place = case_id, _ = room.flagged_case()
    files(room, place, A, room.ada)
    assert settled(room, case_id) == [("illegal", "A", (room.ada,))]


def test_a_hold_on_a_vetted_match_is_not_let_go_by_one_person_who_has_not_looked(room: Any) -> None:
    case_id, item_id = room.matched_case()
    filed = room.files(case_id, item_id, NOTHING, by=room.ada)
    room.settles(case_id, item_id, filed)
    assert room.waits_for(case_id, item_id) == "clear_view"
    room.looks(case_id, item_id, Tier.CLEAR, by=room.ada)
    room.assesses(case_id, item_id, NOTHING, by=room.ada, now=room.later(minutes=1))
    assert settled(room, case_id) == [("not_illegal", None, (room.ada,))]


def test_in_a_team_two_people_may_let_it_go_without_looking(room: Any) -> None:
    room.policy = Policy(size=TeamSize.FULL)
    case_id, item_id = room.matched_case()
    for minute, who in enumerate((room.ada, room.ben)):
        now = room.later(minutes=minute)
        room.settles(case_id, item_id, room.files(case_id, item_id, NOTHING, by=who, now=now), now)
    assert settled(room, case_id) == [("not_illegal", None, (room.ben, room.ada))]


def test_a_withdrawn_list_vouches_for_nothing(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.withdraws_lists()
    room.assesses(case_id, item_id, B, by=room.ada)
    assert room.waits_for(case_id, item_id) == "clear_view"


def test_who_has_a_conflict_by_the_time_of_settling_does_not_count(full: Any) -> None:
    place = case_id, _ = full.flagged_case()
    files(full, place, B, full.ada)
    ada = Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=UserId(full.ada))
    with full.begin() as tx:
        declare_about_case(tx, case_id, actor=ada, now=full.now)
    files(full, place, B, full.ben, minutes=1)
    assert full.waits_for(*place) == "second"
    files(full, place, B, full.new_analyst(), minutes=2)
    assert full.case(case_id).state is CaseState.SETTLED
    assert full.ada not in settled(full, case_id)[0][2]


def test_after_a_reversal_everybody_begins_anew(full: Any) -> None:
    place = case_id, _ = full.flagged_case()
    files(full, place, B, full.ada)
    files(full, place, B, full.ben, minutes=1)
    with full.begin() as tx:
        [found] = outcomes(tx, case_id)
        reverse(
            tx,
            found.outcome.id,
            by=UserId(full.ben),
            reason_code=ReversalReason.MISTAKE,
            record=full.record,
            now=full.later(minutes=2),
        )
    assert full.waits_for(*place) == "assessment"
    files(full, place, NOTHING, full.ada, minutes=3)
    assert full.waits_for(*place) == "second"
    files(full, place, NOTHING, full.new_analyst(), minutes=4)
    assert settled(full, case_id)[0][:2] == ("not_illegal", None)


def test_when_fewer_are_asked_for_than_before_looking_again_settles_what_waits(full: Any) -> None:
    case_id, item_id = full.flagged_case()
    files(full, (case_id, item_id), B, full.ada)
    for policy, waits in ((full.policy, "second"), (Policy(), None)):
        with full.begin() as tx:
            look_again(tx, case_id, item_id, policy=policy, record=full.record, now=full.now)
        assert full.waits_for(case_id, item_id) == waits
    untouched = full.flagged_case()
    with full.begin() as tx:
        look_again(tx, *untouched, policy=Policy(), record=full.record, now=full.now)
    assert full.waits_for(*untouched) == "assessment"


def test_the_queue_of_whoever_assessed_it_leaves_the_case_out_and_says_how_many(full: Any) -> None:
    place = case_id, _ = full.flagged_case()
    files(full, place, B, full.ada)
    with full.begin() as tx:
        for analyst, shown, left in ((full.ada, 0, 1), (full.ben, 1, 0)):
            purposes = tuple(Purpose)
            queue = cases.queue(tx, purposes=purposes, limit=9, analyst=analyst)
            assert [one.case.id for one in queue] == [case_id] * shown
            assert cases.left_to_others(tx, purposes=purposes, analyst=analyst) == left
        assert len(cases.queue(tx, purposes=tuple(Purpose), limit=9)) == 1


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ("people_asked = 2", "enough_people"),
        ("people_asked = 3, second_by = :ben, second_assessment = :other", "enough_people"),
        ("second_by = settled_by, second_assessment = rests_on", "second_is_another"),
        ("second_by = :ben, second_assessment = rests_on", "fk_outcome_second"),
        ("second_by = :ben", "second_together"),
        ("tier = 'blurred'", "confirmed_as_seen"),
    ],
)
def test_the_database_takes_no_outcome_of_fewer_people_or_less_seen_than_the_rules_ask(
    room: Any, changed: str, rule: str
) -> None:
    place = room.flagged_case()
    files(room, place, B, room.ada)
    given = {"ben": room.ben, "other": new_id()}
    with pytest.raises(sa.exc.IntegrityError, match=rule):
        room.sql(
            f"update outcome set {changed}", **{key: given[key] for key in given if f":{key}" in changed}
        )


def test_the_database_lets_nothing_listed_go_that_one_person_has_not_seen_clearly(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, NOTHING, by=room.ada)
    with pytest.raises(sa.exc.IntegrityError, match="let_go_as_seen"):
        room.sql("update outcome set tier = 'none'")


FORMS = st.sampled_from([A, B, NOTHING])
MOVES = st.tuples(st.integers(0, 4), FORMS, st.sampled_from([Tier.NONE, Tier.BLURRED, Tier.CLEAR]))
POLICIES = st.builds(
    Policy,
    size=st.sampled_from(list(TeamSize)),
    second_for=st.frozensets(st.sampled_from(list(SecondFor)), max_size=2),
    second_share=st.sampled_from([0.0, 1.0]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(policy=POLICIES, listed=st.booleans(), moves=st.lists(MOVES, min_size=1, max_size=8))
def test_whoever_assesses_in_whatever_order_it_ends_settled_by_enough_people_or_visibly_waiting(
    room: Any, policy: Policy, listed: bool, moves: list[tuple[int, ImageryForm, Tier]]
) -> None:
    room.policy = policy
    people = [room.new_analyst() for _ in range(4)] + [room.new_analyst(role="lead")]
    room.sql("update review_case set state = 'settled', settled_at = now() where state = 'open'")
    case_id, item_id = room.matched_case() if listed else room.flagged_case()
    for minute, (which, form, tier) in enumerate(moves):
        now, who = room.later(minutes=20 * minute), people[which]
        if room.case(case_id).state is CaseState.SETTLED:
            break
        with room.begin() as tx:
            may = facts(tx, case_id, viewer=who).items[0].turn.may_file
        # What the queue offers is what the page lets one do, and what filing accepts.
        assert (next_for(room, who, minutes=20 * minute) == case_id) == may
        room.takes(case_id, who, now)
        if tier is not Tier.NONE:
            room.looks(case_id, item_id, tier, by=who, now=now)
        try:
            filed = room.files(case_id, item_id, form, by=who, now=now)
        except Conflict:
            assert not may
            continue
        assert may
        room.settles(case_id, item_id, filed, now)
        room.settles(case_id, item_id, filed, now)
    ends_settled_by_enough_or_waits(room, policy, case_id, item_id, people)


def ends_settled_by_enough_or_waits(
    room: Any, policy: Policy, case_id: Any, item_id: Any, people: list[AnalystId]
) -> None:
    waits_for = room.waits_for(case_id, item_id)
    found = room.sql("select * from outcome where case_id = :case", case=case_id)
    if waits_for is not None:
        assert not found
        now = 20 * 60
        # Somebody of the team can go on, unless every one of them has seen it, or there is no third.
        offered = [who for who in people if next_for(room, who, minutes=now) == case_id]
        assert offered or waits_for in ("second", "third")
        return
    [outcome] = found
    counted = room.sql(
        "select a.analyst_id from outcome_assessment o join assessment a on a.id = o.assessment_id"
        " where o.outcome_id = :id",
        id=outcome.id,
    )
    who = [row.analyst_id for row in counted]
    assert len(set(who)) == len(who) >= outcome.people_asked
    if policy.size is not TeamSize.SINGLE and (policy.second_share or SecondFor.ALL in policy.second_for):
        assert len(who) >= 2
