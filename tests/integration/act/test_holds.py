"""Claims about holds: what may place one, and what releases it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy.exc import IntegrityError

from safehold.act import holds
from safehold.model.assessment import Finding
from safehold.model.hash_list import Purpose
from safehold.model.ids import FlagId, HoldId, ItemId, MatchId, new_id
from safehold.model.match import Flag, Match
from safehold.storage import holds as hold_rows
from safehold.storage.matches import flag

if TYPE_CHECKING:
    from conftest import Desk
    from safehold.model.events import ItemCleared, OutcomeReversed


def place(desk: Desk, item_id: ItemId, *matches: Match) -> HoldId | None:
    with desk.database.begin() as tx:
        return holds.place(tx, item_id, matches, now=desk.now)


def release(desk: Desk, event: ItemCleared | OutcomeReversed) -> None:
    with desk.database.begin() as tx:
        holds.release(tx, event, now=desk.now)


def is_held(desk: Desk, item_id: ItemId) -> bool:
    with desk.database.begin() as tx:
        return holds.is_held(tx, item_id)


def held_item(desk: Desk) -> ItemId:
    item_id = desk.add_item()
    place(desk, item_id, desk.add_match(item_id))
    return item_id


def test_a_hold_rests_on_the_nearest_match_that_may_hold(desk: Desk) -> None:
    item_id = desk.add_item()
    far = desk.add_match(item_id, distance=12)
    near = desk.add_match(item_id, distance=4)
    nearer_but_weak = desk.add_match(item_id, distance=0, may_hold=False)
    hold_id = place(desk, item_id, far, near, nearer_but_weak)
    [hold] = desk.held(item_id)
    assert (hold.id, hold.match_id) == (hold_id, near.id)
    assert is_held(desk, item_id)
    assert desk.audited(f"item:{item_id}") == ["hold.place"]


def test_matches_that_may_not_hold_place_nothing(desk: Desk) -> None:
    item_id = desk.add_item()
    assert place(desk, item_id, desk.add_match(item_id, may_hold=False)) is None
    assert place(desk, item_id) is None
    assert not is_held(desk, item_id)


def test_placing_twice_gives_the_same_hold(desk: Desk) -> None:
    item_id = desk.add_item()
    match = desk.add_match(item_id)
    assert place(desk, item_id, match) == place(desk, item_id, match)
    assert desk.audited(f"item:{item_id}") == ["hold.place"]


def test_a_flag_places_nothing_even_when_it_is_passed_off_as_a_match(desk: Desk) -> None:
    item_id = desk.add_item()
    asking = Flag(id=FlagId(new_id()), source="classifier", score=1.0, reason="looks_alike")
    with desk.database.begin() as tx, pytest.raises(TypeError):
        holds.place(tx, item_id, [cast("Any", asking)], now=desk.now)
    assert not is_held(desk, item_id)


def test_the_database_refuses_a_hold_on_a_flag(desk: Desk) -> None:
    item_id = desk.add_item()
    flag_id = new_id()
    with desk.database.begin() as tx:
        values = {"id": flag_id, "item_id": item_id, "source": "classifier", "score": 1.0, "reason": "r"}
        tx.run(flag.insert().values(flagged_at=desk.now, **values))
    with pytest.raises(IntegrityError), desk.database.begin() as tx:
        hold_rows.add(tx, HoldId(new_id()), item_id=item_id, match_id=MatchId(flag_id), at=desk.now)


def test_the_database_refuses_a_hold_on_a_match_that_may_not_hold(desk: Desk) -> None:
    item_id = desk.add_item()
    weak = desk.add_match(item_id, may_hold=False)
    with pytest.raises(IntegrityError), desk.database.begin() as tx:
        hold_rows.add(tx, HoldId(new_id()), item_id=item_id, match_id=weak.id, at=desk.now)


def test_clearing_an_item_releases_its_hold_once(desk: Desk) -> None:
    item_id = held_item(desk)
    event = desk.cleared(item_id, desk.add_case(item_id))
    release(desk, event)
    desk.wait(seconds=1)
    release(desk, event)
    [hold] = desk.held(item_id)
    assert hold.release_reason == "item_cleared"
    assert hold.released_at == event.at
    assert not is_held(desk, item_id)
    assert desk.audited(f"item:{item_id}") == ["hold.place", "hold.release"]


def test_reversing_an_outcome_releases_the_hold(desk: Desk) -> None:
    item_id = held_item(desk)
    release(desk, desk.reversed(item_id, desk.add_case(item_id)))
    assert not is_held(desk, item_id)


def test_an_item_can_be_held_again_after_its_release(desk: Desk) -> None:
    item_id = desk.add_item()
    match = desk.add_match(item_id)
    first = place(desk, item_id, match)
    release(desk, desk.cleared(item_id, desk.add_case(item_id)))
    assert place(desk, item_id, match) not in (None, first)
    assert is_held(desk, item_id)


def test_the_hold_stays_while_another_case_waits_with_a_match_of_its_own(desk: Desk) -> None:
    item_id = held_item(desk)
    case_id = desk.add_case(item_id)
    other = desk.add_case(item_id, Purpose.INTIMATE_IMAGES)
    desk.add_match(item_id, purpose=Purpose.INTIMATE_IMAGES)
    release(desk, desk.cleared(item_id, case_id))
    assert is_held(desk, item_id)
    desk.settle(item_id, case_id, Finding.NOT_ILLEGAL)
    desk.settle(item_id, other, Finding.NOT_ILLEGAL, Purpose.INTIMATE_IMAGES)
    release(desk, desk.cleared(item_id, other))
    assert not is_held(desk, item_id)


def test_the_hold_stays_while_another_case_has_confirmed_the_item(desk: Desk) -> None:
    item_id = held_item(desk)
    case_id = desk.add_case(item_id)
    other = desk.add_case(item_id, Purpose.INTIMATE_IMAGES)
    desk.settle(item_id, other, Finding.AGAINST_TERMS, Purpose.INTIMATE_IMAGES)
    release(desk, desk.cleared(item_id, case_id))
    assert is_held(desk, item_id)


def test_another_case_without_a_match_that_may_hold_keeps_nobody_blocked(desk: Desk) -> None:
    item_id = held_item(desk)
    case_id = desk.add_case(item_id)
    desk.add_case(item_id, Purpose.INTIMATE_IMAGES)
    desk.add_match(item_id, purpose=Purpose.INTIMATE_IMAGES, may_hold=False)
    release(desk, desk.cleared(item_id, case_id))
    assert not is_held(desk, item_id)
