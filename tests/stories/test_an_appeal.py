"""An appeal from end to end: removed, contested by its reference, assessed by another person, restored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from safehold.app import wiring
from safehold.model.assessment import Finding
from safehold.model.permissions import Actor
from safehold.testing.jobs import run_all_steps


def goes_on(story: Any) -> None:
    """Run what waits as in a full team, and send what is due."""
    program = story.safehold.program
    team = program.settings.team.model_copy(update={"size_policy": "full"})
    settings = program.settings.model_copy(update={"team": team})
    run_all_steps(program.database, program.recorder, wiring.handlers(replace(program, settings=settings)))
    story.goes_on()


def assesses(story: Any, item_id: str, finding: Finding, by: Actor) -> None:
    story.safehold.assess(item_id, finding, by=by)
    goes_on(story)


def reasons(story: Any, item_id: str) -> list[dict[str, Any]]:
    answer = story.platform.ask("GET", f"/v1/items/{item_id}/reasons")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.body["statements"]
    return found


def test_a_removal_is_contested_by_its_reference_and_restored_by_another_person(story: Any) -> None:
    item_id = story.uploads()
    assesses(story, item_id, Finding.ILLEGAL, story.analyst)
    hold, removal = reasons(story, item_id)
    assert (hold["action"], removal["action"]) == ("visibility_restriction", "removal")
    assert removal["ground"]["kind"] == "illegal_content"
    assert removal["decision"] == {"automated": False, "people": 1, "approved_by_policy": True}
    assert removal["facts"] == {"automated_detection": True, "notice": False}
    assert "internal_complaint" in removal["redress"]["ways"]

    body = {"reference": removal["reference"], "statement": "It is a hill.", "by": "account-1"}
    filed = story.platform.ask("POST", "/v1/appeals", body)
    assert filed.status == 201, filed.body
    goes_on(story)
    address = f"/v1/appeals/{filed.body['appeal_id']}"
    assert story.platform.ask("GET", address).body["state"] == "received"
    assert story.platform.ask("GET", f"/v1/items/{item_id}").body["held"] is True

    assesses(story, item_id, Finding.NOT_ILLEGAL, story.lead)
    assert story.told() == [
        ("proposal_approved", "remove"),
        ("item_cleared", "restore"),
        ("appeal_decided", "none"),
    ]
    told = story.deliveries[-1].payload["data"]
    assert (told["appeal_id"], told["upheld"]) == (filed.body["appeal_id"], True)
    decided = story.platform.ask("GET", address).body
    assert (decided["state"], decided["by_another"]) == ("upheld", True)
    assert story.platform.ask("GET", f"/v1/items/{item_id}").body["held"] is False
    [only] = reasons(story, item_id)
    assert only["until"] is not None
    assert story.one("select state from proposal").state == "withdrawn"


def test_while_nobody_has_decided_the_statement_says_that_a_machine_held_it(story: Any) -> None:
    [hold] = reasons(story, story.uploads())
    assert hold["decision"] == {"automated": True, "people": 0}
    assert hold["ground"]["kind"] == "suspected_illegal_content"
    assert hold["until"] is None


def test_bad_references_and_two_at_once_are_refused(story: Any) -> None:
    item_id = story.uploads()
    [hold] = reasons(story, item_id)
    words = {"statement": "It is a hill.", "by": "account-1"}
    for named, status in (
        ({"reference": item_id}, 404),
        ({"reference": "nonsense"}, 422),
        ({"reference": hold["reference"], "item_id": item_id}, 422),
        ({}, 422),
    ):
        assert story.platform.ask("POST", "/v1/appeals", named | words).status == status, named
    assert story.platform.ask("GET", f"/v1/appeals/{item_id}").status == 404
    assert story.platform.ask("GET", "/v1/items/00000000-0000-7000-8000-000000000000/reasons").status == 404
