"""Claims about legal holds and orders to destroy, also when the process is killed between any two steps."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
import sqlalchemy as sa

from safehold.evidence import closing, orders, sweep
from safehold.model.assessment import Finding
from safehold.model.errors import BadForm, Conflict, ErasedEvidence, NotAllowed, NotFound, Refused
from safehold.model.ids import ItemId, MediaId, ObjectId, UserId, new_id
from safehold.model.permissions import Actor, Role, permissions_of, system_actor
from safehold.model.retention import Basis, Reach
from safehold.model.team import TeamSize
from safehold.storage import audit, retention_clocks
from safehold.storage import evidence as evidence_rows
from safehold.storage.evidence import Rule, destruction, sealed_object, wrapped_key
from safehold.storage.retention_clocks import retention_clock

if TYPE_CHECKING:
    from conftest import World

PICTURE = b"a grey square"
SHELL = system_actor("shell")
REASON = "Letter of the authority of 3 March, file 12/26."


def person(role: Role = Role.LEGAL) -> Actor:
    return Actor(permissions=permissions_of(frozenset({role})), user_id=UserId(new_id()))


ONE, TWO = person(), person()


def confirmed(world: World) -> MediaId:
    """Return sealed media that people confirmed on the first day."""
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.settle(item_id, Finding.ILLEGAL, world.after(1))
    world.keep(media_id)
    return media_id


def hold(world: World, *media: MediaId, on: float = 2, by: Actor = ONE) -> orders.Held:
    with world.database.begin() as tx:
        return orders.hold(
            tx, Reach(media=media), reason=REASON, actor=by, through=SHELL, now=world.after(on)
        )


def release(world: World, *media: MediaId, on: float, hold_id: UUID | None = None) -> list[MediaId]:
    with world.database.begin() as tx:
        lifted = orders.release(
            tx, Reach(media=media), hold_id=hold_id, actor=TWO, through=SHELL, now=world.after(on)
        )
    return list(lifted.media)


def ask(world: World, *media: MediaId, on: float = 5, by: Actor = ONE) -> orders.Ordered:
    with world.database.begin() as tx:
        return orders.ask_destruction(tx, media, reason=REASON, actor=by, through=SHELL, now=world.after(on))


def confirm(
    world: World,
    order_id: UUID,
    *media: MediaId,
    on: float = 6,
    by: Actor = TWO,
    size: TeamSize = TeamSize.FULL,
) -> orders.Ordered:
    with world.database.begin() as tx:
        return orders.confirm_destruction(
            tx, order_id, media, size=size, actor=by, through=SHELL, now=world.after(on)
        )


def erased(world: World, days: float) -> list[ItemId]:
    """Return the items that lose where they appeared on a day."""
    with world.database.begin() as tx:
        return sweep.erased_items(tx, now=world.after(days), limit=10)


def sweep_on(world: World, days: float) -> sweep.Swept:
    return sweep.sweep(world.database, world.vault, now=world.after(days))


def rule_of(world: World, media_id: MediaId) -> Rule | None:
    kept = world.retention(media_id)
    return kept.rule if kept else None


def verbs(world: World, media_id: MediaId) -> list[str]:
    with world.database.begin() as tx:
        return [one.verb for one in audit.of_object(tx, f"media:{media_id}")]


def keys(world: World) -> set[ObjectId]:
    with world.database.begin() as tx:
        return {ObjectId(row.object_id) for row in tx.run(sa.select(wrapped_key.c.object_id))}


def test_what_is_held_outlasts_every_clock_and_is_due_once_it_is_lifted(world: World) -> None:
    media_id = confirmed(world)
    world.files(media_id, 3)
    held = hold(world, media_id)
    assert (held.reach.media, held.against, rule_of(world, media_id)) == (
        (media_id,),
        [],
        Rule.LEGAL_HOLD,
    )
    assert sweep_on(world, 5_000).destroyed == []
    assert release(world, media_id, on=400) == [media_id]
    with world.database.begin() as tx:
        assert not sweep.erased_items(tx, now=world.after(400), limit=10)
    assert len(sweep_on(world, 400).destroyed) == 2
    with world.database.begin() as tx:
        assert {line.rule for line in evidence_rows.ledger(tx)} == {Rule.LEGAL_HOLD}
    assert [one for one in verbs(world, media_id) if one in ("evidence.hold", "evidence.release")] == [
        "evidence.hold",
        "evidence.release",
    ]


def test_a_hold_that_is_lifted_early_leaves_the_other_clocks_as_they_were(world: World) -> None:
    media_id = confirmed(world)
    world.files(media_id, 3)
    hold(world, media_id)
    release(world, media_id, on=10)
    assert rule_of(world, media_id) is Rule.US_PRESERVATION
    unfiled = confirmed(world)
    hold(world, unfiled)
    release(world, unfiled, on=10)
    assert rule_of(world, unfiled) is Rule.CONFIRMED


def test_of_two_holds_one_is_named_and_the_other_stands(world: World) -> None:
    media_id = confirmed(world)
    first, second = hold(world, media_id), hold(world, media_id, on=3)
    with pytest.raises(Conflict) as several:
        release(world, media_id, on=4)
    assert str(first.id) in several.value.advice_now
    release(world, media_id, on=4, hold_id=first.id)
    assert rule_of(world, media_id) is Rule.CONFIRMED
    assert [one.holds for one in world.clocks(media_id)] == [False, True]
    with pytest.raises(NotFound):
        release(world, media_id, on=5, hold_id=first.id)
    release(world, media_id, on=5, hold_id=second.id)


def test_the_words_of_a_reason_are_beside_the_hold_and_in_no_record(world: World) -> None:
    media_id = confirmed(world)
    hold(world, media_id)
    with world.database.begin() as tx:
        ids = [one.id for one in retention_clocks.of_media(tx, [media_id])]
        assert list(retention_clocks.reasons(tx, ids).values()) == [REASON]
        logged = audit.of_object(tx, f"media:{media_id}")
    assert not any("authority of" in repr(one) for one in logged)
    assert not any("authority of" in repr(one) for one in world.clocks(media_id))
    assert [one.detail["asked_by"] for one in logged if one.verb == "evidence.hold"] == ["system:shell"]


@pytest.mark.parametrize("reason", ["", "  ", "ab", "x" * 4001])
def test_a_hold_says_why(world: World, reason: str) -> None:
    media_id = confirmed(world)
    with pytest.raises(BadForm), world.database.begin() as tx:
        orders.hold(tx, Reach(media=(media_id,)), reason=reason, actor=ONE, through=SHELL, now=world.after(2))


@pytest.mark.parametrize("role", [Role.ANALYST, Role.LEAD, Role.ADMIN, Role.AUDITOR])
def test_only_a_person_who_may_edit_evidence_sets_anything(world: World, role: Role) -> None:
    media_id = confirmed(world)
    order_id = ask(world, media_id).id
    nobody = Actor(permissions=ONE.permissions, system="shell")
    for actor in (person(role), nobody):
        with pytest.raises(NotAllowed):
            hold(world, media_id, by=actor)
        with pytest.raises(NotAllowed):
            ask(world, media_id, by=actor)
        with pytest.raises(NotAllowed):
            confirm(world, order_id, media_id, by=actor)


def test_nothing_is_ordered_destroyed_where_nothing_is_sealed(world: World) -> None:
    never = world.add_media(PICTURE)
    world.add_item(never)
    with pytest.raises(NotFound):
        ask(world, never)
    gone = world.add_media(PICTURE)
    world.add_item(gone)
    world.keep(gone)
    sweep_on(world, 90)
    with pytest.raises(ErasedEvidence):
        ask(world, gone)
    kept = confirmed(world)
    assert ask(world, gone, kept).media == [kept]


def test_media_without_bytes_is_held_for_what_is_written_of_it_and_for_bytes_that_come_again(
    world: World,
) -> None:
    gone = world.add_media(PICTURE)
    item_id = world.add_item(gone)
    world.keep(gone)
    sweep_on(world, 90)
    assert hold(world, gone, on=91).without_bytes == [gone]
    assert rule_of(world, gone) is None
    assert erased(world, 5_000) == []
    world.keep(gone, at=world.after(100))
    assert rule_of(world, gone) is Rule.LEGAL_HOLD
    assert sweep_on(world, 5_000).destroyed == []
    release(world, gone, on=5_000)
    assert len(sweep_on(world, 5_000).destroyed) == 2
    assert erased(world, 5_000) == [item_id]


def test_an_order_destroys_nothing_until_somebody_else_confirms_it(world: World) -> None:
    media_id, other = confirmed(world), confirmed(world)
    world.files(media_id, 3)
    order = ask(world, media_id)
    assert sweep_on(world, 6).destroyed == []
    with pytest.raises(NotAllowed, match="does not confirm"):
        confirm(world, order.id, media_id, by=ONE, size=TeamSize.FULL)
    with pytest.raises(NotAllowed):
        confirm(world, order.id, media_id, by=ONE, on=50, size=TeamSize.SMALL)
    assert confirm(world, order.id, media_id).against == []
    objects = world.objects(media_id)
    assert sweep_on(world, 6).destroyed == objects
    assert keys(world) == set(world.objects(other))
    with world.database.begin() as tx:
        assert {(line.media_id, line.rule) for line in evidence_rows.ledger(tx)} == {
            (media_id, Rule.DESTROY_ORDER)
        }
    [done] = [one for one in world.clocks(media_id) if one.basis is Basis.DESTROY_ORDER]
    assert (done.ended_at, done.ended_by) == (world.after(6), "system:evidence.sweep")
    with pytest.raises(Conflict, match="over"):
        confirm(world, order.id, media_id)


def test_the_law_that_keeps_a_reports_papers_keeps_where_it_appeared_after_the_bytes_are_gone(
    world: World,
) -> None:
    media_id = confirmed(world)
    world.files(media_id, 3)
    confirm(world, ask(world, media_id).id, media_id)
    sweep_on(world, 6)
    with world.database.begin() as tx:
        assert sweep.erased_items(tx, now=world.after(300), limit=10) == []
        assert len(sweep.erased_items(tx, now=world.after(368), limit=10)) == 1


def test_where_nobody_else_is_there_the_same_person_confirms_a_day_later_and_that_is_on_record(
    world: World,
) -> None:
    media_id = confirmed(world)
    order = ask(world, media_id, on=5)
    with pytest.raises(Refused, match="less than a day"):
        confirm(world, order.id, media_id, by=ONE, on=5.9, size=TeamSize.SINGLE)
    confirm(world, order.id, media_id, by=ONE, on=6, size=TeamSize.SINGLE)
    [one] = [one for one in world.clocks(media_id) if one.basis is Basis.DESTROY_ORDER]
    assert (one.alone, one.confirmed_by) == (True, ONE.label)
    with world.database.begin() as tx:
        [record] = [
            one for one in audit.of_object(tx, f"media:{media_id}") if one.verb == "evidence.destroy_confirm"
        ]
    assert (record.detail["team"], record.detail["alone"]) == ("single", True)


def test_the_database_refuses_whoever_confirms_their_own_order(world: World) -> None:
    media_id = confirmed(world)
    ask(world, media_id, on=5)
    for alone, rule in ((False, "confirmed_by_another"), (True, "alone_a_day_later")):
        values = {"confirmed_by": ONE.label, "confirmed_at": world.after(5.5), "alone": alone}
        with pytest.raises(sa.exc.IntegrityError, match=rule), world.database.begin() as tx:
            tx.run(retention_clock.update().values(values))


def test_a_hold_stops_a_confirmed_order_until_it_is_lifted(world: World) -> None:
    media_id = confirmed(world)
    held = hold(world, media_id)
    order = ask(world, media_id)
    assert order.against == [held.id]
    assert confirm(world, order.id, media_id).against == [held.id]
    swept = sweep_on(world, 5_000)
    assert (swept.destroyed, swept.stopped) == ([], [order.id])
    with world.database.begin() as tx:
        assert retention_clocks.waiting_orders(tx, [order.id, new_id()]) == {order.id}
    release(world, media_id, on=9)
    with world.database.begin() as tx:
        assert retention_clocks.waiting_orders(tx, [order.id]) == set()
    assert len(sweep_on(world, 9).destroyed) == 2


def test_a_hold_that_comes_between_the_line_and_the_destruction_keeps_the_bytes(world: World) -> None:
    media_id = confirmed(world)
    order = ask(world, media_id)
    confirm(world, order.id, media_id)
    placed: list[orders.Held] = []

    class Holding(type(world.vault.ledger)):  # type: ignore[misc]
        """Lets somebody place a hold in the moment after the line was written."""

        def write(self, line: object) -> None:
            super().write(line)
            if not placed:
                placed.append(hold(world, media_id, on=6))

    world.vault.ledger = Holding(world.store)
    assert sweep_on(world, 6).destroyed == []
    assert placed[0].against == [order.id]
    assert len(world.objects(media_id)) == 2
    assert {one for batch in world.vault.ledger.objects() for one in batch} == set()


def test_an_order_that_was_withdrawn_leaves_everything_as_it_was(world: World) -> None:
    media_id = confirmed(world)
    world.files(media_id, 3)
    order = ask(world, media_id)
    confirm(world, order.id, media_id)
    assert rule_of(world, media_id) is Rule.DESTROY_ORDER
    with world.database.begin() as tx:
        orders.withdraw_order(tx, order.id, [media_id], actor=ONE, through=SHELL, now=world.after(6))
    assert rule_of(world, media_id) is Rule.US_PRESERVATION
    assert sweep_on(world, 7).destroyed == []
    with pytest.raises(Conflict):
        confirm(world, order.id, media_id)
    ask(world, media_id, on=8)


def test_an_order_is_confirmed_for_what_it_was_asked_for_and_nothing_less(world: World) -> None:
    first, second = confirmed(world), confirmed(world)
    order = ask(world, first, second)
    with pytest.raises(Conflict, match="something else"):
        confirm(world, order.id, first)
    with pytest.raises(NotFound):
        confirm(world, new_id(), first)
    with pytest.raises(Conflict) as another:
        ask(world, second, by=TWO)
    assert str(order.id) in another.value.advice_now
    assert confirm(world, order.id, first, second).media == sorted([first, second])
    with pytest.raises(Conflict, match="before"):
        confirm(world, order.id, first, second)


def test_a_backup_that_brings_an_order_and_its_keys_back_is_closed_again(world: World) -> None:
    media_id = confirmed(world)
    order = ask(world, media_id)
    with world.database.begin() as tx:
        saved = [dict(row) for row in tx.run(sa.select(wrapped_key)).mappings()]
        retained = dict(tx.run(sa.select(evidence_rows.retention)).mappings().one())
    confirm(world, order.id, media_id)
    assert len(sweep_on(world, 6).destroyed) == 2
    with world.database.begin() as tx:
        tx.run(destruction.delete())
        tx.run(sealed_object.update().values(destroyed_at=None))
        tx.run(wrapped_key.insert(), saved)
        tx.run(evidence_rows.retention.insert().values(retained))
        back = {"confirmed_at": None, "confirmed_by": None, "ended_at": None, "ended_by": None}
        tx.run(retention_clock.update().values(back))
    assert closing.compare(world.database, world.vault.ledger, now=world.after(7)) == 2
    assert (keys(world), world.objects(media_id)) == (set(), [])
    assert [one.is_open for one in world.clocks(media_id)] == [False]
    with world.database.begin() as tx:
        assert {line.rule for line in evidence_rows.ledger(tx)} == {Rule.DESTROY_ORDER}


# For each number read, a child does what is left to do of one order, from asking to the last ciphertext, and
# dies by SIGKILL at that statement, commit or deletion.
KILLED_ORDER = """
import os, signal, sys
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from sqlalchemy import event
from sqlalchemy.engine import Engine
from safehold.evidence import orders
from safehold.evidence.sweep import sweep
from safehold.model.ids import MediaId, UserId
from safehold.model.permissions import Actor, Role, permissions_of, system_actor
from safehold.model.retention import Basis
from safehold.model.team import TeamSize
from safehold.storage import retention_clocks
from safehold.storage.database import Database
from safehold.vault.keys import load_sealing_key
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Vault

