"""The order of the queue, what is passed on, whose time ran out, notes, and who else is there."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.app import console_view
from safehold.model.assessment import Answer, ConductForm, Finding
from safehold.model.case import Case
from safehold.model.errors import BadForm, CaseLocked, NotFound
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.model.queue import QueueRules
from safehold.review import cases, notes, weighing
from safehold.review.assess import file_assessment
from safehold.review.cases import A_SHIFT, LOCK_LASTS, PassReason
from safehold.review.facts import PAGE, facts, has_another, item_at
from safehold.review.presence import LATELY, others_present
from safehold.storage import case_urgency

EVERY = tuple(Purpose)


def actor(person: AnalystId, role: Role = Role.ANALYST) -> Actor:
    return Actor(permissions=permissions_of(frozenset({role})), user_id=UserId(person))


def next_of(room: Any, person: AnalystId, **later: float) -> Case | None:
    with room.begin() as tx:
        return cases.take_next(tx, person, room.later(**later))


def passes(room: Any, case_id: CaseId, person: AnalystId, reason: PassReason = PassReason.NOT_NOW) -> None:
    room.takes(case_id, person)
    with room.begin() as tx:
        cases.pass_on(tx, case_id, person, reason, room.now)


def part(case: Case, name: str) -> tuple[str, int]:
    found = next(each for each in case.priority_parts if each.name == name)
    return found.seen, found.weight


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    opened=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 31)), min_size=2, max_size=8),
    seed=st.integers(0, 2**16),
)
def test_cases_are_offered_by_need_and_waiting_together_whatever_the_order_in_which_they_came(
    room: Any, opened: list[tuple[int, int]], seed: int
) -> None:
    mine = []
    for hours, distance in opened:
        item_id = room.arrives()
        room.match(item_id, distance=distance)
        mine.append(room.opened(item_id, now=room.later(hours=hours)))
    known = {case_id: room.case(case_id) for case_id in mine}
    offered = []
    who = [room.ada, room.ben]
    while (case := next_of(room, random.Random(seed).choice(who), hours=500)) is not None:
        offered.append(case.id)
        room.sql("update review_case set state = 'settled', settled_at = now() where id = :id", id=case.id)
    turns = [known[case_id].opened_at - timedelta(hours=known[case_id].priority) for case_id in offered]
    assert sorted(offered) == sorted(mine)
    assert turns == sorted(turns)


def test_whoever_has_waited_long_enough_comes_before_the_greatest_need(room: Any) -> None:
    old = room.flagged_case()[0]
    item_id = room.arrives()
    room.match(item_id, category="A")
    urgent = room.opened(item_id, now=room.later(hours=200))
    assert room.case(urgent).priority > room.case(old).priority
    assert [case.id for case in (next_of(room, room.ada, hours=201),) if case] == [old]


def test_a_child_at_risk_now_comes_first_once_a_person_has_said_so(room: Any) -> None:
    room.matched_case()
    item_id = room.arrives()
    room.sql("update item set kind = 'messages', media_id = null where id = :id", id=item_id)
    case_id = room.opened(item_id, flagged=True, now=room.later(hours=1))
    form = ConductForm(finding=Finding.ILLEGAL, child_at_risk_now=Answer.YES, relied_on=("m1",))
    room.files(case_id, item_id, form, by=room.ada, now=room.later(hours=2))
    with room.begin() as tx:
        cases.release_lock(tx, case_id, room.ada, room.later(hours=2))
        assert weighing.reckon_due(tx, now=room.later(hours=2), rules=QueueRules(), limit=9) == 1
    assert part(room.case(case_id), "child at risk now") == ("A person says that a child is at risk now", 100)
    room.sql("update case_item set waits_for = 'second' where case_id = :case", case=case_id)
    assert [case.id for case in (next_of(room, room.ben, hours=3),) if case] == [case_id]


def at_risk(room: Any, case_id: CaseId, minutes: int) -> bool:
    """Let the sweep weigh what is to be weighed, and say whether a child at risk now weighs in the case."""
    with room.begin() as tx:
        weighing.reckon_due(tx, now=room.later(minutes=minutes), rules=QueueRules(), limit=9)
    return part(room.case(case_id), "child at risk now")[1] > 0


def two_conversations(room: Any) -> tuple[CaseId, ItemId]:
    items = [room.arrives(account="acc-risk") for _ in range(2)]
    room.sql("update item set kind = 'messages', media_id = null where id = any(:items)", items=items)
    [case_id] = {room.opened(item_id, flagged=True) for item_id in items}
    return case_id, items[0]


AT_RISK = ConductForm(finding=Finding.ILLEGAL, child_at_risk_now=Answer.YES, relied_on=("m1",))


def test_a_child_that_was_at_risk_now_weighs_no_more_once_that_has_its_outcome(room: Any) -> None:
    case_id, item_id = two_conversations(room)
    filed = room.files(case_id, item_id, AT_RISK, by=room.ada)
    assert at_risk(room, case_id, 1)
    room.settles(case_id, item_id, filed, room.later(minutes=2))
    assert room.waits_for(case_id, item_id) is None
    assert not at_risk(room, case_id, 3)


def test_whoever_finds_since_that_no_child_is_at_risk_now_is_taken_at_their_word(room: Any) -> None:
    case_id, item_id = two_conversations(room)
    lead = room.new_analyst(role="lead")
    room.files(case_id, item_id, AT_RISK, by=lead)
    assert at_risk(room, case_id, 1)
    # As if somebody had found something else, and it were for the lead to decide.
    room.sql("update case_item set waits_for = 'lead' where item_id = :item", item=item_id)
    safe = replace(AT_RISK, child_at_risk_now=Answer.NO)
    room.files(case_id, item_id, safe, by=lead, now=room.later(minutes=2))
    assert not at_risk(room, case_id, 3)


def test_due_cases_are_locked_in_the_order_in_which_everybody_locks_several(room: Any) -> None:
    first, second = sorted(room.matched_case()[0] for _ in range(2))
    with room.begin() as tx:
        case_urgency.weigh_soon(tx, second, room.now)
        case_urgency.weigh_soon(tx, first, room.later(seconds=1))
    swept = threading.Thread(target=at_risk, args=(room, first, 1))
    with room.begin() as tx:
        cases.existing_case(tx, first, for_change=True)
        swept.start()
        while not room.sql("select 1 from pg_locks where not granted"):
            time.sleep(0.02)
        # The sweep waits for the first, and so holds none that comes after it.
        tx.run(sa.text("select 1 from review_case where id = :id for update nowait"), {"id": second})
    swept.join()


def test_the_legal_clock_weighs_more_as_its_date_comes_nearer(room: Any) -> None:
    rules = QueueRules(decide_within={Purpose.CSAM: timedelta(hours=40)})
    case_id, _ = room.matched_case()
    with room.begin() as tx:
        case_urgency.weigh_soon(tx, case_id, room.now)
    weights = []
    for hours in (0, 19, 20, 30, 39, 40, 41):
        with room.begin() as tx:
            weighing.reckon_due(tx, now=room.later(hours=hours), rules=rules, limit=9)
        weights.append(part(room.case(case_id), "legal clock")[1])
    assert weights == [0, 0, 15, 30, 30, 40, 40]
    assert part(room.case(case_id), "legal clock")[0].startswith("Was due 2026-03-03 04:00")


def test_what_appeared_live_comes_first_for_an_hour_and_then_as_anything_else(room: Any) -> None:
    rules = QueueRules(live=frozenset({"live"}))
    others, (live, item_id) = [room.matched_case()[0] for _ in range(3)], room.flagged_case()
    room.sql("update item set surface = 'live', received_at = :now where id = :id", id=item_id, now=room.now)

    def reach(minutes: int) -> int:
        with room.begin() as tx:
            weighing.reckon_due(tx, now=room.later(minutes=minutes), rules=rules, limit=9)
        return part(room.case(live), "reach")[1]

    with room.begin() as tx:
        case_urgency.weigh_soon(tx, live, room.now)
    assert reach(1) == 60
    assert part(room.case(live), "reach")[0] == "Live within the last hour: it may be going on"
    assert [case.id for case in (next_of(room, room.ada, minutes=2),) if case] == [live]
    assert others
    assert reach(59) == 60
    assert reach(60) < 60


def test_bytes_that_are_destroyed_undecided_are_a_date_as_well(room: Any) -> None:
    case_id, item_id = room.matched_case()
    room.sql(
        "insert into retention (media_id, rule, since, destroy_at)"
        " select media_id, 'undecided', :now, :then from item where id = :item",
        now=room.now,
        then=room.later(days=90),
        item=item_id,
    )
    with room.begin() as tx:
        weighing.reckon(tx, case_id, now=room.later(days=80))
    assert room.case(case_id).decide_by == room.later(days=90)
    assert part(room.case(case_id), "legal clock")[1] == 30


def test_what_two_people_passed_on_is_offered_to_a_lead_alone_and_to_everybody_once_somebody_went_on(
    room: Any,
) -> None:
    lead, third = room.new_analyst(role="lead"), room.new_analyst()
    case_id, item_id = room.matched_case()
    passes(room, case_id, room.ada)
    assert not room.case(case_id).for_lead
    passes(room, case_id, room.ben)
    assert room.case(case_id).for_lead
    assert next_of(room, third) is None
    taken = next_of(room, lead)
    assert taken is not None
    room.files(case_id, item_id, room.illegal, by=lead)
    assert not room.case(case_id).for_lead


def test_who_knows_somebody_does_not_count_and_one_who_asks_for_a_lead_is_enough(room: Any) -> None:
    room.new_analyst(role="lead")
    first, second = room.matched_case()[0], room.matched_case()[0]
    passes(room, first, room.ada, PassReason.KNOWS_SOMEBODY)
    passes(room, first, room.ben)
    passes(room, second, room.ada, PassReason.NEEDS_LEAD)
    assert (room.case(first).for_lead, room.case(second).for_lead) == (False, True)


def test_what_somebody_passed_on_comes_back_only_when_nobody_else_is_left_and_not_within_a_shift(
    room: Any,
) -> None:
    case_id, _ = room.matched_case()
    passes(room, case_id, room.ada)
    shift = A_SHIFT.total_seconds()
    assert next_of(room, room.ada, seconds=shift) is None  # Ben could take it
    passes(room, case_id, room.ben)
    assert next_of(room, room.ada, seconds=shift - 1) is None
    taken = next_of(room, room.ada, seconds=shift)
    assert taken is not None
    assert taken.id == case_id


def test_nobody_is_offered_in_a_loop_what_they_pass_on(room: Any) -> None:
    mine = {room.matched_case()[0] for _ in range(3)}
    room.sql("update app_user set disabled_at = now() where id = :ben", ben=room.ben)
    seen = []
    while (case := next_of(room, room.ada, minutes=len(seen))) is not None:
        seen.append(case.id)
        with room.begin() as tx:
            cases.pass_on(tx, case.id, room.ada, PassReason.NOT_NOW, room.later(minutes=len(seen)))
    assert sorted(seen) == sorted(mine)


def test_a_skill_that_a_kind_asks_for_keeps_the_case_for_whoever_has_it(room: Any) -> None:
    skilled = room.new_analyst(skills=["calm"])
    case_id, _ = room.matched_case()
    rules = QueueRules(skills_for={ExposureKind.UNKNOWN: frozenset({"calm"})})
    with room.begin() as tx:
        weighing.reckon(tx, case_id, now=room.now, rules=rules)
    assert next_of(room, room.ada) is None
    taken = next_of(room, skilled)
    assert taken is not None
    assert taken.skills == {"calm"}


def test_whose_time_ran_out_files_all_the_same_where_nobody_else_took_the_case(room: Any) -> None:
    case_id, item_id = room.matched_case()
    case = room.takes(case_id, room.ada)
    late = room.now + LOCK_LASTS + timedelta(minutes=1)
    with room.begin() as tx:
        file_assessment(
            tx,
            case_id,
            item_id,
            room.illegal,
            by=room.ada,
            policy_version="1",
            case_revision=case.revision,
            record=room.record,
            now=late,
        )
    assert room.audited(f"case:{case_id}") == ["case.open", "case.take", "case.take"]


def test_whose_time_ran_out_does_not_file_into_a_case_that_somebody_else_holds_now(room: Any) -> None:
    case_id, item_id = room.matched_case()
    case = room.takes(case_id, room.ada)
    late = room.now + LOCK_LASTS
    room.takes(case_id, room.ben, late)
    with pytest.raises(CaseLocked), room.begin() as tx:
        file_assessment(
            tx,
            case_id,
            item_id,
            room.illegal,
            by=room.ada,
            policy_version="1",
            case_revision=case.revision,
            record=room.record,
            now=late,
        )


def test_a_note_waits_for_whoever_goes_on_its_words_in_no_log_and_goes_with_the_account(room: Any) -> None:
    case_id, _ = room.matched_case(account="acc-1")
    with room.begin() as tx:
        notes.leave(tx, case_id, " ask for the second page ", by=room.ada, now=room.now)
        [note] = notes.notes_of(tx, case_id, viewer=None)
    assert (note.words, note.by) == ("ask for the second page", room.ada)
    assert "second page" not in repr(note)
    assert not room.sql("select from audit_record where detail::text like '%second page%'")
    room.sql("delete from item_context")
    with room.begin() as tx:
        assert cases.forget_accounts(tx, now=room.now, limit=9) == 1
        assert notes.notes_of(tx, case_id, viewer=None) == []


@pytest.mark.parametrize("words", ["", "  ", "x" * 2001])
def test_an_empty_note_and_one_that_is_too_long_are_refused(room: Any, words: str) -> None:
    case_id, _ = room.matched_case()
    with pytest.raises(BadForm), room.begin() as tx:
        notes.leave(tx, case_id, words, by=room.ada, now=room.now)


def test_who_opened_a_case_a_moment_ago_is_named_to_those_who_assess_and_counted_for_those_who_read(
    room: Any,
) -> None:
    case_id, _ = room.matched_case()
    with room.begin() as tx:
        console_view.case(tx, case_id, actor=actor(room.ada), now=room.now)
    soon, later = room.now + LATELY - timedelta(seconds=1), room.now + LATELY
    with room.begin() as tx:
        seen = others_present(tx, case_id, viewer=actor(room.ben), now=soon)
        read = others_present(tx, case_id, viewer=actor(room.ben, Role.LEGAL), now=soon)
        own = others_present(tx, case_id, viewer=actor(room.ada), now=soon)
        gone = others_present(tx, case_id, viewer=actor(room.ben), now=later)
    assert (seen.count, seen.people) == (1, (room.ada,))
    assert (read.count, read.people) == (1, ())
    assert (own.count, gone.count) == (0, 0)


def test_a_case_of_many_items_is_looked_up_in_parts_around_the_item_that_waits_or_was_asked_for(
    room: Any,
) -> None:
    items = [room.arrives(account="acc-1") for _ in range(PAGE + 3)]
    for at, item in enumerate(items):
        case_id = room.opened(item, flagged=True, now=room.later(seconds=at))
    with room.begin() as tx:
        first = facts(tx, case_id, viewer=room.ada)
        asked = facts(tx, case_id, viewer=room.ada, around=items[-1])
        assert has_another(tx, case_id, items[0], room.ada)
        assert item_at(tx, case_id, PAGE) == items[PAGE]
        assert item_at(tx, case_id, PAGE + 3) is None
    assert ([one.item.id for one in first.items], first.first) == (items[:PAGE], 0)
    assert ([one.item.id for one in asked.items], asked.first) == (items[PAGE:], PAGE)
    assert first.total == asked.total == PAGE + 3
    room.sql("update case_item set waits_for = null where item_id = any(:some)", some=items[: PAGE + 1])
    with room.begin() as tx:
        waiting = facts(tx, case_id, viewer=room.ada)
        with pytest.raises(NotFound):
            facts(tx, case_id, viewer=room.ada, around=room.arrives())
    assert (waiting.next_item, waiting.first) == (items[PAGE + 1], PAGE)
