"""Any id leads to its case, an account to its cases, a picture to those near it; never to what is hidden."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from safehold.model.assessment import Finding
from safehold.model.case import SubjectPart
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, UserId
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.review import conflicts
from safehold.review.finding import LONGEST, Sight, find, history_of_account, near


def sight(room: Any, person: AnalystId | None = None) -> Sight:
    return Sight(user_id=UserId(person or room.ada))


def found(room: Any, text: object, seen: Sight | None = None) -> list[tuple[Any, Any]]:
    """Return which cases, and which items in them, a text leads to."""
    with room.begin() as tx:
        return [(one.case.id, one.item_id) for one in find(tx, str(text), seen or sight(room))]


def test_every_id_of_a_case_leads_to_it(room: Any) -> None:
    case_id, item_id = room.matched_case(account="a-1")
    filed = room.assesses(case_id, item_id, room.illegal, by=room.ada)
    [outcome] = room.sql("select id from outcome")
    [media] = room.sql("select media_id from item where id = :id", id=item_id)
    number = room.case(case_id).number
    for text in (number, f"#{number}", case_id, str(case_id).upper(), f"  {case_id} "):
        assert found(room, text) == [(case_id, None)]
    for text in (item_id, filed, outcome.id, media.media_id):
        assert found(room, text) == [(case_id, item_id)]


def test_a_platforms_name_of_an_account_or_a_content_leads_to_its_cases(room: Any) -> None:
    case_id, item_id = room.matched_case(account="4711")
    room.sql("update item_context set content_id = 'post:1' where item_id = :id", id=item_id)
    assert found(room, "4711") == [(case_id, None)]
    assert found(room, "post:1") == [(case_id, item_id)]


@pytest.mark.parametrize(
    "text", ["", "  ", "x" * (LONGEST + 1), "nobody", "0", "9" * 18, uuid4(), "%", "' or true --", "a" * 64]
)
def test_what_names_nothing_leads_nowhere(room: Any, text: object) -> None:
    room.matched_case(account="a-1")
    assert found(room, text) == []


def test_a_digest_of_a_picture_that_is_there_leads_nowhere(room: Any) -> None:
    room.matched_case()
    [row] = room.sql("select encode(sha256, 'hex') as digest from media")
    assert found(room, row.digest) == []


def test_cases_of_other_queues_and_about_people_one_knows_are_not_there(room: Any) -> None:
    case_id, item_id = room.matched_case(account="a-1")
    other = sight(room, room.new_analyst(queues=[Purpose.INTIMATE_IMAGES]))
    for text in (case_id, item_id, "a-1", room.case(case_id).number):
        assert found(room, text, other) == []
    ada = Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=UserId(room.ada))
    with room.begin() as tx:
        conflicts.declare_about_case(tx, case_id, actor=ada, now=room.now)
    for text in (case_id, item_id, "a-1", room.case(case_id).number):
        assert found(room, text) == []


def test_an_accounts_cases_say_what_became_of_each(room: Any) -> None:
    first, item_id = room.matched_case(account="a-1")
    room.assesses(first, item_id, room.illegal, by=room.ada)
    second, _ = room.matched_case(account="a-1")
    room.matched_case(account="a-2")
    with room.begin() as tx:
        history = history_of_account(tx, "a-1", sight(room))
    assert history.whole
    newest, oldest = history.cases
    assert (newest.case.id, newest.items, newest.waiting, newest.findings) == (second, 1, 1, {})
    assert (oldest.case.id, oldest.waiting, oldest.findings) == (first, 0, {Finding.ILLEGAL: 1})
    assert {newest.part, oldest.part} == {SubjectPart.UNKNOWN}


def test_pictures_near_one_are_those_that_wait_in_other_cases_nearest_first(room: Any) -> None:
    of_case, item_id = room.matched_case(account="a-1")
    room.signs(item_id, bytes(32))
    places = {}
    for name, first_byte in {"far": 0xFF, "two": 0b11, "one": 0b1}.items():
        places[name] = room.matched_case(account=name)
        room.signs(places[name][1], bytes([first_byte]) + bytes([first_byte & 0x80] * 31))
    plain = room.matched_case(account="plain")
    room.signs(plain[1], bytes(32), quality=10)

    def nearest() -> list[tuple[Any, int]]:
        with room.begin() as tx:
            return [(one.item_id, one.bits) for one in near(tx, item_id, of_case, sight(room))]

    assert nearest() == [(places["one"][1], 1), (places["two"][1], 2)]
    room.assesses(*places["one"], room.illegal, by=room.ada)
    assert nearest() == [(places["two"][1], 2)]
    with room.begin() as tx:
        assert (
            near(tx, item_id, of_case, sight(room, room.new_analyst(queues=[Purpose.INTIMATE_IMAGES]))) == []
        )