url, folder, now = sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
media = MediaId(UUID(sys.argv[4]))
legal = permissions_of(frozenset({Role.LEGAL}))
one, two = (Actor(permissions=legal, user_id=UserId(UUID(said))) for said in sys.argv[5:7])
shell = system_actor("shell")
left = 0

def step(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

class Counting(Vault):
    def destroy(self, object_id):
        step()
        super().destroy(object_id)
        step()

def known(tx):
    return [each for each in retention_clocks.of_media(tx, [media]) if each.basis is Basis.DESTROY_ORDER]

def go_on(database, vault):
    with database.begin() as tx:
        if not known(tx):
            orders.ask_destruction(tx, [media], reason="A letter.", actor=one, through=shell, now=now)
    with database.begin() as tx:
        [order] = known(tx)
        if order.is_open and order.confirmed_at is None:
            orders.confirm_destruction(
                tx, order.about, [media], size=TeamSize.FULL, actor=two, through=shell, now=now
            )
    sweep(database, vault, now=now)

event.listen(Engine, "after_cursor_execute", step)
event.listen(Engine, "commit", step)
sealing_key = load_sealing_key(folder / "keys" / "vault-sealing.pub.pem")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        left = int(line)
        go_on(Database(url), Counting(CiphertextStore(folder / "vault"), sealing_key))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_an_order_whose_process_is_killed_between_any_two_steps_is_carried_out_once(
    world: World, database_url: str
) -> None:
    media_id, other = confirmed(world), confirmed(world)
    world.files(media_id, 3)
    objects, spared = set(world.objects(media_id)), set(world.objects(other))
    command = [sys.executable, "-c", KILLED_ORDER, database_url, str(world.folder)]
    command += [world.after(6).isoformat(), str(media_id), str(ONE.user_id), str(TWO.user_id)]
    kills = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as carrier:
        while dies_at(carrier, kills + 1):
            kills += 1
            with world.database.begin() as tx:
                gone = {line.object_id for line in evidence_rows.ledger(tx)}
            assert gone in (set(), objects)
            assert keys(world) == (objects | spared) - gone
            assert gone <= {one for batch in world.vault.ledger.objects() for one in batch}
    assert kills > 20
    told = verbs(world, media_id)
    assert [told.count(one) for one in ("evidence.destroy_ask", "evidence.destroy_confirm")] == [1, 1]
    assert told.count("evidence.destroy") == 2
    assert told[-1] == "evidence.clock_end"
    assert [one.is_open for one in world.clocks(media_id) if one.basis is Basis.DESTROY_ORDER] == [False]
    sweep.sweep_leftovers(world.database, world.vault, now=world.after(10_000) + timedelta(days=365))
    assert world.stored() == spared


def dies_at(carrier: subprocess.Popen[str], step: int) -> bool:
    """Say whether the process was killed; False when it ended before it came to this step."""
    assert carrier.stdin is not None
    assert carrier.stdout is not None
    carrier.stdin.write(f"{step}\n")
    carrier.stdin.flush()
    ended = int(carrier.stdout.readline())
    assert ended in (0, -signal.SIGKILL)
    if ended == 0:
        carrier.stdin.close()
    return ended != 0
