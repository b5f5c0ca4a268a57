"""The whole way of an item through review, with each surface using only its own database role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.app import console_finding, console_view, platform_view, reasons
from safehold.evidence import retention
from safehold.intake.uploads import forget_context
from safehold.model.assessment import Finding, Tier
from safehold.model.case import CaseState, SubjectPart
from safehold.model.errors import NotFound
from safehold.model.events import AppealReceived, AssessmentFiled, ItemMatched
from safehold.model.hash_list import Purpose
from safehold.model.ids import UserId
from safehold.model.permissions import Actor, Permission
from safehold.model.team import TeamSize
from safehold.review import contest, emergencies, golden, moves, weighing
from safehold.review.appeals import receive_appeal, standing_of
from safehold.review.assess import file_assessment
from safehold.review.cases import PassReason, open_case, pass_on, queue, release_lock, take, take_next
from safehold.review.facts import facts
from safehold.review.rules import Policy
from safehold.review.settle import ReversalReason, outcomes, reverse, settle
from safehold.review.subjects import set_part
from safehold.review.viewing import (
    ViewLimits,
    close_abandoned,
    close_reveal,
    mark_fetched,
    open_reveal,
    time_looked_today,
)
from safehold.storage.database import Tx

WIDE = ViewLimits()


@contextmanager
def as_role(room: Any, role: str) -> Iterator[Tx]:
    with room.begin() as tx:
        tx.run(sa.text(f"set local role safehold_{role}"))
        yield tx


def test_each_surface_can_do_its_part_of_a_review_with_its_own_role(room: Any) -> None:
    item_id = room.arrives(account="e-1")
    room.match(item_id)
    matched = ItemMatched(at=room.now, item_id=item_id, purpose=Purpose.CSAM, held=False)
    with as_role(room, "worker") as tx:
        case_id = open_case(tx, matched, record=room.record, now=room.now)
    with as_role(room, "console") as tx:
        assert len(queue(tx, purposes=tuple(Purpose), limit=5)) == 1
        take(tx, case_id, room.ada, room.now)
        pass_on(tx, case_id, room.ada, PassReason.NEEDS_LEAD, room.now)
        take_next(tx, room.ben, room.now)
        release_lock(tx, case_id, room.ben, room.now)
        case = take(tx, case_id, room.ada, room.now)
        reveal_id = open_reveal(
            tx, case_id, item_id, Tier.CLEAR, by=room.ada, now=room.now, limits=ViewLimits()
        ).id
    with as_role(room, "reader") as tx:
        mark_fetched(tx, reveal_id, by=room.ada, now=room.now)
    with as_role(room, "console") as tx:
        close_reveal(tx, reveal_id, by=room.ada, now=room.now)
        time_looked_today(tx, UserId(room.ada), room.now)
        filed = file_assessment(
            tx,
            case_id,
            item_id,
            room.illegal,
            by=room.ada,
            policy_version="2026-01",
            case_revision=case.revision,
            record=room.record,
            now=room.now,
        )
    event = AssessmentFiled(at=room.now, item_id=item_id, case_id=case_id, assessment_id=filed)
    with as_role(room, "worker") as tx:
        settle(tx, event, policy=room.policy, record=room.record, now=room.now)
        close_abandoned(tx, room.now)
        forget_context(tx, item_ids=[item_id], now=room.now)
    with as_role(room, "console") as tx:
        view = facts(tx, case_id, viewer=room.ada)
        set_part(tx, view.subjects[0].id, SubjectPart.BYSTANDER, by=room.ada, revision=1, now=room.now)
        reverse(
            tx,
            outcomes(tx, case_id)[0].outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.APPEAL,
            record=room.record,
            now=room.now,
        )
    with as_role(room, "api") as tx:
        told = platform_view.item(tx, item_id)
        assert (told["cases"][0]["case_id"], told["content_id"]) == (str(case_id), None)
        assert platform_view.case(tx, case_id)["state"] == "open"
        receive_appeal(
            tx, case_id=case_id, statement="My garden.", by="e-1", record=room.record, now=room.now
        )
    assert room.case(case_id).state is CaseState.OPEN


def test_an_appeal_asks_each_surface_for_no_more_than_its_own_role(room: Any) -> None:
    policy = Policy(size=TeamSize.FULL)
    case_id, item_id = room.matched_case(account="e-1")
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    with as_role(room, "api") as tx:
        appeal_id = receive_appeal(
            tx, item_id=item_id, statement="My garden.", by="e-1", record=room.record, now=room.now
        )
    received = AppealReceived(at=room.now, item_id=item_id, appeal_id=appeal_id)
    with as_role(room, "worker") as tx:
        contest.contest(tx, received, policy=policy, now=room.now)
        retention.keep_contested(tx, received, now=room.now)
    with as_role(room, "console") as tx:
        assert take_next(tx, room.ada, room.now) is None
        case = take_next(tx, room.ben, room.now)
        assert case is not None
        filed = file_assessment(
            tx,
            case_id,
            item_id,
            room.illegal,
            by=room.ben,
            policy_version="2026-01",
            case_revision=case.revision,
            record=room.record,
            now=room.now,
        )
    event = AssessmentFiled(at=room.now, item_id=item_id, case_id=case_id, assessment_id=filed)
    with as_role(room, "worker") as tx:
        settle(tx, event, policy=policy, record=room.record, now=room.now)
        assert contest.erase_words(tx, now=room.later(days=100), limit=5) == 1
    with as_role(room, "api") as tx:
        assert standing_of(tx, appeal_id)["state"] == "rejected"
        assert reasons.statements(tx, item_id)["statements"] == []
        with pytest.raises(NotFound):
            reasons.item_of_reference(tx, item_id)
    with as_role(room, "console") as tx:
        reverse(
            tx,
            outcomes(tx, case_id)[0].outcome.id,
            by=UserId(room.ben),
            reason_code=ReversalReason.APPEAL,
            policy=policy,
            record=room.record,
            now=room.now,
        )


def test_merging_and_what_meets_it_ask_each_surface_for_no_more_than_its_own_role(room: Any) -> None:
    room.policy = Policy(size=TeamSize.FULL)
    old, _ = room.matched_case(account="e-1")
    new, reversed_item = room.matched_case(account="e-2")
    later = room.arrives(account="e-2")
    room.match(later)
    room.opened(later)
    room.assesses(new, reversed_item, room.illegal, by=room.ada)
    [outcome] = room.sql("select id from outcome")
    appeal = ReversalReason.APPEAL
    with as_role(room, "console") as tx:
        reverse(
            tx,
            outcome.id,
            by=UserId(room.ben),
            reason_code=appeal,
            record=room.record,
            now=room.now,
            policy=room.policy,
        )
    room.sql("update review_case set locked_by = null, locked_until = null")
    person = Actor(permissions=frozenset(Permission), user_id=UserId(room.ben))
    with as_role(room, "console") as tx:
        take(tx, new, room.ben, room.now)
        one = moves.merge(tx, new, room.case(old).number, by=room.ben, now=room.now)
        apart = moves.split(tx, one, [later], by=room.ben, record=room.record, now=room.now)
        declared, _ = emergencies.declare(
            tx,
            apart,
            item_id=None,
            actor=person,
            within=timedelta(minutes=15),
            record=room.record,
            now=room.now,
        )
        assert [each.id for each, _ in emergencies.newest(tx, actor=person)] == [declared.id]
        assert emergencies.find_case(tx, str(later), actor=person) == apart
        assert console_finding.find(tx, str(later), actor=person, now=room.now)
        sheet = console_view.case(tx, apart, actor=person, now=room.now)
        console_finding.near(tx, apart, sheet.view.items[0], actor=person)
        assert console_view.queue(tx, actor=person, now=room.now).cases
    with as_role(room, "worker") as tx:
        weighing.reckon_due(tx, now=room.later(days=1), rules=weighing.AS_NOTHING_SET, limit=10)
    golden_item = room.arrives()
    with room.begin() as tx:
        golden.declare(
            tx,
            golden_item,
            purpose=Purpose.CSAM,
            expected=Finding.NOT_ILLEGAL,
            actor=person,
            now=room.now,
        )
    somebody = room.new_analyst()
    room.has_assessed_enough(somebody)
    with as_role(room, "console") as tx:
        assert golden.instead_of_next(tx, somebody, percent=2, now=room.now) is not None


def test_a_case_that_was_merged_is_contested_by_the_worker_where_it_went_on(room: Any) -> None:
    room.policy = Policy(size=TeamSize.FULL)
    old, _ = room.matched_case(account="e-1")
    new, item_id = room.matched_case(account="e-2")
    later = room.arrives(account="e-2")
    room.match(later)
    room.opened(later)
    room.assesses(new, item_id, room.illegal, by=room.ada)
    room.sql("update review_case set locked_by = null, locked_until = null")
    with as_role(room, "console") as tx:
        take(tx, new, room.ben, room.now)
        one = moves.merge(tx, new, room.case(old).number, by=room.ben, now=room.now)
    with as_role(room, "api") as tx:
        appeal_id = receive_appeal(
            tx, item_id=item_id, statement="mine", by="e-2", record=room.record, now=room.now
        )
    event = AppealReceived(at=room.now, item_id=item_id, appeal_id=appeal_id)
    with as_role(room, "worker") as tx:
        contest.contest(tx, event, policy=room.policy, now=room.now)
    assert room.waits_for(one, item_id) == "assessment"
    room.sql("update review_case set locked_by = null, locked_until = null")
    room.takes(one, room.ben)
    room.looks(one, item_id, Tier.CLEAR, by=room.ben)
    filed = room.files(one, item_id, room.not_illegal, by=room.ben)
    decided = AssessmentFiled(at=room.now, item_id=item_id, case_id=one, assessment_id=filed)
    with as_role(room, "worker") as tx:
        settle(tx, decided, policy=room.policy, record=room.record, now=room.now)
    with room.begin() as tx:
        assert [each.stands for each in outcomes(tx, new)] == [False]
        assert [each.stands for each in outcomes(tx, one)] == [True]
