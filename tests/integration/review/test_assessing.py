"""Filing, settling and reversing: who may, on what it rests, and what is recorded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.model.assessment import Answer, Category, ConductForm, Finding, ImageryForm, SiteType, Tier
from safehold.model.case import CaseState
from safehold.model.errors import BadForm, CaseLocked, Conflict, NotFound, StaleRevision
from safehold.model.events import ItemCleared, ItemConfirmed, ItemMatched, OutcomeReversed
from safehold.model.hash_list import Purpose
from safehold.model.ids import AssessmentId, ItemId, OutcomeId, UserId, new_id
from safehold.review.assess import file_assessment
from safehold.review.facts import facts, standing_of_item
from safehold.review.settle import ReversalReason, outcomes, reverse
from safehold.storage import cases as case_rows
from safehold.storage import events as event_rows

CATEGORY_B = ImageryForm(finding=Finding.ILLEGAL, category=Category.B)


def standing(room: Any, item_id: ItemId) -> list[Finding]:
    with room.begin() as tx:
        return [one.finding for one in standing_of_item(tx, item_id).outcomes]


def the_outcome(room: Any, case_id: Any) -> OutcomeId:
    with room.begin() as tx:
        return OutcomeId(outcomes(tx, case_id)[-1].outcome.id)


def reversed_by_ben(room: Any, outcome_id: OutcomeId) -> Any:
    with room.begin() as tx:
        return reverse(
            tx,
            outcome_id,
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.later(hours=1),
        )


def test_one_analyst_settles_an_item_that_a_vetted_list_vouches_for_without_looking(room: Any) -> None:
    case_id, item_id = room.matched_case(distance=15)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    with room.begin() as tx:
        view = facts(tx, case_id).items[0]
    assert view.outcome is not None
    assert (view.outcome.finding, view.outcome.category, view.outcome.by) == (
        Finding.ILLEGAL,
        Category.B,
        (room.ada,),
    )
    assert [one.tier for one in view.assessments] == [Tier.NONE]
    assert room.case(case_id).state is CaseState.SETTLED
    assert room.events("item_confirmed", "item_cleared") == [
        ItemConfirmed(
            at=room.now,
            item_id=item_id,
            case_id=case_id,
            finding=Finding.ILLEGAL,
            category=Category.B,
            confirmed_by=(room.ada,),
        )
    ]
    assert "item.assess" in room.audited(f"item:{item_id}")
    assert room.audited(f"case:{case_id}")[-1] == "case.settle"


@pytest.mark.parametrize(
    "finding", [Finding.NOT_ILLEGAL, Finding.CANNOT_DETERMINE, Finding.OUT_OF_REMIT], ids=str
)
def test_every_finding_that_does_not_confirm_clears_the_item(room: Any, finding: Finding) -> None:
    case_id, item_id = room.flagged_case()
    room.assesses(case_id, item_id, ImageryForm(finding=finding), by=room.ada)
    assert room.events("item_confirmed", "item_cleared") == [
        ItemCleared(at=room.now, item_id=item_id, case_id=case_id, finding=finding)
    ]


@pytest.mark.parametrize("act", ["file", "reverse"])
def test_people_and_steps_lock_an_item_before_its_case_and_so_never_wait_for_each_other(
    room: Any, act: str
) -> None:
    case_id, item_id = room.matched_case()
    with room.begin() as tx:
        room.record(tx, ItemMatched(at=room.now, item_id=item_id, purpose=Purpose.CSAM, held=False))
    if act == "reverse":
        room.assesses(case_id, item_id, room.illegal, by=room.ada)
        outcome_id = the_outcome(room, case_id)
    else:
        room.takes(case_id, room.ada)
    with ThreadPoolExecutor(1) as pool:
        with room.begin() as tx:
            event_rows.lock_revision(tx, item_id, raised=False)
            if act == "reverse":
                person = pool.submit(reversed_by_ben, room, outcome_id)
            else:
                person = pool.submit(_file, room, case_id, item_id, room.illegal)
            while not room.sql("select 1 from pg_locks where not granted") and not person.done():
                pass
            assert case_rows.get(tx, case_id, for_change=True) is not None
        person.result()


def test_what_no_list_knows_is_confirmed_only_by_somebody_who_saw_it_clearly(room: Any) -> None:
    case_id, item_id = room.flagged_case()
    room.takes(case_id, room.ada)
    room.looks(case_id, item_id, Tier.BLURRED, by=room.ada)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert standing(room, item_id) == []
    assert room.waits_for(case_id, item_id) == "clear_view"
    assert room.case(case_id).state is CaseState.OPEN
    assert room.events("item_confirmed") == []
    assert room.audited(f"item:{item_id}")[-1] == "item.left_open"
    room.looks(case_id, item_id, Tier.CLEAR, by=room.ada)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert standing(room, item_id) == [Finding.ILLEGAL]


def test_settling_an_older_assessment_again_does_not_disturb_the_newer_one(room: Any) -> None:
    case_id, item_id = room.flagged_case()
    older = room.assesses(case_id, item_id, room.illegal, by=room.ada)
    room.looks(case_id, item_id, Tier.BLURRED, by=room.ada)
    newer = room.files(case_id, item_id, room.not_illegal, by=room.ada, now=room.later(minutes=1))
    room.settles(case_id, item_id, older)
    assert room.waits_for(case_id, item_id) == "settling"
    room.settles(case_id, item_id, newer)
    assert standing(room, item_id) == [Finding.NOT_ILLEGAL]


def test_a_match_outside_the_holding_distance_must_be_seen_clearly(room: Any) -> None:
    case_id, item_id = room.matched_case(distance=16)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert room.waits_for(case_id, item_id) == "clear_view"


def test_a_match_on_a_list_that_nobody_vetted_must_be_seen_clearly(room: Any) -> None:
    item_id = room.arrives()
    room.match(item_id, room.unvetted, distance=0)
    case_id = room.opened(item_id)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert room.waits_for(case_id, item_id) == "clear_view"


def test_a_vetted_list_of_another_purpose_vouches_for_nothing(room: Any) -> None:
    item_id = room.arrives()
    room.match(item_id, room.new_list(Purpose.INTIMATE_IMAGES, vetted=True), distance=0)
    case_id = room.opened(item_id)
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    assert room.waits_for(case_id, item_id) == "clear_view"


def test_the_tier_is_what_was_sent_and_not_what_was_asked_for_or_seen_by_others(room: Any) -> None:
    case_id, item_id = room.flagged_case()
    room.takes(case_id, room.ben)
    room.looks(case_id, item_id, Tier.CLEAR, by=room.ben)
    later = room.later(minutes=16)
    room.takes(case_id, room.ada, later)
    room.looks(case_id, item_id, Tier.CLEAR, by=room.ada, fetch=False)
    room.assesses(case_id, item_id, room.illegal, by=room.ada, now=later)
    assert room.waits_for(case_id, item_id) == "clear_view"


def test_while_somebody_else_holds_the_case_nothing_is_filed(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.takes(case_id, room.ben)
    with pytest.raises(CaseLocked):
        _file(room, case_id, item_id, room.illegal)
    assert room.sql("select 1 from assessment") == []


def test_a_form_about_a_case_that_moved_on_is_refused(room: Any) -> None:
    case_id, item_id = room.matched_case(account="b-1")
    seen = room.takes(case_id, room.ada).revision
    room.opened(room.arrives(account="b-1"))
    with pytest.raises(StaleRevision):
        _file(room, case_id, item_id, room.illegal, revision=seen)
    _file(room, case_id, item_id, room.illegal)


def test_filing_and_settling_one_item_leaves_the_next_form_of_the_same_analyst_valid(room: Any) -> None:
    case_id, item_id = room.matched_case(account="b-2")
    room.opened(room.arrives(account="b-2"))
    filed = room.files(case_id, item_id, room.illegal, by=room.ada)
    page_shows = room.case(case_id).revision
    room.settles(case_id, item_id, filed)
    assert room.case(case_id).revision == page_shows


def test_an_item_is_not_assessed_twice_while_the_first_is_being_settled(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.files(case_id, item_id, room.illegal, by=room.ada)
    with pytest.raises(Conflict, match="still being settled"):
        _file(room, case_id, item_id, room.illegal)


def test_the_same_analyst_does_not_assess_an_item_again_while_its_outcome_stands(room: Any) -> None:
    case_id, item_id = room.matched_case(account="b-3")
    room.opened(room.arrives(account="b-3"))
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    with pytest.raises(Conflict, match="its outcome stands"):
        _file(room, case_id, item_id, room.not_illegal)


def test_another_analysts_later_assessment_is_kept_and_changes_no_outcome(room: Any) -> None:
    case_id, item_id = room.matched_case(account="b-4")
    room.opened(room.arrives(account="b-4"))
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    room.assesses(case_id, item_id, room.not_illegal, by=room.ben, now=room.later(hours=1))
    assert standing(room, item_id) == [Finding.ILLEGAL]
    assert len(room.events("item_confirmed", "item_cleared")) == 1


def test_a_settled_case_takes_no_more_forms(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    with pytest.raises(Conflict):
        _file(room, case_id, item_id, room.illegal)


def test_a_case_is_settled_only_when_every_item_has_an_outcome(room: Any) -> None:
    case_id, first = room.matched_case(account="b-5")
    second = room.arrives(account="b-5")
    room.match(second)
    room.opened(second)
    room.assesses(case_id, first, room.illegal, by=room.ada)
    assert room.case(case_id).state is CaseState.OPEN
    room.assesses(case_id, second, room.not_illegal, by=room.ada)
    case = room.case(case_id)
    assert (case.state, case.settled_at, case.locked_by) == (CaseState.SETTLED, room.now, None)


def test_forms_that_do_not_fit_are_refused_before_anything_is_kept(room: Any) -> None:
    case_id, item_id = room.matched_case()
    conduct = ConductForm(finding=Finding.NOT_ILLEGAL, still_going_on=Answer.NO)
    for form in (
        ImageryForm(finding=Finding.ILLEGAL),
        ImageryForm(finding=Finding.NOT_ILLEGAL, category=Category.A),
        ImageryForm(finding=Finding.AGAINST_TERMS),
        conduct,
    ):
        with pytest.raises(BadForm):
            room.files(case_id, item_id, form, by=room.ada)
    assert room.sql("select 1 from assessment") == []
    assert room.waits_for(case_id, item_id) == "assessment"


def test_an_item_of_another_case_cannot_be_assessed_in_this_one(room: Any) -> None:
    case_id, _ = room.matched_case()
    _, elsewhere = room.matched_case()
    with pytest.raises(NotFound):
        room.files(case_id, elsewhere, room.illegal, by=room.ada)


def test_an_intimate_image_is_confirmed_against_terms_and_has_no_category(room: Any) -> None:
    item_id = room.arrives()
    room.match(item_id, room.new_list(Purpose.INTIMATE_IMAGES, vetted=True))
    case_id = room.opened(item_id, purpose=Purpose.INTIMATE_IMAGES)
    room.assesses(case_id, item_id, ImageryForm(finding=Finding.AGAINST_TERMS), by=room.ada)
    assert standing(room, item_id) == [Finding.AGAINST_TERMS]


def test_assessments_of_others_stay_hidden_until_the_outcome_stands(room: Any) -> None:
    case_id, item_id = room.flagged_case()
    room.files(case_id, item_id, room.illegal, by=room.ada)
    with room.begin() as tx:
        for viewer, seen in ((room.ada, 1), (room.ben, 0), (None, 0)):
            view = facts(tx, case_id, viewer=viewer)
            item = view.items[0]
            assert (len(item.assessments), item.hidden_assessments) == (seen, 1 - seen)
            told = [line.detail for line in view.history if line.verb == "item.assess"]
            assert ["finding" in detail for detail in told] == [bool(seen)]


def test_a_reversed_outcome_opens_the_case_again_and_is_recorded(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    before = room.case(case_id).revision
    assert reversed_by_ben(room, the_outcome(room, case_id)) == case_id
    case = room.case(case_id)
    assert (case.state, case.settled_at, case.revision) == (CaseState.OPEN, None, before + 1)
    assert room.waits_for(case_id, item_id) == "assessment"
    assert standing(room, item_id) == []
    assert room.events("outcome_reversed") == [
        OutcomeReversed(at=room.later(hours=1), item_id=item_id, case_id=case_id)
    ]
    assert room.audited(f"case:{case_id}")[-1] == "outcome.reverse"
    room.assesses(case_id, item_id, room.not_illegal, by=room.ada, now=room.later(hours=2))
    assert standing(room, item_id) == [Finding.NOT_ILLEGAL]


def test_an_outcome_is_reversed_once(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    outcome_id = the_outcome(room, case_id)
    reversed_by_ben(room, outcome_id)
    with pytest.raises(Conflict):
        reversed_by_ben(room, outcome_id)
    with pytest.raises(NotFound):
        reversed_by_ben(room, OutcomeId(new_id()))
    assert len(room.events("outcome_reversed")) == 1


def test_a_reversed_item_joins_the_case_that_was_opened_meanwhile(room: Any) -> None:
    settled, item_id = room.matched_case(account="b-6")
    room.assesses(settled, item_id, room.illegal, by=room.ada)
    newer = room.opened(room.arrives(account="b-6"))
    assert reversed_by_ben(room, the_outcome(room, settled)) == newer
    assert room.case(settled).state is CaseState.SETTLED
    assert room.waits_for(newer, item_id) == "assessment"
    assert room.opened(item_id) == newer
    room.match(item_id)
    room.assesses(newer, item_id, room.illegal, by=room.ada, now=room.later(hours=2))
    assert standing(room, item_id) == [Finding.ILLEGAL]


def test_settling_again_after_a_reversal_brings_no_outcome_back(room: Any) -> None:
    case_id, item_id = room.matched_case()
    filed = room.assesses(case_id, item_id, room.illegal, by=room.ada)
    reversed_by_ben(room, the_outcome(room, case_id))
    room.settles(case_id, item_id, filed)
    assert standing(room, item_id) == []


def test_settling_what_was_never_filed_settles_nothing(room: Any) -> None:
    case_id, item_id = room.matched_case()
    with pytest.raises(NotFound):
        room.settles(case_id, item_id, AssessmentId(new_id()))
    assert standing(room, item_id) == []


MOVES = st.sampled_from(["illegal", "not_illegal", "look", "reverse", "settle_again", "join"])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(MOVES, st.integers(0, 2)), min_size=1, max_size=14))
def test_whatever_people_do_a_case_is_settled_exactly_when_all_its_items_are(
    room: Any, moves: list[tuple[str, int]]
) -> None:
    account = f"walk-{new_id()}"
    _, first = room.matched_case(account=account)
    items, filed = [first], []
    for move, which in moves:
        item_id = items[which % len(items)]
        try:
            if move == "join":
                items.append(room.arrives(account=account))
                room.flag(items[-1])
                room.opened(items[-1], flagged=True)
            elif move == "look":
                current = _newest_case(room, item_id)
                room.takes(current, room.ada)
                room.looks(current, item_id, Tier.CLEAR, by=room.ada)
            elif move in ("illegal", "not_illegal"):
                form = room.illegal if move == "illegal" else room.not_illegal
                current = _newest_case(room, item_id)
                filed.append((current, item_id, room.assesses(current, item_id, form, by=room.ada)))
            elif move == "reverse":
                reversed_by_ben(room, the_outcome(room, _newest_case(room, item_id)))
            elif move == "settle_again" and filed:
                room.settles(*filed[which % len(filed)])
        except (Conflict, IndexError):
            pass
        _check_invariants(room, items)


def _check_invariants(room: Any, items: list[ItemId]) -> None:
    cases = room.sql(
        "select distinct c.id, c.state from review_case c join case_item i on i.case_id = c.id"
        " where i.item_id = any(:items)",
        items=items,
    )
    assert [case.state for case in cases].count("open") <= 1
    for case in cases:
        places = room.sql("select item_id, waits_for from case_item where case_id = :id", id=case.id)
        assert (case.state == "settled") == all(place.waits_for is None for place in places)
    for item_id in items:
        stands = standing(room, item_id)
        waiting = room.sql(
            "select 1 from case_item where item_id = :item and waits_for is not null", item=item_id
        )
        assert len(stands) + len(waiting) == 1


def _newest_case(room: Any, item_id: ItemId) -> Any:
    return room.sql(
        "select case_id from case_item where item_id = :item order by joined_at desc, case_id desc limit 1",
        item=item_id,
    )[0].case_id


def _file(
    room: Any, case_id: Any, item_id: ItemId, form: Any, *, revision: int | None = None, now: Any = None
) -> None:
    with room.begin() as tx:
        file_assessment(
            tx,
            case_id,
            item_id,
            form,
            by=room.ada,
            policy_version="2026-01",
            case_revision=room.case(case_id).revision if revision is None else revision,
            record=room.record,
            now=now or room.now,
        )


# What the database itself refuses, whoever asks.


def test_only_a_page_belongs_to_a_site(room: Any) -> None:
    case_id, item_id = room.flagged_case()
    room.takes(case_id, room.ada)
    form = replace(room.not_illegal, site_type=SiteType.FORUM)
    with pytest.raises(BadForm, match="only a page"):
        room.files(case_id, item_id, form, by=room.ada)
