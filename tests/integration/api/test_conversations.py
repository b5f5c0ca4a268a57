"""Messages come in, are read by rules, and a person is asked to look. Nothing else ever follows."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from safehold.app import wiring
from safehold.app.conversations import Message, Told, take, take_in
from safehold.app.keeping.rewrapping import ALL_KEYS
from safehold.app.settings import Settings
from safehold.intake import conversations as intake
from safehold.intake.message_keys import MESSAGE_KEYS
from safehold.model.assessment import ConductForm, Finding
from safehold.model.ids import ItemId
from safehold.model.permissions import Permission
from safehold.review import cases
from safehold.review.assess import file_assessment
from safehold.storage.dumps import KEY_TABLES
from safehold.storage.roles import API, WORKER
from safehold.testing.running import TESTER, Installation
from safehold.vault.sealing import Sealed
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader

CHILD = {"id": "ann", "age_band": "11-13"}
GROWN = {"id": "bo", "age": 34}
SECRET = "Please don't tell anyone about the blue boat"
THREAT = "I will send it to all your friends unless you pay, you have two hours"


def ago(minutes: float) -> str:
    """Return an instant some minutes ago."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def message(
    number: int, text: str | None, *, by: str = "bo", minutes: float | None = None, **more: Any
) -> dict[str, Any]:
    """Return a message as a platform sends it."""
    when = ago(60 - number if minutes is None else minutes)
    return {"id": f"m{number}", "by": by, "sent_at": when, "language": "en", "text": text} | more


def post(at: Installation, *messages: dict[str, Any], name: str | None = None, **more: Any) -> Any:
    """Send messages of one conversation with a key that may, and may hear details."""
    platform = at.platform(Permission.CONVERSATION, Permission.SCAN_DETAIL)
    body = {"surface": "public", "participants": [CHILD, GROWN], "messages": list(messages)} | more
    return platform.ask("POST", f"/v1/conversations/{name or uuid4()}/messages", body)


def kept(at: Installation) -> int:
    """Return how many rows of conversations there are."""
    tables = ("conversation", "conversation_message", "account_habits", "conversation_item", "flag_cue")
    return sum(len(at.sql(f"select 1 from {table}")) for table in tables)


def test_two_cues_of_one_side_ask_a_person_and_the_answer_names_messages_spans_and_rules(
    bare: Installation,
) -> None:
    answer = post(
        bare, message(1, "How old are you?"), message(2, "a long walk", by="ann"), message(3, SECRET)
    )
    assert (answer.status, answer.body["result"], answer.body["band"]) == (200, "review", "medium")
    assert [(each["message"], each["rule"]) for each in answer.body["evidence"]] == [
        ("m1", "en.asks_age"),
        ("m3", "en.secrecy"),
    ]
    span = answer.body["evidence"][1]
    assert SECRET[span["start"] : span["end"]] == "don't tell anyone"
    bare.run_steps()
    [row] = bare.sql(
        "select i.kind, i.result, c.state, c.purpose, x.account_id, f.source, f.score from item i"
        " join case_item ci on ci.item_id = i.id join review_case c on c.id = ci.case_id"
        " join item_context x on x.item_id = i.id join flag f on f.item_id = i.id"
    )
    assert tuple(vars(row).values()) == (
        "messages",
        "review",
        "open",
        "csam",
        "bo",
        "conversation_rules",
        0.6,
    )


def test_what_is_known_of_the_side_that_it_is_about_speaks_for_a_look(bare: Installation) -> None:
    new = GROWN | {"account_created_at": ago(60 * 24)}
    post(bare, message(1, "How old are you?"), message(2, SECRET), participants=[CHILD, new])
    bare.run_steps()
    [band] = bare.sql("select speak_for from review_band")
    assert [each["reason"] for each in band.speak_for] == ["conversation", "new_account"]
    [case] = bare.sql("select band from review_case")
    assert case.band == "medium"


def test_one_cue_asks_nobody_and_harmless_talk_is_clear(bare: Installation) -> None:
    assert post(bare, message(1, "How old are you?")).body["result"] == "clear"
    assert (
        post(bare, message(1, "A walk by the sea"), message(2, "With bread", by="ann")).body["result"]
        == "clear"
    )
    assert bare.sql("select 1 from item") == []


