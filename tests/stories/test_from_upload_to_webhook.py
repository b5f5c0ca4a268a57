"""The stories of one upload: confirmed, cleared, reversed, contested, and what is left of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from safehold.act.message_fields import BY_TYPE
from safehold.app import proposals, wiring
from safehold.app.audit.verify import verify
from safehold.app.settings_sections import PolicySettings
from safehold.model.assessment import Finding
from safehold.model.errors import Conflict, ErasedEvidence
from safehold.model.ids import OutcomeId, ProposalId
from safehold.review import settle
from safehold.testing.jobs import run_all_steps
from safehold.testing.running import altered_copy

UNDONE = ("not_illegal", "cannot_determine", "out_of_remit")


def reverse(story: Any, item_id: str, *, and_then: bool = True) -> None:
    """Let the lead reverse the item's outcome, and everything follow where it may."""
    safehold = story.safehold
    outcome = story.one("select id from outcome where item_id = %(id)s and reversed_at is null", id=item_id)
    with safehold.program.database.begin() as tx:
        settle.reverse(
            tx,
            OutcomeId(outcome.id),
            by=story.lead.user_id,
            reason_code=settle.ReversalReason.MISTAKE,
            record=safehold.program.recorder.record,
            now=safehold.program.clock(),
        )
    if and_then:
        story.goes_on()


def test_a_confirmed_upload_is_preserved_removed_and_told_with_every_step_on_record(story: Any) -> None:
    item_id = story.uploads()
    case_id = story.safehold.case_of(item_id)
    story.assesses(item_id, Finding.ILLEGAL)

    assert story.told() == [("proposal_approved", "remove")]
    [delivery] = story.deliveries
    data = delivery.payload["data"]
    assert (data["item_id"], data["case_id"], data["content_id"]) == (item_id, str(case_id), "post-1")
    assert (data["finding"], data["rehearsal"]) == ("illegal", True)
    assert "category" not in data
    assert {*data, "category"} == set(BY_TYPE["proposal_approved"]), "the reference page says so"
    assert story.one("select rule, destroy_at from retention").rule == "confirmed"
    proposal = story.one("select kind, state, policy, approved_by from proposal")
    assert (proposal.kind, proposal.state, proposal.policy) == ("remove_item", "approved", "remove_confirmed")
    assert story.one("select state from review_case").state == "settled"
    assert story.one("select count(*) as n from hold where released_at is null").n == 1
    assert story.safehold.open_sealed(item_id) == altered_copy(1)

    verbs = {row.verb for row in story.safehold.sql("select verb from audit_record")}
    assert verbs >= {
        "scan.keep",
        "evidence.seal",
        "hold.place",
        "case.open",
        "case.take",
        "item.assess",
        "item.settle",
        "case.settle",
        "evidence.preserve",
        "proposal.plan",
        "proposal.approve",
        "webhook.plan",
    }
    verdict = verify(story.safehold.program.database)
    assert verdict.intact
    assert verdict.waiting == 0


def test_without_a_policy_the_removal_waits_for_a_person(story: Any) -> None:
    program = story.safehold.program
    item_id = story.uploads()
    story.safehold.assess(item_id, Finding.ILLEGAL, by=story.analyst)
    without = program.settings.model_copy(update={"policies": PolicySettings()})
    handlers = wiring.handlers(replace(program, settings=without))
    run_all_steps(program.database, program.recorder, handlers)
    story.goes_on()
    waiting = story.one("select id, state from proposal")
    assert (waiting.state, story.told()) == ("waiting", [])
    with program.database.begin() as tx:
        proposals.approve(
            tx,
            ProposalId(waiting.id),
            actor=story.analyst,
            record=program.recorder.record,
            now=program.clock(),
        )
    story.goes_on()
    assert story.told() == [("proposal_approved", "remove")]
    approved = story.one("select approved_by, policy from proposal")
    assert (approved.approved_by, approved.policy) == (story.analyst.user_id, None)


@pytest.mark.parametrize("finding", [Finding(name) for name in UNDONE])
def test_a_cleared_upload_is_released_told_and_destroyed_when_its_fortnight_is_over(
    story: Any, finding: Finding
) -> None:
    item_id = story.uploads()
    story.assesses(item_id, finding)

    assert story.told() == [("item_cleared", "hold_released")]
    hold = story.one("select released_at, release_reason from hold")
    assert hold.release_reason == "item_cleared"
    kept = story.one("select rule, destroy_at - since as term from retention")
    assert (kept.rule, kept.term) == ("not_confirmed", timedelta(days=14))

    story.clock.ahead = timedelta(days=14, minutes=-5)
    assert wiring.sweep_retention(story.safehold.program).destroyed == []
    assert story.safehold.open_sealed(item_id) == altered_copy(1)
    story.clock.ahead = timedelta(days=14, minutes=5)
    assert len(wiring.sweep_retention(story.safehold.program).destroyed) == 2
    with pytest.raises(ErasedEvidence):
        story.safehold.open_sealed(item_id)
    assert "wrapped_key" not in story.safehold.counts()
    assert "item_context" not in story.safehold.counts()
    for table in story.safehold.counts():
        named = f"select 1 from {table} as t where t::text like '%%account-1%%'"
        assert story.safehold.sql(named) == [], f"{table} still says whose it was"
    assert story.one("select count(*) as n from destruction").n == 2
    # Destroyed once, however often it is swept.
    assert wiring.sweep_retention(story.safehold.program).destroyed == []
    story.safehold.deliver()
    assert verify(story.safehold.program.database).intact


