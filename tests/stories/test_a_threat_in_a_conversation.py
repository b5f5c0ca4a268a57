"""A threat in a conversation, to an analyst and to help for the child: explained, and seen by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.cli.opening import SHELL
from safehold.model.assessment import Answer, ConductForm, ConductKind, Finding
from safehold.model.conversation import Cue
from safehold.model.ids import ItemId
from safehold.model.permissions import Permission
from safehold.prevent import help_files, help_texts
from safehold.review import assess, cases
from safehold.review.facts import facts

THREAT = "Pay me 200 by tonight. I will send it to all your friends, and don't tell your parents."


def says(
    story: Any, number: int, by: str, text: str, *, minutes: int, talk: str = "1", platform: Any = None
) -> Any:
    """Let the platform send one message of a conversation between a child and a stranger who is grown up."""
    sent_at = story.clock() - timedelta(minutes=minutes)
    body = {
        "surface": "public",
        "participants": [
            {"id": f"child-{talk}", "age_band": "14-15"},
            {"id": f"stranger-{talk}", "age_band": "adult"},
        ],
        "messages": [
            {"id": f"m-{number}", "by": by, "sent_at": sent_at.isoformat(), "language": "en", "text": text}
        ],
    }
    platform = platform or story.safehold.platform(Permission.CONVERSATION)
    return platform.ask("POST", f"/v1/conversations/talk-{talk}/messages", body)


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


def a_platform_that_helps(story: Any) -> Any:
    """Load the words that help, and return a platform that may have messages read and show words."""
    with story.safehold.program.database.begin() as tx:
        help_texts.load(tx, help_files.shipped(), actor=SHELL, now=story.clock())
    return story.safehold.platform(Permission.CONVERSATION, Permission.CHILD_SUPPORT, Permission.CHILD_POLICY)


def asks_for_words(platform: Any, offer: dict[str, str]) -> Any:
    """Let the platform fetch what it was told to show, as it would for a child at any other moment."""
    child = {"age_band": "14-15", "language": "en", "jurisdiction": "GB"}
    return platform.ask("POST", "/v1/support-messages", offer | child).body


def test_a_threat_leads_to_help_for_the_child_and_to_an_analyst(story: Any) -> None:
    platform = a_platform_that_helps(story)
    answer = says(story, 1, "stranger-1", THREAT, minutes=1, platform=platform).body
    assert answer["support"] == {"account_id": "child-1", "moment": "pressure"}
    shown = asks_for_words(platform, answer["support"])["message"]
    assert shown["says"][0] == "You don't have to pay or send anything, also not once more."
    assert [line["id"] for line in shown["help_lines"]] == [
        "childline", "emergency", "report_remove", "take_it_down",
    ]  # fmt: skip
    opened = platform.ask("GET", "/v1/help?language=en&age_band=14-15&jurisdiction=GB").body
    assert shown in opened["messages"]
    chosen = {"moment": "pressure", "choice": "talk", "language": "en"}
    assert platform.ask("POST", "/v1/support-messages/choices", chosen).status == 200
    counted = story.safehold.sql("select name, choice, times from help_count order by choice")
    assert [tuple(vars(row).values()) for row in counted] == [
        ("pressure", "shown", 1),
        ("pressure", "talk", 1),
    ]
    story.goes_on()
    assert story.safehold.case_of(answer["item_id"])


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without the ids that differ from one conversation to the next."""
    return {name: said for name, said in answer.items() if not name.endswith("_id")}


def goes_on(story: Any, platform: Any, talk: str) -> list[Any]:
    """Let the talk go on, and return everything that could reach whoever wrote the threat, ids apart."""
    answers = []
    for number, (by, text) in enumerate(GOES_ON, start=2):
        name, minutes = f"{by}-{talk}", 9 - number
        said = says(story, number, name, text, minutes=minutes, talk=talk, platform=platform)
        answers.append((said.status, without_ids(said.body)))
    policy = {"feature": "message", "age_band": "18+", "connected": True}
    answers.append(platform.ask("POST", "/v1/child-policy/decide", policy).body)
    own = {"account_id": f"stranger-{talk}", "moment": "pressure", "age_band": "18+", "language": "en"}
    answers.append(platform.ask("POST", "/v1/support-messages", own).body)
    return answers


def test_no_other_participant_can_observe_whether_the_child_was_shown_words(story: Any) -> None:
    """Of two talks alike only one child is shown words, and chooses. All that follows is the same in both."""
    safehold, platform = story.safehold, a_platform_that_helps(story)
    both = ("1", "2")
    for talk in both:
        threat = says(story, 1, f"stranger-{talk}", THREAT, minutes=9, talk=talk, platform=platform).body
        assert threat["support"] == {"account_id": f"child-{talk}", "moment": "pressure"}
    assert asks_for_words(platform, {"account_id": "child-1", "moment": "pressure"})["message"]
    stop = {"moment": "pressure", "choice": "stop", "language": "en", "account_id": "child-1"}
    assert platform.ask("POST", "/v1/support-messages/choices", stop).status == 200

    answers, statements = [], []
    for talk in both:
        with asked_of_the_database() as heard:
            answers.append(repr(goes_on(story, platform, talk)).replace(f"child-{talk}", "child"))
        statements.append(heard)
    story.goes_on()

    assert answers[0] == answers[1]
    assert statements[0] == statements[1]
    assert len(statements[0]) > 10
    assert story.deliveries == []
    flagged = "event where kind = 'conversation_flagged'"
    for rows in ("review_case", "item", "flag", "conversation_message", flagged):
        assert len(safehold.sql(f"select 1 from {rows}")) % 2 == 0, rows
    assert safehold.sql("select 1 from audit_record where verb ~ '^help' and verb <> 'help.load'") == []


GOES_ON = (
    ("stranger", "Are you there?"),
    ("child", "Yes"),
    ("stranger", "You have two hours. Pay, or I will send it to your friends"),
    ("stranger", "add me on another app"),
)
CONCERNED = ("conversation", "account_habits", "item", "flag", "event", "audit", "help_")
"""Tables of a request. What a key may do is looked up once in a while, whoever asks."""


@contextmanager
def asked_of_the_database() -> Iterator[list[str]]:
    """Yield every statement, in order, without its values: what is the same takes the same way and time."""
    heard: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if any(table in statement for table in CONCERNED):
            heard.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)
