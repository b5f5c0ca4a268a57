"""Words that help: for the child alone, seldom, approved in production, and nobody else can tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safehold.cli.opening import SHELL
from safehold.model.child_account import Moment
from safehold.model.errors import BadForm, Conflict, NotAllowed
from safehold.model.help_text import HelpKind
from safehold.model.ids import HelpTextId
from safehold.model.permissions import Permission, system_actor
from safehold.prevent import help_files, help_texts, support
from safehold.prevent.help_texts import Rules
from safehold.testing.platform import Platform
from safehold.testing.running import Installation

CHILD = {"account_id": "child-1", "age_band": "11-13", "language": "en", "jurisdiction": "GB"}
YEAR = timedelta(days=365)


@pytest.fixture
def loaded(bare: Installation) -> Installation:
    with bare.program.database.begin() as tx:
        help_texts.load(tx, help_files.shipped(), actor=SHELL, now=bare.program.clock())
    return bare


@pytest.fixture
def asking(loaded: Installation) -> Platform:
    return loaded.platform(Permission.CHILD_SUPPORT, Permission.CHILD_POLICY, Permission.SCAN)


def offered(platform: Platform, moment: str = "first_message", **change: Any) -> Any:
    answer = platform.ask("POST", "/v1/support-messages", CHILD | {"moment": moment} | change)
    assert answer.status == 200
    return answer.body


def test_what_a_child_is_shown_at_any_moment_is_what_it_reads_when_it_opens_the_help(
    asking: Platform, loaded: Installation
) -> None:
    opened = asking.ask("GET", "/v1/help?language=en&age_band=11-13&jurisdiction=GB").body
    for number, moment in enumerate(Moment):
        shown = offered(asking, moment.value, account_id=f"child-{number}")["message"]
        assert shown in opened["messages"]
    assert opened["help_lines"] == shown["help_lines"]
    assert {line["number"] for line in opened["help_lines"]} == {"999", "0800 1111", None}


def test_nothing_of_what_happened_can_be_sent_with_a_moment(asking: Platform) -> None:
    for more in ({"text": "a"}, {"from_account": "b"}, {"message_id": "c"}, {"score": 1}):
        answer = asking.ask("POST", "/v1/support-messages", CHILD | {"moment": "pressure"} | more)
        assert answer.status == 422


def test_an_account_is_shown_something_three_times_a_week_and_no_more(asking: Platform) -> None:
    shown = [offered(asking, moment.value) for moment in list(Moment)[:4]]
    assert [each["why"] for each in shown] == [None, None, None, "enough_this_week"]
    assert offered(asking, account_id="another")["message"] is not None


def test_the_cap_ends_after_seven_days(loaded: Installation, asking: Platform) -> None:
    for _ in range(4):
        offered(asking)
    loaded.sql("update help_shown set at = at - interval '7 days'")
    assert offered(asking)["message"] is not None
    with loaded.program.database.begin() as tx:
        assert support.forget(tx, now=loaded.program.clock() + timedelta(seconds=1)) == 3


def test_a_child_ends_the_messages_and_has_them_back_and_the_help_stays_open(asking: Platform) -> None:
    def choose(choice: str) -> int:
        body = {"moment": "first_message", "choice": choice, "language": "en", "account_id": "child-1"}
        return int(asking.ask("POST", "/v1/support-messages/choices", body).status)

    assert choose("stop") == choose("stop") == 200
    assert offered(asking) == {"message": None, "why": "switched_off"}
    assert asking.ask("GET", "/v1/help?language=en").body["messages"]
    assert offered(asking, account_id="another")["message"] is not None
    choose("again")
    assert offered(asking)["message"] is not None


def test_an_adult_is_shown_nothing_and_a_language_without_words_says_so(asking: Platform) -> None:
    assert offered(asking, age_band="18+")["why"] == "adult_account"
    assert offered(asking, language="fr")["why"] == "no_approved_text"
    assert offered(asking, language="de-AT")["message"]["language"] == "de"


def test_help_lines_of_another_country_are_never_guessed(asking: Platform) -> None:
    for place in ("", "&jurisdiction=FR"):
        lines = asking.ask("GET", f"/v1/help?language=en{place}").body["help_lines"]
        assert [line["id"] for line in lines] == ["take_it_down"]


def test_a_card_comes_by_the_age_of_the_child(asking: Platform) -> None:
    [card] = asking.ask("GET", "/v1/parent-cards?language=en&age=7-10").body["cards"]
    assert (card["age"], card["draft"]) == ("7-10", True)
    assert asking.ask("GET", "/v1/parent-cards?language=en&age=18").status == 422


def test_counts_hold_what_was_shown_and_chosen_and_nothing_of_whom(
    loaded: Installation, asking: Platform
) -> None:
    offered(asking)
    offered(asking, account_id="another")
    chosen = {"moment": "first_message", "choice": "block", "language": "en"}
    assert asking.ask("POST", "/v1/support-messages/choices", chosen).body == {"state": "noted"}
    with loaded.program.database.begin() as tx:
        counted = support.counted(tx, since=loaded.program.clock().date())
    assert counted == [("first_message", "en", "block", 1), ("first_message", "en", "shown", 2)]
    columns = {
        row.name
        for row in loaded.sql(
            "select column_name as name from information_schema.columns"
            " where table_name in ('help_count', 'help_shown')"
        )
    }
    assert columns == {"day", "name", "language", "choice", "times", "id", "account_mark", "at"}
    rows = loaded.sql("select account_mark from help_shown")
    assert all(b"child-1" not in bytes(row.account_mark) for row in rows)


TOLD = (
    "select kind, item_id, body, state from delivery order by 1",
    "select kind from event order by 1",
    "select actor, verb, object, detail from audit_record order by 1, 2, 3",
    "select * from alarm order by id",
    "select count(*) from review_case",
    "select count(*) from flag",
)
"""Everything that leaves as a webhook, or that somebody who works here could pass on."""


def outward(loaded: Installation, platform: Platform, *, another_child: str) -> list[Any]:
    """Return everything that another participant, or whoever is told things, can see."""
    other = {"feature": "message", "surface": "rehearsal", "age_band": "18+", "connected": False}
    return [
        platform.ask("POST", "/v1/child-policy/decide", other).body,
        platform.ask("POST", "/v1/child-policy/decide", {"feature": "message"}).body,
        platform.ask("GET", "/v1/help?language=en&age_band=14-15").body,
        platform.ask("GET", "/v1/parent-cards?language=en&age=11-13").body,
        offered(platform, account_id="the other side", age_band="18+"),
        offered(platform, account_id=another_child),
        platform.ask("GET", "/v1/health/ready").body,
        *(loaded.sql(text) for text in TOLD),
    ]


@pytest.mark.parametrize("moment", list(Moment))
def test_no_other_participant_can_observe_that_a_child_was_shown_something(
    loaded: Installation, asking: Platform, moment: Moment
) -> None:
    before = outward(loaded, asking, another_child="a")
    assert offered(asking, moment.value)["message"] is not None
    chosen = {"moment": moment.value, "choice": "talk", "language": "en", "account_id": "child-1"}
    assert asking.ask("POST", "/v1/support-messages/choices", chosen).status == 200
    assert repr(outward(loaded, asking, another_child="b")) == repr(before)


def test_in_production_no_draft_is_shown_and_an_approved_text_is(loaded: Installation) -> None:
    rules, now = Rules(drafts=False, lasts=YEAR), loaded.program.clock()
    with loaded.program.database.begin() as tx:

        def shown() -> list[str]:
            return [
                each.written.audience
                for each in help_texts.shown(tx, (HelpKind.MESSAGE,), language="en", rules=rules, now=now)
            ]

        assert shown() == []
        [draft] = [
            each
            for each in help_texts.everything(tx)
            if (each.written.language, each.written.name, each.written.audience)
            == ("en", "pressure", "older")
        ]
        role, today = "child-safety professional", now.date()
        help_texts.approve(tx, draft.id, role=role, checked_on=today, actor=SHELL, now=now)
        assert shown() == ["older"]
        late = now + YEAR + timedelta(days=1)
        assert help_texts.shown(tx, (HelpKind.MESSAGE,), language="en", rules=rules, now=late) == []
        help_texts.withdraw(tx, draft.id, actor=SHELL, now=now)
        assert shown() == []
    [approved] = loaded.sql("select detail from audit_record where verb = 'help.approve'")
    assert approved.detail == {"kind": "message", "name": "pressure", "language": "en"}


def test_a_text_that_says_the_same_is_loaded_once_and_a_changed_one_waits_beside_the_approved(
    loaded: Installation,
) -> None:
    now = loaded.program.clock()
    with loaded.program.database.begin() as tx:
        assert help_texts.load(tx, help_files.shipped(), actor=SHELL, now=now) == 0
        text = help_texts.everything(tx)[0]
        help_texts.approve(tx, text.id, role="a reviewer", checked_on=now.date(), actor=SHELL, now=now)
        changed = [each for each in help_files.shipped() if each == text.written]
        assert len(changed) == 1
        again = help_files.parse(OWN)
        assert help_texts.load(tx, again, actor=SHELL, now=now) == 1
        [new] = [each for each in help_texts.everything(tx) if each.written.name == "own"]
        help_texts.approve(tx, new.id, role="a reviewer", checked_on=now.date(), actor=SHELL, now=now)
        assert help_texts.load(tx, help_files.parse(OWN.replace("Here", "There")), actor=SHELL, now=now) == 1
        own = [each for each in help_texts.everything(tx) if each.written.name == "own"]
        assert [each.status.value for each in own] == ["approved", "draft"]
        help_texts.approve(tx, own[1].id, role="a reviewer", checked_on=now.date(), actor=SHELL, now=now)
        own = [each for each in help_texts.everything(tx) if each.written.name == "own"]
        assert [each.written.words.title for each in own] == ["There"]


OWN = """
language = "en"
source = "ours"
checked_on = 2026-11-01
[[help_line]]
name = "own"
jurisdiction = "GB"
title = "Here"
says = ["Somebody listens."]
"""


def test_approving_takes_the_permission_a_role_and_a_day_that_has_come(loaded: Installation) -> None:
    now = loaded.program.clock()
    with loaded.program.database.begin() as tx:
        text_id: HelpTextId = help_texts.everything(tx)[0].id
        today = now.date()
        with pytest.raises(NotAllowed):
            help_texts.approve(tx, text_id, role="role", checked_on=today, actor=system_actor("a"), now=now)
        with pytest.raises(BadForm, match="role"):
            help_texts.approve(tx, text_id, role=" ", checked_on=today, actor=SHELL, now=now)
        with pytest.raises(BadForm, match="checked_on"):
            help_texts.approve(
                tx, text_id, role="role", checked_on=today + timedelta(days=1), actor=SHELL, now=now
            )
        help_texts.withdraw(tx, text_id, actor=SHELL, now=now)
        with pytest.raises(Conflict):
            help_texts.approve(tx, text_id, role="role", checked_on=today, actor=SHELL, now=now)


@pytest.mark.parametrize(
    "change",
    [
        {"moment": "anything"},
        {"account_id": ""},
        {"account_id": "a\0"},
        {"language": "../en"},
        {"language": "e" * 50},
        {"age_band": "12"},
        {"jurisdiction": "G" * 21},
    ],
)
def test_what_is_wrong_is_refused_and_keeps_nothing(
    loaded: Installation, asking: Platform, change: dict[str, Any]
) -> None:
    answer = asking.ask("POST", "/v1/support-messages", CHILD | {"moment": "pressure"} | change)
    assert answer.status == 422
    assert loaded.sql("select 1 from help_shown") == []


def test_a_key_without_the_scope_is_refused(loaded: Installation) -> None:
    platform = loaded.platform(Permission.SCAN)
    assert platform.ask("POST", "/v1/support-messages", CHILD | {"moment": "pressure"}).status == 403
    assert platform.ask("GET", "/v1/help?language=en").status == 403


def test_two_platforms_never_share_an_account(loaded: Installation, asking: Platform) -> None:
    for _ in range(3):
        offered(asking)
    another = loaded.platform(Permission.CHILD_SUPPORT)
    assert offered(another)["message"] is not None