def test_a_threat_with_a_demand_and_a_deadline_asks_at_once_in_the_first_message(bare: Installation) -> None:
    answer = post(bare, message(1, THREAT), participants=[])
    assert (answer.body["result"], answer.body["band"]) == ("review", "high")
    [flag] = bare.sql("select reason, score from flag")
    assert (flag.reason, flag.score) == ("threat_with_demand", 1.0)


def test_the_same_messages_again_in_another_order_change_nothing(bare: Installation) -> None:
    said = [message(1, "How old are you?"), message(2, SECRET), message(3, "a map", by="ann")]
    first = post(bare, *said, name="again")
    before = bare.sql("select state from conversation"), bare.sql("select 1 from event")
    random.Random(3).shuffle(said)
    again = post(bare, *said, name="again")
    assert (again.body["taken"], again.body["repeated"]) == (0, 3)
    assert again.body["item_id"] == first.body["item_id"]
    assert (bare.sql("select state from conversation"), bare.sql("select 1 from event")) == before


def test_messages_that_arrive_one_by_one_in_any_order_come_to_the_same_judgement(bare: Installation) -> None:
    said = [
        message(1, "Can you send me a selfie"),
        message(2, "No", by="ann"),
        message(3, "come on, just once"),
    ]
    together = post(bare, *said, name="together").body
    for each in reversed(said):
        apart = post(bare, each, name="apart").body
    assert together["result"] == apart["result"] == "review"
    assert together["evidence"] == apart["evidence"]


def test_a_message_from_the_future_counts_as_sent_now_and_says_so(bare: Installation) -> None:
    answer = post(bare, message(1, "a lamp", sent_at="2999-01-01T00:00:00Z"))
    assert answer.body["limits"] == ["sent_in_future"]
    [row] = bare.sql("select sent_at <= now() as past from conversation_message")
    assert row.past


def test_no_text_no_words_and_a_long_text_each_say_so(bare: Installation) -> None:
    assert post(bare, message(1, None)).body["limits"] == ["no_text"]
    assert post(bare, message(1, "🌲🌊🌲")).body["limits"] == ["no_words"]
    long = post(bare, message(1, "bread and a map " * 6_000))
    assert (long.status, long.body["limits"]) == (200, ["text_cut"])


def test_a_message_of_a_megabyte_is_refused_and_nothing_is_kept(bare: Installation) -> None:
    answer = post(bare, message(1, "x" * 1_000_000))
    assert (answer.status, answer.body["code"]) == (413, "too_large")
    assert kept(bare) == 0


def test_a_language_without_rules_is_incomplete_and_named(bare: Installation) -> None:
    answer = post(bare, message(1, "en promenad", language="sv"))
    assert (answer.body["result"], answer.body["degraded"]) == ("incomplete", ["no_rules:sv"])


def test_unknown_ages_count_as_children_and_among_grown_ups_nothing_is_kept(bare: Installation) -> None:
    said = (message(1, "How old are you?"), message(2, SECRET))
    grown = post(bare, *said, participants=[GROWN, {"id": "cy", "age_band": "adult"}])
    assert (grown.body["result"], grown.body["limits"], kept(bare)) == ("not_scanned", ["no_child"], 0)
    assert (
        post(bare, *said, participants=[GROWN, {"id": "cy", "age_band": "unknown"}]).body["result"]
        == "review"
    )
    assert post(bare, *said, participants=[]).body["result"] == "review"


@pytest.mark.parametrize(
    ("surface", "region", "result"),
    [
        ("private", "north", "review"),
        ("private", "south", "not_scanned"),
        ("private", None, "not_scanned"),
        ("private_without_basis", "north", "not_scanned"),
    ],
)
def test_a_private_surface_is_read_only_under_a_current_basis_and_keeps_nothing_else(
    bare: Installation, surface: str, region: str | None, result: str
) -> None:
    answer = post(bare, message(1, "How old are you?"), message(2, SECRET), surface=surface, region=region)
    assert answer.body["result"] == result
    assert (kept(bare) == 0) is (result == "not_scanned")


