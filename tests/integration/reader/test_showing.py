"""What the reader shows: a marked picture, once, to whoever asked, and never what came in."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from safehold.app.access import users
from safehold.model.assessment import Tier
from safehold.model.errors import NotFound
from safehold.model.permissions import system_actor
from safehold.review import cases, viewing
from safehold.testing.pictures import landscape
from safehold.testing.running import altered_copy

TESTS = system_actor("tests")


def picture(data: bytes) -> Image.Image:
    shown = Image.open(io.BytesIO(data))
    shown.load()
    return shown


@pytest.mark.parametrize(("tier", "size"), [(Tier.CLEAR, (512, 384)), (Tier.BLURRED, (320, 240))])
def test_what_is_shown_is_a_picture_made_anew_and_not_what_came_in(
    room: Any, tier: Tier, size: tuple[int, int]
) -> None:
    shown = room.reader.show(room.asks(tier).secret)
    assert picture(shown).size == size
    assert picture(shown).format == "JPEG"
    assert shown != altered_copy(1)
    with room.safehold.program.database.begin() as tx:
        item_id = room.safehold.sql("select id from item")[0].id
        assert viewing.clearest_seen(tx, item_id, by=room.analyst.analyst()) is tier


def test_a_ticket_is_used_once(room: Any) -> None:
    ticket = room.asks()
    room.reader.show(ticket.secret)
    with pytest.raises(NotFound):
        room.reader.show(ticket.secret)
    assert room.audited(f"item:{room.item_id}") == [("evidence.open", "")]


def test_a_ticket_that_nobody_was_given_opens_nothing_and_leaves_no_record(room: Any) -> None:
    for made_up in ("x" * 43, "x", "../../etc/passwd"):
        with pytest.raises(NotFound):
            room.reader.show(made_up)
    assert room.safehold.sql("select 1 from audit_record where verb like 'evidence.open%'") == []


def test_the_digest_in_the_database_is_no_ticket(room: Any) -> None:
    room.asks()
    [row] = room.safehold.sql("select token_digest from reveal")
    with pytest.raises(NotFound):
        room.reader.show(bytes(row.token_digest).hex())


def test_it_is_on_record_and_seen_before_the_picture_arrives(room: Any) -> None:
    ticket = room.asks()
    room.reader.show(ticket.secret)
    [record] = room.safehold.sql("select * from audit_record where verb = 'evidence.open'")
    [reveal] = room.safehold.sql("select * from reveal")
    assert record.actor == f"user:{room.analyst.user_id}"
    assert record.detail["reveal"] == str(ticket.reveal_id)
    assert record.at <= reveal.fetched_at


def _too_old(room: Any, _ticket: Any) -> None:
    room.safehold.sql(
        "update reveal set opened_at = opened_at - interval '30 seconds',"
        " ends_by = ends_by - interval '30 seconds'"
    )


def _shut_out(room: Any, _ticket: Any) -> None:
    with room.safehold.program.database.begin() as tx:
        users.disable(tx, users.find_user(tx, "analyst").id, actor=TESTS, now=room.clock())


def _session_ended(room: Any, _ticket: Any) -> None:
    room.safehold.sql("delete from session")


def _session_idle(room: Any, _ticket: Any) -> None:
    room.safehold.sql("update session set last_seen_at = last_seen_at - interval '31 minutes'")


def _session_over(room: Any, _ticket: Any) -> None:
    room.safehold.sql("update session set expires_at = now()")


def _case_put_back(room: Any, _ticket: Any) -> None:
    with room.safehold.program.database.begin() as tx:
        case_id = room.safehold.case_of(room.item_id)
        cases.release_lock(tx, case_id, room.analyst.analyst(), room.clock())


def _case_taken_by_another(room: Any, _ticket: Any) -> None:
    _case_put_back(room, _ticket)
    other = room.safehold.analyst("other")
    with room.safehold.program.database.begin() as tx:
        cases.take(tx, room.safehold.case_of(room.item_id), other.analyst(), room.clock())


def _lock_over(room: Any, _ticket: Any) -> None:
    room.safehold.sql("update review_case set locked_until = now()")


def _settled(room: Any, _ticket: Any) -> None:
    room.safehold.sql("update review_case set state = 'settled', settled_at = now()")


def _closed(room: Any, ticket: Any) -> None:
    with room.safehold.program.database.begin() as tx:
        viewing.close_reveal(tx, ticket.reveal_id, by=room.analyst.analyst(), now=room.clock())


def _no_analyst_any_more(room: Any, _ticket: Any) -> None:
    room.safehold.sql("update app_user set roles = array['auditor']")


REASONS = [
    (_shut_out, "not_allowed"),
    (_no_analyst_any_more, "not_allowed"),
    (_session_ended, "not_allowed"),
    (_session_idle, "not_allowed"),
    (_session_over, "not_allowed"),
    (_case_put_back, "case_locked"),
    (_case_taken_by_another, "case_locked"),
    (_lock_over, "case_locked"),
    (_settled, "conflict"),
    (_closed, "conflict"),
    (_too_old, None),
]


@pytest.mark.parametrize(("what_happened", "code"), REASONS)
def test_whoever_may_not_look_any_more_gets_the_answer_of_a_wrong_ticket_and_the_reason_is_on_record(
    room: Any, what_happened: Any, code: str | None
) -> None:
    ticket = room.asks()
    what_happened(room, ticket)
    with pytest.raises(NotFound) as refused:
        room.reader.show(ticket.secret)
    with pytest.raises(NotFound) as made_up:
        room.reader.show("x" * 43)
    assert refused.value.what == made_up.value.what
    assert room.audited(f"item:{room.item_id}") == ([("evidence.refused", code)] if code else [])
    assert room.safehold.sql("select 1 from reveal where fetched_at is not null") == []


def test_a_conflict_of_interest_that_is_declared_meanwhile_ends_the_ticket(room: Any) -> None:
    ticket = room.asks()
    # As a process does that records it and is killed before it gives the case back.
    room.safehold.sql(
        "insert into declared_conflict (id, user_id, about, declared_at)"
        " select id, locked_by, gathered_by, now() from review_case"
    )
    with pytest.raises(NotFound):
        room.reader.show(ticket.secret)
    assert room.audited(f"item:{room.item_id}") == [("evidence.refused", "conflict_of_interest")]


def test_a_ticket_ends_when_its_person_is_taken_out_of_the_queue(room: Any) -> None:
    ticket = room.asks()
    room.safehold.sql("update app_user set queues = '{own_terms}'")
    with pytest.raises(NotFound):
        room.reader.show(ticket.secret)
    assert room.audited(f"item:{room.item_id}") == [("evidence.refused", "not_found")]
    assert room.safehold.sql("select 1 from reveal where fetched_at is not null") == []


def test_a_ticket_stands_for_half_a_minute(room: Any) -> None:
    ticket = room.asks()
    room.safehold.sql(
        "update reveal set opened_at = opened_at - interval '25 seconds',"
        " ends_by = ends_by - interval '25 seconds'"
    )
    assert room.reader.show(ticket.secret)


def test_an_animation_comes_as_one_sheet_of_its_frames(room: Any) -> None:
    frames = [Image.open(io.BytesIO(altered_copy(1))).convert("RGB").resize((256, 192))]
    frames += [frames[0].point(lambda value, by=by: max(0, value - 8 * by)) for by in range(1, 20)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=100)
    item_id = room.uploads(file.getvalue(), account="account-2")
    shown = picture(room.reader.show(room.asks(item_id=item_id).secret))
    assert shown.size == (4 * 256, 3 * 192)


def test_the_frame_of_an_animation_that_matched_stands_above_its_sheet(room: Any) -> None:
    listed = Image.open(io.BytesIO(altered_copy(1))).convert("RGB").resize((256, 192))
    frames = [landscape(200 + number, (256, 192)) for number in range(20)]
    frames[13] = listed
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=100)
    item_id = room.uploads(file.getvalue(), account="account-3")
    found = room.safehold.sql("select frame from match where item_id = %(item)s", item=item_id)
    assert [row.frame for row in found] == [13]
    shown = picture(room.reader.show(room.asks(item_id=item_id).secret))
    assert shown.size == (4 * 256, 192 + 3 * 192)
    apart = ImageChops.difference(shown.convert("RGB").crop((0, 0, 256, 192)), listed).convert("L")
    assert ImageStat.Stat(apart).mean[0] < 20


def test_the_reader_is_asked_by_many_at_once(room: Any) -> None:
    tickets = [room.asks().secret for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        shown = list(pool.map(room.reader.show, tickets))
    assert {picture(one).size for one in shown} == {(512, 384)}
