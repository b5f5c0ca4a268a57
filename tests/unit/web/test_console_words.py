"""The console's words: lengths of time, sizes, and pages that may be gone back to."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.alarms import CAUSES
from safehold.detect.sampling import drawn_flag
from safehold.model.band import Band
from safehold.model.case import WaitsFor
from safehold.model.classifier import ESTIMATED, reason_of, source_of
from safehold.model.figures import Figure
from safehold.model.ids import FlagId, MediaId, ObjectId, new_id
from safehold.model.inbound_report import Seen
from safehold.model.match import Flag
from safehold.model.review_band import Reason, Spoken
from safehold.review.facts import HistoryLine
from safehold.storage.evidence import Destruction, ObjectRole, Rule
from safehold.web.console import band_words, code_words, sent_words, words
from safehold.web.console.sign_in import HOME, own_page


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86_400, "1 day"),
        (3 * 86_400, "3 days"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_whole_unit(seconds: float, said: str) -> None:
    assert words.span(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KB"), (1_572_864, "1.5 MB")],
)
def test_a_size_is_said_in_its_largest_unit(size: int, said: str) -> None:
    assert words.size(size) == said


def test_what_somebody_saw_is_told_in_words_of_its_own() -> None:
    assert words.seen(Seen.OTHER) == "something else that worries them about a child"
    assert {words.seen(said) for said in Seen} & {said.value for said in Seen} == set()


@pytest.mark.parametrize("rule", list(Rule))
def test_destroyed_bytes_are_told_with_the_time_and_a_reason(rule: Rule) -> None:
    line = Destruction(
        object_id=ObjectId(new_id()),
        media_id=MediaId(new_id()),
        role=ObjectRole.ORIGINAL,
        rule=rule,
        destroyed_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
    )
    said = words.destroyed(line)
    assert said.startswith("2026-03-04 05:06 UTC: ")
    assert "_" not in said


@pytest.mark.parametrize("wanted", ["/console/queue", "/console/cases/018f-aa"])
def test_a_page_of_the_console_is_gone_back_to_after_signing_in(wanted: str) -> None:
    assert own_page(wanted) == wanted


@given(st.text())
def test_whatever_is_asked_for_after_signing_in_the_way_leads_to_a_page_of_ours(wanted: str) -> None:
    chosen = own_page(wanted)
    assert chosen == HOME or chosen.startswith("/console/")
    assert "//" not in chosen


@pytest.mark.parametrize(
    "wanted",
    [
        "//somewhere.example",
        "/console//somewhere.example",
        "/consolex",
        "/console/../x",
        "/console/sign-in",
        "",
    ],
)
def test_everything_else_leads_to_the_front_door(wanted: str) -> None:
    assert own_page(wanted) == HOME


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Figure(0.714, 0.55, 0.861, 43), "0.71 (0.55 to 0.86), 43 items"),
        (Figure(None, None, None, 1), "always the same answer, 1 item"),
        (Figure(None, None, None, 0), "nothing to compare"),
    ],
)
def test_agreement_is_said_with_its_interval_or_why_there_is_none(figure: Figure, said: str) -> None:
    assert words.agreement(figure) == said


def test_a_share_is_said_as_a_percentage_with_its_interval() -> None:
    assert words.percent(Figure(0.1, 0.0552, 0.1744, 100)) == "10 % (6 % to 17 %)"


@pytest.mark.parametrize("waits_for", list(WaitsFor), ids=str)
def test_what_an_item_waits_for_is_said_without_what_anybody_found(waits_for: WaitsFor) -> None:
    said = words.WAITS[waits_for]
    assert not any(word in said for word in ("illegal", "category", "terms", "remit", "determine"))


def test_a_line_of_the_history_says_what_was_missing() -> None:
    line = HistoryLine(
        at=datetime(2026, 3, 1, tzinfo=UTC),
        actor="system:review_rules",
        verb="item.left_open",
        object="item:1",
        detail={"waits_for": "third"},
    )
    assert (
        words.happened(line) == "Left open: it was assessed by two people who disagree, and waits for a third"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "You have not looked today"),
        (0.1, "Looked less than 1 s today"),
        (1.0, "Looked 1 s today"),
        (61.9, "Looked 1 min 1 s today"),
    ],
)
def test_whoever_looked_however_shortly_is_not_told_that_they_did_not(seconds: float, said: str) -> None:
    assert words.looked(seconds) == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("fetch:timeout", "no answer in time"),
        ("mail:login", "a user name or password that is not taken"),
        ("mail:refused:450", "it was answered with 450"),
        ("refused:550", "it was answered with 550"),
        ("status:503", "it was answered with 503"),
        ("no_reference", "an answer without a reference"),
        ("address_refused", "an address that is not permitted"),
        ("unanswered", "all was handed over, and no answer came"),
        ("", "nobody knows why"),
    ],
)
def test_why_a_call_to_an_authority_came_to_nothing_is_told_in_words(code: str, said: str) -> None:
    assert sent_words.why(code) == said


@pytest.mark.parametrize("reason", list(Reason))
def test_what_speaks_for_or_against_a_look_is_said_of_one_and_of_several(reason: Reason) -> None:
    one, several = (band_words.said(Spoken(reason, amount, 1)) for amount in (1, 2))
    assert "_" not in one + several
    assert "1 years" not in one
    assert "1 bits" not in one + several


def test_a_classifier_that_asks_is_named_and_how_strongly_it_does_is_said_in_words() -> None:
    flag = Flag(
        id=FlagId(new_id()),
        source=source_of("first_look"),
        score=0.5,
        reason=reason_of(Band.VERY_HIGH),
        against=ESTIMATED,
    )
    assert words.who_asks(flag) == "the classifier first_look"
    assert words.asked_because(flag) == "very high"
    assert ESTIMATED in code_words.AGAINST
    assert words.who_asks(drawn_flag()) == "the audit sample"
    assert words.asked_because(drawn_flag()) == "drawn by lot"


@pytest.mark.parametrize("code", CAUSES)
def test_every_alarm_has_words_for_the_tables_that_count_it(code: str) -> None:
    assert code in code_words.LABELS
