"""A threat in a conversation, from the message to an analyst: seen at once, explained, decided by people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from safehold.model.assessment import Answer, ConductForm, ConductKind, Finding
from safehold.model.conversation import Cue
from safehold.model.ids import ItemId
from safehold.model.permissions import Permission
from safehold.review import assess, cases
from safehold.review.facts import facts

THREAT = "Pay me 200 by tonight. I will send it to all your friends, and don't tell your parents."


def says(story: Any, number: int, by: str, text: str, *, minutes: int) -> Any:
    """Let the platform send one message of a conversation between a child and somebody whom nobody knows."""
    sent_at = story.clock() - timedelta(minutes=minutes)
    body = {
        "surface": "public",
        "participants": [{"id": "child-1", "age_band": "14-15"}, {"id": "stranger-1"}],
        "messages": [
            {"id": f"m-{number}", "by": by, "sent_at": sent_at.isoformat(), "language": "en", "text": text}
        ],
    }
    platform = story.safehold.platform(Permission.CONVERSATION)
    return platform.ask("POST", "/v1/conversations/talk-1/messages", body)


def test_a_threat_comes_before_an_analyst_with_its_reasons_and_nothing_acts_by_itself(story: Any) -> None:
    assert says(story, 1, "stranger-1", "Nice boat in that picture", minutes=9).body["result"] == "clear"
    assert says(story, 2, "child-1", "Thanks, it is my uncle's", minutes=8).body["result"] == "clear"
    asked = says(story, 3, "stranger-1", THREAT, minutes=1).body
    assert asked["result"] == "review"
    story.goes_on()

    with story.safehold.program.database.begin() as tx:
        case_id = story.safehold.case_of(asked["item_id"])
        view = facts(tx, case_id, viewer=story.analyst.analyst())
    [item] = view.items
    assert {cue.cue for cue in item.cues} == {Cue.THREAT, Cue.DEMAND, Cue.DEADLINE}
    assert {cue.message for cue in item.cues} == {"m-3"}
    assert [subject.part.value for subject in view.subjects] == ["unknown"]
    assert item.hold is None
    assert story.told() == []

    form = ConductForm(
        finding=Finding.ILLEGAL,
        kind=ConductKind.COERCION,
        by="stranger-1",
        towards="child-1",
        child_at_risk_now=Answer.YES,
        relied_on=("m-3",),
    )
    analyst, program = story.analyst.analyst(), story.safehold.program
    with program.database.begin() as tx:
        taken = cases.take(tx, case_id, analyst, program.clock())
        assess.file_assessment(
            tx,
            case_id,
            ItemId(UUID(asked["item_id"])),
            form,
            by=analyst,
            policy_version="tests",
            case_revision=taken.revision,
            record=program.recorder.record,
            now=program.clock(),
        )
    story.goes_on()
    [outcome] = story.safehold.sql("select finding, form, people_asked from outcome")
    assert (outcome.finding, outcome.form) == ("illegal", "conduct")


def test_nobody_who_takes_part_and_no_platform_is_told_that_somebody_looks(story: Any) -> None:
    says(story, 1, "stranger-1", THREAT, minutes=1)
    story.goes_on()
    assert len(story.safehold.sql("select 1 from review_case")) == 1
    assert story.deliveries == []