@pytest.mark.parametrize(
    "change",
    [
        {"surface": "nowhere"},
        {"messages": []},
        {"messages": [message(1, "a"), message(1, "b")]},
        {"messages": [message(1, "a", by="")]},
        {"messages": [message(1, "a", sent_at="1960-01-01T00:00:00Z")]},
        {"messages": [message(1, "a", language="\0")]},
        {"participants": [{"id": "ann", "age": -1}]},
        {"participants": [{"id": "ann", "age_band": "12-14"}]},
        {"participants": [{"id": "ann"}, {"id": "ann"}]},
        {"hold": True},
        {"action": "block"},
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept_nor_can_anything_be_asked_that_acts(
    bare: Installation, change: dict[str, Any]
) -> None:
    answer = post(bare, message(1, "a"), **change)
    assert answer.status == 422
    assert kept(bare) == 0


def test_a_text_with_a_zero_byte_or_half_a_character_is_read_like_any_other(bare: Installation) -> None:
    answer = post(bare, message(1, "How old\0are you?"), message(2, "a \ud800 lamp"))
    assert answer.status in (200, 422)
    assert answer.status == 422 or answer.body["taken"] == 2


def test_a_key_without_the_scope_is_refused_and_one_without_detail_hears_no_cues(bare: Installation) -> None:
    body = {"surface": "public", "messages": [message(1, THREAT)]}
    refused = bare.platform(Permission.SCAN).ask("POST", "/v1/conversations/c/messages", body)
    assert (refused.status, kept(bare)) == (403, 0)
    told = bare.platform(Permission.CONVERSATION).ask("POST", "/v1/conversations/c/messages", body)
    assert told.body["result"] == "review"
    assert (told.body["band"], told.body["evidence"], told.body["against"]) == (None, None, None)


def offered(at: Installation, *messages: dict[str, Any], name: str, **more: Any) -> Any:
    """Send messages with a key that may show words to children, and return what it is told to show."""
    platform = at.platform(Permission.CONVERSATION, Permission.CHILD_SUPPORT)
    body = {"surface": "public", "participants": [CHILD, GROWN], "messages": list(messages)} | more
    return platform.ask("POST", f"/v1/conversations/{name}/messages", body).body["support"]


def test_a_threat_names_the_words_for_the_child_and_only_where_the_key_may_show_them(
    bare: Installation,
) -> None:
    assert offered(bare, message(1, THREAT), name="a") == {"account_id": "ann", "moment": "pressure"}
    assert offered(bare, message(1, "How old are you?"), message(2, SECRET), name="b") == {
        "account_id": "ann",
        "moment": "asked_to_move",
    }
    assert post(bare, message(1, THREAT), name="a").body["support"] is None


def test_words_are_named_by_what_brings_the_evidence_again_when_it_is_sent_again_and_not_later(
    bare: Installation,
) -> None:
    assert offered(bare, message(1, "How old are you?"), name="c") is None
    brought = message(2, THREAT)
    first = offered(bare, brought, name="c")
    assert offered(bare, brought, name="c") == first == {"account_id": "ann", "moment": "pressure"}
    assert offered(bare, message(3, "a map"), name="c") is None
    assert offered(bare, message(4, "no", by="ann"), name="c") is None


def test_words_are_for_nobody_where_it_is_not_certain_who_the_child_is(bare: Installation) -> None:
    third = {"id": "cy", "age_band": "11-13"}
    assert offered(bare, message(1, THREAT), name="d", participants=[CHILD, GROWN, third]) is None
    assert offered(bare, message(1, THREAT), name="e", participants=[GROWN]) is None
    joins = message(2, "bread", by="cy")
    assert offered(bare, message(1, THREAT), joins, name="f") is None
    guardian = CHILD | {"role": "guardian"}
    assert offered(bare, message(1, THREAT), name="g", participants=[guardian, GROWN]) is None


def test_no_text_lies_in_the_open_in_any_table(bare: Installation) -> None:
    post(bare, message(1, "How old are you?"), message(2, SECRET))
    bare.run_steps()
    tables = [
        row.tablename for row in bare.sql("select tablename from pg_tables where schemaname = 'public'")
    ]
    for table in tables:
        for row in bare.sql(f'select t::text as row from "{table}" t'):
            assert "blue boat" not in row.row
            assert b"blue boat".hex() not in row.row


def test_what_is_asked_again_is_the_same_item_and_more_cues_are_added_to_it(bare: Installation) -> None:
    first = post(bare, message(1, "How old are you?"), message(2, SECRET), name="grows").body
    post(bare, message(3, "bread"), name="grows")
    assert len(bare.sql("select 1 from flag")) == 1
    more = post(bare, message(4, "add me on the other app"), message(5, THREAT), name="grows").body
    assert (more["item_id"], more["band"]) == (first["item_id"], "high")
    assert len(bare.sql("select 1 from item")) == 1
    assert len(bare.sql("select 1 from flag")) == 2
    assert len(bare.sql("select 1 from event where kind = 'conversation_flagged'")) == 2


def test_ten_children_within_a_day_and_one_more_cue_ask_whatever_conversation_they_are_in(
    bare: Installation,
) -> None:
    for place in range(10):
        others = [{"id": f"child-{place}", "age": 12}, GROWN]
        text = "Do you want free coins" if place == 9 else None
        answer = post(bare, message(place, text), participants=others).body
    assert answer["result"] == "review"
    assert {each["rule"] for each in answer["evidence"]} == {"behaviour.fan_out", "en.gift"}


def test_only_the_latest_texts_and_those_that_show_something_are_kept(bare: Installation) -> None:
    post(bare, message(0, "How old are you?", minutes=500), name="long")
    for start in (1, 81):
        batch = [message(number, "a walk", minutes=400 - number) for number in range(start, start + 80)]
        post(bare, *batch, name="long")
    texts = {
        row.message_id
        for row in bare.sql("select message_id from conversation_message where sealed is not null")
    }
    assert texts == {"m0", *(f"m{number}" for number in range(111, 161))}
    assert len(bare.sql("select 1 from conversation_message")) == 161


def test_what_is_past_its_time_goes_and_what_waits_for_a_person_stays_until_it_is_decided(
    bare: Installation,
) -> None:
    post(bare, message(1, "a lamp"), name="harmless")
    flagged = post(bare, message(1, "How old are you?"), message(2, SECRET), name="flagged").body
    bare.run_steps()
    later = datetime.now(UTC) + timedelta(hours=71)
    with bare.program.database.begin() as tx:
        assert intake.forget(tx, now=later) == {"messages": 0, "conversations": 0, "habits": 0}
        assert intake.forget(tx, now=later + timedelta(hours=2)) == {
            "messages": 1,
            "conversations": 1,
            "habits": 1,
        }
    assert [row.reference for row in bare.sql("select reference from conversation")] == ["flagged"]
    decided(bare, flagged["item_id"], Finding.NOT_ILLEGAL)
    with bare.program.database.begin() as tx:
        assert intake.forget(tx, now=later + timedelta(hours=2))["messages"] == 2
    assert bare.sql("select 1 from conversation") == []


def decided(at: Installation, item_id: str, finding: Finding) -> None:
    """Let as many analysts as it takes assess a conversation, and the rules of review settle it."""
    relied_on = ("m1",) if finding.confirms else ()
    for name in ("ada", "ben"):
        if at.sql("select 1 from outcome"):
            return
        analyst = at.analyst(name).analyst()
        with at.program.database.begin() as tx:
            case_id, now = at.case_of(item_id), at.program.clock()
            taken = cases.take(tx, case_id, analyst, now)
            form = ConductForm(finding=finding, relied_on=relied_on)
            file_assessment(
                tx,
                case_id,
                ItemId(UUID(item_id)),
                form,
                by=analyst,
                policy_version="tests",
                case_revision=taken.revision,
                record=at.program.recorder.record,
                now=now,
            )
        at.run_steps()


def test_what_people_let_go_asks_again_only_by_what_came_later_and_as_another_item(
    bare: Installation,
) -> None:
    said = (message(1, "How old are you?"), message(2, SECRET))
    first = post(bare, *said, name="later").body
    bare.run_steps()
    decided(bare, first["item_id"], Finding.NOT_ILLEGAL)
    assert post(bare, message(3, "bread and a map"), name="later").body["result"] == "clear"
    [settled] = bare.sql("select settled_at from outcome")
    after = settled.settled_at + timedelta(seconds=1)
    told = Told(
        reference="later",
        surface="public",
        messages=(
            Message(id="m4", by="bo", sent_at=after, language="en", text="Do you want free coins"),
            Message(id="m5", by="bo", sent_at=after, language="en", text="Are you home alone?"),
        ),
    )
    later = replace(bare.program, clock=lambda: after + timedelta(seconds=1))
    again = take(later, told, actor=TESTER)
    assert again.item_id not in (None, UUID(first["item_id"]))
    assert {each.message for each in again.judgement.evidence} == {"m4", "m5"}


def test_two_at_once_lose_no_message_and_make_one_item(bare: Installation) -> None:
    texts = ("How old are you?", SECRET, "Are you home alone?", "Do you want free coins")
    together = Barrier(len(texts))

    def send(number: int) -> int:
        together.wait()
        return int(post(bare, message(number, texts[number]), name="crowded").status)

    with ThreadPoolExecutor(len(texts)) as pool:
        assert set(pool.map(send, range(len(texts)))) == {200}
    whole = post(bare, message(0, texts[0]), name="crowded").body
    assert {each["message"] for each in whole["evidence"]} == {"m0", "m1", "m2", "m3"}
    assert len(bare.sql("select 1 from item")) == 1


def test_a_text_is_opened_by_the_private_key_alone_and_a_rotation_and_a_backup_know_of_its_key(
    bare: Installation,
) -> None:
    post(bare, message(1, SECRET), message(2, None))
    home = bare.program.home
    [row] = bare.sql("select sealed_as, sealed, wrapped from conversation_message where sealed is not null")
    reader = Reader(CiphertextStore(home.vault), home.opening_keys())
    opened = reader.open_beside(Sealed(bytes(row.sealed), bytes(row.wrapped)), object_id=row.sealed_as)
    assert opened.decode() == SECRET
    assert MESSAGE_KEYS in ALL_KEYS
    assert "conversation_message" in KEY_TABLES
    with bare.program.database.begin() as tx:
        [key] = MESSAGE_KEYS.others(tx, b"12345678", None, 10)
        assert (key.object_id, key.wrapped) == (row.sealed_as, bytes(row.wrapped))
        assert sum(MESSAGE_KEYS.counted(tx).values()) == 1
        assert MESSAGE_KEYS.replace(tx, key, b"another")
        assert not MESSAGE_KEYS.replace(tx, key, b"another")


def test_settings_have_no_word_for_a_conversation_that_acts() -> None:
    for section in ({"conversations": {"hold": True}}, {"policies": {"hold_conversations": True}}):
        with pytest.raises(ValidationError):
            Settings.model_validate(section)
    with pytest.raises(ValidationError):
        Settings.model_validate({"surfaces": {"chat": {"on_conversation": "hold"}}})


def test_the_database_refuses_an_item_of_messages_that_is_held(bare: Installation) -> None:
    post(bare, message(1, THREAT))
    with (
        pytest.raises(sa.exc.IntegrityError, match="messages_never_hold"),
        bare.program.database.begin() as tx,
    ):
        tx.run(sa.text("update item set result = 'hold' where kind = 'messages'"))


PROOF = (
    "select 'hold' as what from hold h join conversation_item i on i.item_id = h.item_id"
    " union all select 'outcome' from outcome o join conversation_item i on i.item_id = o.item_id"
    "  where not exists (select 1 from outcome_assessment a where a.outcome_id = o.id)"
    " union all select 'proposal' from proposal p join conversation_item i on i.item_id = p.item_id"
    "  where p.outcome_id is null and p.emergency_id is null"
    " union all select 'message' from delivery d join event e on e.id = d.event_id"
    "  join conversation_item i on i.item_id = e.item_id"
    " union all select 'report' from authority_report_item r"
    "  join conversation_item i on i.item_id = r.item_id"
    "  where not exists (select 1 from outcome o where o.item_id = r.item_id)"
)
"""Whatever was done about a conversation and does not rest on what a person filed."""


def test_nothing_was_done_about_any_conversation_on_the_word_of_a_machine_alone(bare: Installation) -> None:
    for place, text in enumerate((THREAT, "How old are you? Don't tell anyone", "bread")):
        post(bare, message(1, text), name=f"proof-{place}")
    bare.run_steps()
    wiring.sweep_now(bare.program, acknowledged_by=TESTER)
    assert len(bare.sql("select 1 from review_case")) > 0
    assert bare.sql(PROOF) == []


def test_the_role_of_the_api_takes_messages_in_and_cannot_read_one_back_and_the_workers_ends_them(
    bare: Installation,
) -> None:
    now = bare.program.clock()
    told = Told(
        reference="roles",
        surface="public",
        messages=(
            Message(id="m1", by="bo", sent_at=now, language="en", text="How old are you?"),
            Message(id="m2", by="bo", sent_at=now, language="en", text=SECRET),
        ),
    )
    with bare.program.database.begin() as tx:
        tx.run(sa.text(f"set local role {API}"))
        assert take_in(tx, bare.program, told, actor=TESTER).item_id is not None
        with pytest.raises(sa.exc.ProgrammingError), tx.driver.transaction():
            tx.run(sa.text("select sealed from conversation_message"))
    bare.run_steps()
    with bare.program.database.begin() as tx:
        tx.run(sa.text(f"set local role {WORKER}"))
        assert intake.forget(tx, now=now + timedelta(hours=80))["habits"] == 1