def test_a_reversed_outcome_undoes_what_followed_and_tells_the_platform(story: Any) -> None:
    item_id = story.uploads()
    story.assesses(item_id, Finding.ILLEGAL)
    reverse(story, item_id)

    assert story.told() == [("proposal_approved", "remove"), ("outcome_reversed", "restore")]
    assert story.one("select state from proposal").state == "withdrawn"
    assert story.one("select count(*) as n from hold where released_at is null").n == 0
    kept = story.one("select rule, destroy_at from retention")
    assert kept.rule == "undecided"
    assert story.one("select state from review_case").state == "open"
    assert story.platform.ask("GET", f"/v1/items/{item_id}").body["held"] is False

    # Looked at again and confirmed, it goes the same way once more.
    story.assesses(item_id, Finding.ILLEGAL)
    assert story.told()[2:] == [("proposal_approved", "remove")]
    assert story.one("select rule from retention").rule == "confirmed"
    states = story.safehold.sql("select state from proposal order by planned_at")
    assert [row.state for row in states] == ["withdrawn", "approved"]


def test_a_reversal_undoes_all_the_same_while_the_account_has_another_case(story: Any) -> None:
    item_id = story.uploads(seed=1)
    story.assesses(item_id, Finding.ILLEGAL)
    story.uploads(seed=2)
    reverse(story, item_id)
    # The item waits in the newer case now; that alone is no reason to hold it.
    assert story.told() == [("proposal_approved", "remove"), ("outcome_reversed", "restore")]
    assert story.platform.ask("GET", f"/v1/items/{item_id}").body["held"] is False


def test_a_removal_that_waits_cannot_be_approved_once_its_outcome_was_reversed(story: Any) -> None:
    item_id = story.uploads()
    story.assesses(item_id, Finding.ILLEGAL)
    story.safehold.sql("update proposal set state = 'waiting', decided_at = null, policy = null")
    proposal = ProposalId(story.one("select id from proposal").id)
    program = story.safehold.program
    reverse(story, item_id, and_then=False)
    with pytest.raises(Conflict, match="reversed"), program.database.begin() as tx:
        proposals.approve(
            tx, proposal, actor=story.analyst, record=program.recorder.record, now=program.clock()
        )
    story.assesses(item_id, Finding.NOT_ILLEGAL)
    assert story.one("select state from proposal").state == "withdrawn"
    assert story.told()[1:] == [("outcome_reversed", "restore"), ("item_cleared", "none")]


def test_a_clearing_that_was_reversed_keeps_the_bytes(story: Any) -> None:
    item_id = story.uploads()
    story.assesses(item_id, Finding.NOT_ILLEGAL)
    reverse(story, item_id)
    story.clock.ahead = timedelta(days=20)
    wiring.sweep_retention(story.safehold.program)
    assert story.safehold.open_sealed(item_id) == altered_copy(1)


def test_an_appeal_reaches_people_and_its_words_nobody_else(story: Any) -> None:
    item_id = story.uploads()
    body = {"item_id": item_id, "statement": "That is the view from my window.", "by": "account-1"}
    assert story.platform.ask("POST", "/v1/appeals", body).status == 201
    story.goes_on()
    story.assesses(item_id, Finding.NOT_ILLEGAL)
    assert story.told() == [("item_cleared", "hold_released"), ("appeal_decided", "none")]
    assert "window" not in str([delivery.payload for delivery in story.deliveries])
    assert "window" not in str(story.safehold.sql("select detail from audit_record"))
    assert story.one("select count(*) as n from event where kind = 'appeal_received'").n == 1


def test_bytes_that_two_accounts_sent_stay_while_one_of_them_is_undecided(story: Any) -> None:
    first = story.uploads(account_id="account-1")
    second = story.uploads(account_id="account-2")
    story.assesses(first, Finding.NOT_ILLEGAL)
    story.clock.ahead = timedelta(days=20)
    wiring.sweep_retention(story.safehold.program)
    assert story.safehold.open_sealed(second) == altered_copy(1)
    story.clock.ahead = timedelta()
    story.assesses(second, Finding.ILLEGAL)
    story.clock.ahead = timedelta(days=400)
    wiring.sweep_retention(story.safehold.program)
    assert story.safehold.open_sealed(first) == altered_copy(1)


def test_what_nobody_decides_alarms_a_person_and_is_destroyed_after_ninety_days(story: Any) -> None:
    item_id = story.uploads()
    story.clock.ahead = timedelta(days=61)
    wiring.sweep_retention(story.safehold.program)
    assert story.one("select code from alarm").code == "undecided_too_long"
    story.clock.ahead = timedelta(days=91)
    wiring.sweep_retention(story.safehold.program)
    with pytest.raises(ErasedEvidence):
        story.safehold.open_sealed(item_id)
