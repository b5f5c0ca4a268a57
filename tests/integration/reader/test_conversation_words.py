"""Claims about words of conversations: what rules saw opens for whoever holds the case, the rest for two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from safehold.app import conversation_words, conversations
from safehold.app.conversations import Message, Told
from safehold.app.reader import messages
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.messages import Words
from safehold.app.reader.opening import PACKING, SHOWING, reading
from safehold.app.reader.spans import Piece
from safehold.app.records import running as records_running
from safehold.model.errors import (
    BadForm,
    CaseLocked,
    Conflict,
    ConflictOfInterest,
    NotAllowed,
    NotFound,
    Refused,
)
from safehold.model.ids import CaseId, ItemId, ThreadRequestId
from safehold.model.permissions import Actor, Role
from safehold.review import cases, conflicts, threads
from safehold.storage import roles
from safehold.testing.running import TESTER
from safehold.vault.age import KeyOfOnce
from safehold.vault.channel import connect

SAID = (
    "By the way, how old are you? I forgot.",
    "Add me on the other app",
    "Nice weather in the hills today",
)
REASON = "What rules saw does not say who began it."


@pytest.fixture(scope="module")
def reader(running_program: Any) -> Iterator[ReaderClient]:
    """Yield a reader, a process under its own role, that does what the console asks for."""
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=PACKING) as reader,
    ):
        yield reader


@pytest.fixture
def talk(room: Any) -> tuple[CaseId, ItemId]:
    """Return the case and the item of a conversation about which somebody is asked."""
    now = room.clock()
    told = Told(
        reference="talk-7",
        surface="rehearsal",
        messages=tuple(
            Message(id=f"m-{at}", by="account-77", sent_at=now, language="en", text=text)
            for at, text in enumerate(SAID)
        ),
    )
    found = conversations.take(room.safehold.program, told, actor=TESTER)
    assert found.item_id is not None
    room.safehold.run_steps()
    return room.safehold.case_of(str(found.item_id)), found.item_id


def takes(room: Any, case_id: CaseId, by: Actor) -> None:
    with room.safehold.program.database.begin() as tx:
        cases.take(tx, case_id, by.analyst(), room.clock())


def seen(room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId], **more: Any) -> Any:
    actor = more.get("actor", room.analyst)
    session = more.get("session_id", room.session_id)
    return conversation_words.read_seen(reader, *talk, actor=actor, session_id=session)


def asks(room: Any, talk: tuple[CaseId, ItemId], actor: Actor, reason: str = REASON) -> ThreadRequestId:
    with room.safehold.program.database.begin() as tx:
        return threads.ask(tx, *talk, reason, actor=actor, now=room.clock())


def agrees(room: Any, request_id: ThreadRequestId, actor: Actor) -> None:
    with room.safehold.program.database.begin() as tx:
        threads.agree(tx, request_id, actor=actor, now=room.clock())


def whole(room: Any, reader: ReaderClient, request_id: ThreadRequestId, actor: Actor) -> Any:
    session = room.session_id if actor is room.analyst else room.safehold.session(actor)
    return conversation_words.read_whole(reader, request_id, actor=actor, session_id=session)


def test_whoever_holds_the_case_sees_what_rules_saw_and_nothing_around_it(
    room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId]
) -> None:
    takes(room, talk[0], room.analyst)
    shown = seen(room, reader, talk)
    assert [each.id for each in shown] == ["m-0", "m-1"]
    marked = [said for each in shown for kind, said in each.pieces if kind is Piece.MARKED]
    assert "how old are you" in marked[0]
    told = {kind for each in shown for kind, _ in each.pieces}
    assert told <= {Piece.MARKED, Piece.LEFT_OUT}
    assert "forgot" not in str(shown[0].pieces)
    records = room.safehold.sql("select * from audit_record where verb = 'conversation.open'")
    assert [(row.actor, row.object, row.detail["messages"]) for row in records] == [
        (room.analyst.label, f"item:{talk[1]}", 2)
    ]
    assert not any(text in str(records) for text in ("how old", "other app", "hills"))


def test_whoever_does_not_hold_the_case_or_is_not_signed_in_sees_no_word(
    room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId]
) -> None:
    with pytest.raises(CaseLocked):
        seen(room, reader, talk)
    other = room.safehold.analyst("other")
    takes(room, talk[0], other)
    with pytest.raises(CaseLocked):
        seen(room, reader, talk)
    with pytest.raises(NotAllowed):
        seen(room, reader, talk, actor=other)  # in the session of somebody else
    counsel = room.safehold.analyst("counsel", Role.LEGAL)
    with pytest.raises(NotAllowed):
        reader.words(*talk, user_id=counsel.user_id, session_id=room.safehold.session(counsel))
    own = room.safehold.session(other)
    assert seen(room, reader, talk, actor=other, session_id=own)
    with pytest.raises(NotFound):
        seen(room, reader, (talk[0], ItemId(room.item_id)), actor=other, session_id=own)
    with room.safehold.program.database.begin() as tx:
        conflicts.declare_about_account(tx, "account-77", of=other.user_id, actor=TESTER, now=room.clock())
    with pytest.raises(ConflictOfInterest):
        seen(room, reader, talk, actor=other, session_id=own)
    refused = room.safehold.sql("select 1 from audit_record where verb = 'evidence.refused'")
    assert len(refused) == 6


def test_the_whole_opens_for_two_who_agreed_for_a_while_and_for_nobody_else(
    room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId]
) -> None:
    lead, stranger = room.safehold.analyst("lead", Role.LEAD), room.safehold.analyst("stranger")
    request_id = asks(room, talk, room.analyst)
    with pytest.raises(NotAllowed):
        whole(room, reader, request_id, room.analyst)
    with pytest.raises(NotAllowed):
        agrees(room, request_id, room.analyst)
    agrees(room, request_id, lead)
    for person in (room.analyst, lead):
        shown = whole(room, reader, request_id, person)
        assert ["".join(said for _, said in each.pieces) for each in shown] == list(SAID)
        assert any(kind is Piece.MARKED for kind, _ in shown[0].pieces)
    with pytest.raises(NotFound):
        whole(room, reader, request_id, stranger)
    room.safehold.sql(
        "update thread_request set decided_at = decided_at - interval '4 hours',"
        " asked_at = asked_at - interval '4 hours'"
    )
    with pytest.raises(Refused):
        whole(room, reader, request_id, lead)
    verbs = room.safehold.sql(
        "select verb from audit_record where object = %(about)s and verb like 'conversation.%%'"
        " and verb <> 'conversation.flag' order by at, id",
        about=f"item:{talk[1]}",
    )
    assert [row.verb for row in verbs] == [
        "conversation.thread_ask",
        "conversation.thread_agree",
        "conversation.open",
        "conversation.open",
    ]


def test_who_is_kept_from_the_case_neither_asks_nor_agrees_nor_reads(
    room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId]
) -> None:
    lead, kept = room.safehold.analyst("lead", Role.LEAD), room.safehold.analyst("kept", Role.LEAD)
    admin = room.safehold.analyst("admin", Role.ADMIN)
    request_id = asks(room, talk, room.analyst)
    with room.safehold.program.database.begin() as tx:
        conflicts.declare_about_account(tx, "account-77", of=kept.user_id, actor=TESTER, now=room.clock())
    with pytest.raises(ConflictOfInterest):
        agrees(room, request_id, kept)
    with pytest.raises(NotAllowed):
        agrees(room, request_id, admin)
    with room.safehold.program.database.begin() as tx:
        assert conversation_words.requests(tx, actor=kept, now=room.clock()).asked == []
        assert len(conversation_words.requests(tx, actor=lead, now=room.clock()).asked) == 1
    agrees(room, request_id, lead)
    with room.safehold.program.database.begin() as tx:
        conflicts.declare_about_account(tx, "account-77", of=lead.user_id, actor=TESTER, now=room.clock())
    with pytest.raises(ConflictOfInterest):
        whole(room, reader, request_id, lead)
    room.safehold.sql("update app_user set disabled_at = now() where id = %(id)s", id=lead.user_id)
    with pytest.raises(NotAllowed):  # nobody stands behind it any more
        whole(room, reader, request_id, room.analyst)


def test_a_request_needs_a_reason_waits_a_day_and_is_decided_once(
    room: Any, talk: tuple[CaseId, ItemId]
) -> None:
    lead = room.safehold.analyst("lead", Role.LEAD)
    with pytest.raises(BadForm):
        asks(room, talk, room.analyst, "why not")
    request_id = asks(room, talk, room.analyst)
    with pytest.raises(Conflict):
        asks(room, talk, lead)
    with room.safehold.program.database.begin() as tx:
        threads.decline(tx, request_id, actor=room.analyst, now=room.clock())
    with pytest.raises(Conflict):
        agrees(room, request_id, lead)
    second = asks(room, talk, room.analyst)
    room.clock.ahead += timedelta(hours=24)
    with pytest.raises(Refused):
        agrees(room, second, lead)
    assert asks(room, talk, lead) != second
    told = room.safehold.sql("select detail from audit_record where verb like 'conversation.thread%%'")
    assert REASON not in str(told)


def test_past_the_code_the_database_takes_no_agreement_of_whoever_asked_and_none_that_comes_late(
    room: Any, talk: tuple[CaseId, ItemId]
) -> None:
    lead = room.safehold.analyst("lead", Role.LEAD)
    asks(room, talk, room.analyst)
    agree = "update thread_request set approved = true, decided_by = %(by)s, decided_at = asked_at"
    with pytest.raises(Exception, match="takes_two"):
        room.safehold.sql(agree, by=room.analyst.user_id)
    with pytest.raises(Exception, match="agreed_in_time"):
        room.safehold.sql(agree + " + interval '24 hours'", by=lead.user_id)
    assert "update" not in roles.GRANTS[roles.READER]["thread_request"]
    assert "thread_request" not in roles.GRANTS[roles.API]


def test_words_whose_time_is_over_are_gone_for_everybody(
    room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId]
) -> None:
    lead = room.safehold.analyst("lead", Role.LEAD)
    request_id = asks(room, talk, room.analyst)
    agrees(room, request_id, lead)
    takes(room, talk[0], room.analyst)
    room.safehold.sql("update conversation_message set sealed_as = null, sealed = null, wrapped = null")
    assert seen(room, reader, talk) == ()
    assert whole(room, reader, request_id, lead) == ()
    room.safehold.sql("delete from conversation")
    with pytest.raises(NotFound):
        whole(room, reader, request_id, lead)
    with pytest.raises(NotFound):
        seen(room, reader, talk)


def test_a_message_that_is_damaged_keeps_no_other_from_being_read(
    room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId]
) -> None:
    takes(room, talk[0], room.analyst)
    room.safehold.sql("update conversation_message set sealed = sealed || '\\x00' where message_id = 'm-0'")
    first, second = seen(room, reader, talk)
    assert first.pieces is None
    assert second.pieces is not None


def test_words_leave_the_reader_sealed_and_a_reader_that_only_shows_opens_none(
    room: Any, reader: ReaderClient, talk: tuple[CaseId, ItemId]
) -> None:
    takes(room, talk[0], room.analyst)
    assert set(SHOWING).isdisjoint({"words", "thread"})
    user, session = room.analyst.user_id, room.session_id
    asked = Words(*talk, user, session, KeyOfOnce().recipient)
    line = connect(reader.socket, seconds=5, max_body=messages.MAX_ANSWER_BODY)
    line.send(asked.message(), seconds=5)
    answer = line.receive(seconds=60)
    line.close()
    assert answer is not None
    assert answer.body.startswith(b"age-encryption.org")
    assert b"how old" not in answer.body
