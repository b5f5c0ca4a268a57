"""Claims about legal holds on what came without bytes: what is written of it stays until they are lifted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from safehold.evidence import clock_records, ledger, orders, sweep
from safehold.intake import conversations as intake
from safehold.model.assessment import Finding
from safehold.model.ids import ItemId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of, system_actor
from safehold.model.retention import Basis, LineState, Reach
from safehold.storage import audit, conversations, retention_clocks
from safehold.storage.conversations import StoredMessage

if TYPE_CHECKING:
    from conftest import World

SHELL = system_actor("shell")
REASON = "Letter of the authority of 3 March, file 12/26."
ONE, TWO = (
    Actor(permissions=permissions_of(frozenset({Role.LEGAL})), user_id=UserId(new_id())) for _ in range(2)
)


def hold(world: World, reach: Reach, on: float = 2) -> orders.Held:
    with world.database.begin() as tx:
        return orders.hold(tx, reach, reason=REASON, actor=ONE, through=SHELL, now=world.after(on))


def release(world: World, reach: Reach, on: float) -> Reach:
    with world.database.begin() as tx:
        return orders.release(tx, reach, hold_id=None, actor=TWO, through=SHELL, now=world.after(on))


def erased(world: World, days: float) -> list[ItemId]:
    """Return the items that lose where they appeared on a day."""
    with world.database.begin() as tx:
        return sweep.erased_items(tx, now=world.after(days), limit=10)


def test_an_item_that_came_without_bytes_keeps_where_it_appeared_until_its_hold_is_lifted(
    world: World,
) -> None:
    held, other = world.add_item(None), world.add_item(None)
    reach = Reach(records=(held,))
    placed = hold(world, reach)
    assert erased(world, 5_000) == [other]
    with world.database.begin() as tx:
        logged = [one.verb for one in audit.of_object(tx, f"item:{held}")]
        [line] = [one for one in ledger.lines(tx) if one.why == "legal_hold"]
        [found] = ledger.newest(tx, ledger.Wanted(about=held), now=world.after(3), limit=9)
    assert logged == ["evidence.hold"]
    assert (line.what, line.about, line.state(world.after(3))) == (
        f"item:{held}",
        placed.id,
        LineState.KEPT,
    )
    assert found == line
    assert release(world, reach, 5_000) == reach
    assert held in erased(world, 5_000)


def test_the_texts_of_what_is_held_stay_although_people_found_nothing_in_them(world: World) -> None:
    item_id, now = world.add_item(None), world.start
    with world.database.begin() as tx:
        found = conversations.find_or_begin(
            tx,
            surface="private",
            reference="one",
            key_id=None,
            rehearsal=False,
            state=b"{}",
            expires_at=now + timedelta(hours=72),
        )
        sent = StoredMessage(message_id="m1", account_id="bo", sent_at=now)
        conversations.put_message(tx, found.id, sent, expires_at=now + timedelta(hours=72))
        conversations.put_item(tx, item_id, found.id, now=now)
    reach = Reach(records=(item_id,))
    hold(world, reach)
    world.settle(item_id, Finding.NOT_ILLEGAL, world.after(3))
    for lifted in (False, True):
        if lifted:
            release(world, reach, 200)
        with world.database.begin() as tx:
            assert intake.forget(tx, now=world.after(200))["messages"] == int(lifted)


@pytest.mark.parametrize("basis", [each for each in Basis if each is not Basis.LEGAL_HOLD])
def test_the_database_lets_nothing_but_a_hold_be_about_a_record(world: World, basis: Basis) -> None:
    item_id = world.add_item(None)
    clock = clock_records.new_clock(None, basis, new_id(), since=world.start, actor=ONE, item_id=item_id)
    reason = REASON if basis is Basis.DESTROY_ORDER else None
    rules = "records_are_held|papers_are_of_reports"
    with pytest.raises(sa.exc.IntegrityError, match=rules), world.database.begin() as tx:
        retention_clocks.insert(tx, clock, reason=reason)
