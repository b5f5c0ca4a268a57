"""Where queues meet golden items, appeals and risks to life: nothing is parted that belongs together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.app import console_view
from safehold.model.assessment import Finding, Tier
from safehold.model.case import AppealState
from safehold.model.emergency import Emergency, EmergencyEnd
from safehold.model.errors import Conflict, NotFound
from safehold.model.events import AppealReceived
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AppealId, CaseId, ItemId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.queue import QueueRules
from safehold.model.team import TeamSize
from safehold.review import appeals, cases, contest, emergencies, facts, golden, moves, weighing
from safehold.review.rules import Policy
from safehold.review.settle import ReversalReason, outcomes, reverse
from safehold.review.turns import Turn
from safehold.storage import appeals as appeal_rows

Place = tuple[CaseId, ItemId]

FULL = Policy(size=TeamSize.FULL)
SHELL = Actor(permissions=permissions_of(frozenset({Role.ADMIN})), system="tests")
DAY = timedelta(days=1)


def person(analyst: AnalystId) -> Actor:
    return Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=UserId(analyst))


def two_of_one_account(room: Any, account: str = "acc-1") -> tuple[CaseId, ItemId, ItemId]:
    case_id, one = room.matched_case(account=account)
    other = room.arrives(account=account)
    room.match(other)
    assert room.opened(other) == case_id
    return case_id, one, other


def declared(room: Any, case_id: CaseId, *, rules: QueueRules = weighing.AS_NOTHING_SET) -> Emergency:
    with room.begin() as tx:
        found, _ = emergencies.declare(
            tx,
            case_id,
            item_id=None,
            actor=person(room.ada),
            within=timedelta(minutes=15),
            record=room.record,
            rules=rules,
            now=room.now,
        )
    return found


def appealed(room: Any, **contested: Any) -> AppealId:
    """Let somebody appeal, and the step that follows run."""
    with room.begin() as tx:
        appeal_id = appeals.receive_appeal(
            tx, statement="My garden.", by="the gardener", record=room.record, now=room.now, **contested
        )
        found = appeal_rows.get(tx, appeal_id)
    assert found is not None
    event = AppealReceived(at=room.now, item_id=found.item_id, appeal_id=appeal_id)
    with room.begin() as tx:
        contest.contest(tx, event, policy=FULL, now=room.now)
    return appeal_id


def state(room: Any, appeal_id: AppealId) -> AppealState:
    with room.begin() as tx:
        found = appeal_rows.get(tx, appeal_id)
    assert found is not None
    return found.state


def merged(room: Any, case_id: CaseId, other: CaseId, *, by: AnalystId | None = None) -> CaseId:
    room.takes(case_id, by or room.ada)
    with room.begin() as tx:
        return moves.merge(tx, case_id, room.case(other).number, by=by or room.ada, now=room.now)


def split(room: Any, case_id: CaseId, *items: ItemId) -> CaseId:
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        return moves.split(tx, case_id, items, by=room.ada, record=room.record, now=room.now)


def first_offered(room: Any, analyst: AnalystId) -> CaseId | None:
    with room.begin() as tx:
        case = cases.first_waiting(tx, analyst, room.later(hours=1))
    return case.id if case else None


@pytest.fixture
def golden_case(room: Any) -> CaseId:
    """Return a case in which ada meets a golden item; when that is, is claimed elsewhere."""
    item_id = room.arrives()
    with room.begin() as tx:
        golden.declare(
            tx, item_id, purpose=Purpose.CSAM, expected=Finding.NOT_ILLEGAL, actor=SHELL, now=room.now
        )
    room.flag(item_id)
    room.flagged_case()
    room.has_assessed_enough(room.ada)
    with room.begin() as tx:
        met = golden.instead_of_next(tx, room.ada, percent=2, now=room.now)
    assert met is not None
    return met.id


# A golden item is its person's alone, and looks like any other.


def test_a_golden_item_is_in_nobody_elses_list_figures_or_offers(room: Any, golden_case: CaseId) -> None:
    def seen(analyst: AnalystId) -> tuple[list[CaseId], int]:
        with room.begin() as tx:
            view = console_view.queue(tx, actor=person(analyst), now=room.now)
        return [each.case.id for each in view.cases], sum(each.open for each in view.sizes)

    mine, others = seen(room.ada), seen(room.ben)
    assert golden_case in mine[0]
    assert golden_case not in others[0]
    assert (mine[1], others[1]) == (2, 1)
    with room.begin() as tx:
        cases.release_lock(tx, golden_case, room.ada, room.now)
        one = cases.take_next(tx, room.ben, room.now)
        assert one is not None
        assert one.id != golden_case
        assert cases.first_waiting(tx, room.new_analyst(), room.now) is None


def test_what_somebody_passed_on_is_no_golden_item_of_theirs_for_others(
    room: Any, golden_case: CaseId
) -> None:
    with room.begin() as tx:
        cases.pass_on(tx, golden_case, room.ada, cases.PassReason.NEEDS_LEAD, room.now)
    lead = room.new_analyst(role="lead")
    assert first_offered(room, lead) != golden_case
    assert first_offered(room, room.ben) != golden_case


def test_a_golden_item_bears_the_dates_and_skills_of_any_other(room: Any) -> None:
    item_id = room.arrives()
    with room.begin() as tx:
        golden.declare(
            tx, item_id, purpose=Purpose.CSAM, expected=Finding.NOT_ILLEGAL, actor=SHELL, now=room.now
        )
    room.flag(item_id)
    room.flagged_case()
    rules = QueueRules(decide_within={Purpose.CSAM: DAY})
    for who in (room.ada, room.ben):
        room.has_assessed_enough(who)
    with room.begin() as tx:
        soon = golden.instead_of_next(tx, room.ada, percent=2, now=room.now, queues=rules)
        elsewhere = [Purpose.OWN_TERMS]
        assert golden.instead_of_next(tx, room.ben, percent=2, now=room.now, purposes=elsewhere) is None
        late = golden.instead_of_next(tx, room.ben, percent=2, now=room.now)
    assert room.case(soon.id).decide_by == room.now + DAY
    assert room.case(late.id).decide_by == room.now + weighing.UNSEEN_FOR


def test_a_case_of_a_golden_item_is_neither_merged_nor_split_and_to_others_there_is_none(
    room: Any, golden_case: CaseId
) -> None:
    other, _ = room.matched_case()
    for one, another in ((golden_case, other), (other, golden_case)):
        with pytest.raises(Conflict):
            merged(room, one, another)
    with room.begin() as tx:
        cases.release_lock(tx, other, room.ada, room.now)
    with pytest.raises(NotFound):
        merged(room, other, golden_case, by=room.ben)
    [row] = room.sql("select item_id from case_item where case_id = :case", case=golden_case)
    split_off, _, _ = two_of_one_account(room, "acc-9")
    apart = split(
        room, split_off, room.sql("select item_id from case_item where case_id = :c", c=split_off)[0][0]
    )
    [move] = room.sql("select id from case_move where to_case = :case", case=apart)
    with pytest.raises(sa.exc.DBAPIError, match="nothing follows from a golden item"):
        room.sql("insert into case_move_item values (:move, :item)", move=move.id, item=row.item_id)


# A risk to life puts its case first, and keeps it whole.


def test_a_declared_risk_to_life_puts_its_case_first_until_it_ends(room: Any) -> None:
    first, _ = room.matched_case()
    dull, _ = room.flagged_case()
    assert first_offered(room, room.ben) == first
    about = declared(room, dull)
    assert first_offered(room, room.ben) == dull
    assert room.case(dull).priority_parts[0].name == "child at risk now"
    assert room.case(dull).priority_parts[0].weight == 100
    with room.begin() as tx:
        emergencies.end(
            tx,
            about.id,
            EmergencyEnd.WITHDRAWN,
            "a wrong alarm",
            actor=person(room.ben),
            record=room.record,
            now=room.now,
        )
    assert first_offered(room, room.ben) == first


def test_declaring_keeps_the_dates_that_the_queue_sets(room: Any) -> None:
    case_id, _ = room.flagged_case()
    declared(room, case_id, rules=QueueRules(decide_within={Purpose.CSAM: DAY}))
    assert room.case(case_id).decide_by == room.now + DAY


def test_while_a_risk_to_life_stands_its_case_is_neither_merged_nor_split_nor_put_back(room: Any) -> None:
    case_id, one, _ = two_of_one_account(room)
    other, _ = room.matched_case(account="acc-2")
    about = declared(room, case_id)
    for mine, another in ((case_id, other), (other, case_id)):
        with pytest.raises(Conflict, match="risk to life"):
            merged(room, mine, another)
    with pytest.raises(Conflict, match="risk to life"):
        split(room, case_id, one)
    with room.begin() as tx:
        emergencies.end(
            tx,
            about.id,
            EmergencyEnd.REPORTED,
            "the harbour police",
            actor=person(room.ada),
            record=room.record,
            now=room.now,
        )
    apart = split(room, case_id, one)
    declared(room, apart)
    room.takes(apart, room.ada)
    with pytest.raises(Conflict, match="risk to life"), room.begin() as tx:
        moves.undo(tx, moves.moves_of(tx, apart, viewer=None)[-1].id, by=room.ada, now=room.now)


def test_what_is_declared_in_a_merged_case_is_declared_where_it_goes_on(room: Any) -> None:
    old, _ = room.matched_case(account="acc-1")
    new, _ = room.matched_case(account="acc-2")
    target = merged(room, new, old)
    gone = new if target == old else old
    assert declared(room, gone).case_id == target


# Who is kept from something, and what is contested.


def test_whoever_is_kept_from_an_item_is_kept_from_it_where_it_goes_on(room: Any) -> None:
    case_id, one, _other = two_of_one_account(room)
    room.assesses(case_id, one, room.illegal, by=room.ada)
    [outcome] = room.sql("select id from outcome")
    with room.begin() as tx:
        reverse(
            tx,
            outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.APPEAL,
            record=room.record,
            now=room.now,
            policy=FULL,
        )

    def turn(where: CaseId) -> Turn:
        with room.begin() as tx:
            view = facts.facts(tx, where, viewer=room.ada)
        return next(each.turn for each in view.items if each.item.id == one)

    kept = turn(case_id)
    assert not kept.may_file
    apart = split(room, case_id, one)
    assert turn(apart) is kept
    with room.begin() as tx:
        cases.release_lock(tx, case_id, room.ada, room.now)
    assert first_offered(room, room.ada) == case_id
    room.takes(apart, room.ben)
    with room.begin() as tx:
        moves.undo(tx, moves.moves_of(tx, apart, viewer=None)[-1].id, by=room.ben, now=room.now)
    assert turn(case_id) is kept


def test_a_case_in_which_all_is_kept_from_somebody_is_one_that_is_left_to_others(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    appealed(room, item_id=item_id)
    with room.begin() as tx:
        for who, left, listed in ((room.ada, 1, []), (room.ben, 0, [case_id])):
            assert cases.left_to_others(tx, purposes=Purpose, analyst=who) == left
            shown = cases.queue(tx, purposes=Purpose, limit=10, analyst=who)
            assert [each.case.id for each in shown] == listed


@pytest.mark.parametrize("whole", [True, False], ids=["the whole case", "one item"])
def test_what_somebody_contests_stays_where_it_is_until_it_is_decided(room: Any, whole: bool) -> None:
    case_id, one, other = two_of_one_account(room)
    elsewhere, _ = room.matched_case(account="acc-2")
    room.assesses(case_id, one, room.illegal, by=room.ada)
    appeal_id = appealed(room, **({"case_id": case_id} if whole else {"item_id": one}))
    for mine, another in ((case_id, elsewhere), (elsewhere, case_id)):
        with pytest.raises(Conflict, match="contests"):
            merged(room, mine, another)
    with pytest.raises(Conflict, match="contests"):
        split(room, case_id, one)
    if not whole:
        assert split(room, case_id, other)
    with room.begin() as tx:
        cases.release_lock(tx, case_id, room.ada, room.now)
    room.assesses(case_id, one, room.illegal, by=room.ben)
    if whole:
        room.assesses(case_id, other, room.illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.REJECTED


def test_what_is_reversed_in_a_merged_case_waits_where_the_rest_went(room: Any) -> None:
    case_id, one, _other = two_of_one_account(room, "acc-2")
    old = room.matched_case(account="acc-1")[0]
    room.sql("update review_case set opened_at = opened_at - interval '1 hour' where id = :old", old=old)
    room.assesses(case_id, one, room.illegal, by=room.ada)
    assert merged(room, case_id, old) == old
    [outcome] = room.sql("select id from outcome")
    with room.begin() as tx:
        cases.release_lock(tx, old, room.ada, room.now)
        found = reverse(
            tx,
            outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.MISTAKE,
            record=room.record,
            now=room.now,
        )
    assert found == old
    assert room.waits_for(old, one) == "assessment"
    later = room.arrives(account="acc-2")
    room.match(later)
    assert room.opened(later) == old
    room.assesses(old, one, room.not_illegal, by=room.ben)
    with room.begin() as tx:
        assert [each.outcome.finding for each in outcomes(tx, old)] == [Finding.NOT_ILLEGAL]


def test_an_appeal_about_a_merged_case_is_decided_with_the_last_that_waits_anywhere(room: Any) -> None:
    case_id, one, other = two_of_one_account(room, "acc-2")
    old = room.matched_case(account="acc-1")[0]
    room.sql("update review_case set opened_at = opened_at - interval '1 hour' where id = :old", old=old)
    room.assesses(case_id, one, room.illegal, by=room.ada)
    assert merged(room, case_id, old) == old
    with room.begin() as tx:
        cases.release_lock(tx, old, room.ada, room.now)
    appeal_id = appealed(room, case_id=case_id)
    assert room.waits_for(old, one) == "assessment"
    room.assesses(old, one, room.illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.RECEIVED
    room.assesses(old, other, room.illegal, by=room.ben)
    assert state(room, appeal_id) is AppealState.REJECTED


def test_what_waits_once_more_is_weighed_anew(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    room.sql("update review_case set priority = 0, weigh_at = null")
    appealed(room, item_id=item_id)
    with room.begin() as tx:
        weighing.reckon_due(tx, now=room.later(seconds=1), rules=weighing.AS_NOTHING_SET, limit=10)
    assert room.case(case_id).priority > 0


def test_whoever_has_left_the_queue_since_reverses_nothing_that_somebody_contests(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    appeal_id = appealed(room, item_id=item_id)
    room.takes(case_id, room.ben)
    room.looks(case_id, item_id, Tier.CLEAR, by=room.ben)
    filed = room.files(case_id, item_id, room.not_illegal, by=room.ben)
    room.sql("update app_user set queues = '{}' where id = :ben", ben=room.ben)
    room.settles(case_id, item_id, filed)
    assert state(room, appeal_id) is AppealState.RECEIVED
    third = room.new_analyst()
    room.sql("update review_case set locked_by = null, locked_until = null")
    room.assesses(case_id, item_id, room.not_illegal, by=third)
    assert state(room, appeal_id) is AppealState.UPHELD
