"""Claims about destroying what is due, also when the process is killed between any two steps."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from safehold.evidence import retention, sweep
from safehold.model.assessment import Category, Finding
from safehold.model.errors import VaultObjectDamaged
from safehold.model.events import ItemCleared, ItemConfirmed, OutcomeReversed
from safehold.model.ids import AnalystId, ItemId, MediaId, ObjectId, new_id
from safehold.storage import evidence as evidence_rows
from safehold.storage.evidence import Rule, sealed_object, wrapped_key
from safehold.storage.evidence import retention as retention_table

if TYPE_CHECKING:
    from conftest import World

PICTURE = b"a grey square"


def sweep_on(world: World, day: float) -> sweep.Swept:
    return sweep.sweep(world.database, world.vault, now=world.after(day))


def sealed_media(world: World) -> MediaId:
    media_id = world.add_media(PICTURE)
    world.add_item(media_id)
    world.keep(media_id)
    return media_id


def keys(world: World) -> dict[ObjectId, bytes]:
    with world.database.begin() as tx:
        return {row.object_id: bytes(row.wrapped) for row in tx.run(sa.select(wrapped_key))}


def closed_outside(world: World) -> set[ObjectId]:
    return {one for batch in world.vault.ledger.objects() for one in batch}


def ledger(world: World) -> list[evidence_rows.Destruction]:
    with world.database.begin() as tx:
        return evidence_rows.ledger(tx)


def test_that_bytes_were_destroyed_is_told_with_the_rule_until_they_come_again(world: World) -> None:
    media_id, other = sealed_media(world), MediaId(new_id())
    with world.database.begin() as tx:
        assert evidence_rows.destroyed(tx, [media_id, other]) == {}
    sweep_on(world, 90)
    with world.database.begin() as tx:
        told = evidence_rows.destroyed(tx, [media_id, other])
    assert list(told) == [media_id]
    assert (told[media_id].rule, told[media_id].destroyed_at) == (Rule.UNDECIDED, world.after(90))
    world.add_item(media_id, world.after(91))
    world.keep(media_id, at=world.after(91))
    with world.database.begin() as tx:
        assert evidence_rows.destroyed(tx, [media_id]) == {}


def test_undecided_bytes_are_destroyed_at_90_days_and_not_before(world: World) -> None:
    media_id = sealed_media(world)
    assert sweep_on(world, 89.99).destroyed == []
    objects = world.objects(media_id)
    assert sweep_on(world, 90).destroyed == objects
    assert (world.objects(media_id), keys(world), world.stored()) == ([], {}, set())
    lines = ledger(world)
    assert {line.object_id for line in lines} == set(objects)
    assert {(line.media_id, line.rule, line.destroyed_at) for line in lines} == {
        (media_id, Rule.UNDECIDED, world.after(90))
    }
    assert world.retention(media_id) is None


def test_undecided_media_past_60_days_is_named_for_an_alarm(world: World) -> None:
    media_id = sealed_media(world)
    assert sweep_on(world, 59.9).alarms == []
    assert sweep_on(world, 60).alarms == [media_id]
    assert sweep_on(world, 90).alarms == []


def test_confirmed_bytes_are_never_swept(world: World) -> None:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.keep(media_id)
    world.settle(item_id, Finding.ILLEGAL, world.after(89))
    # The step that preserves has not run yet: the outcome alone protects the bytes.
    assert sweep_on(world, 91).destroyed == []
    assert sweep_on(world, 10_000).destroyed == []
    kept = world.retention(media_id)
    assert kept is not None
    assert kept.rule is Rule.CONFIRMED


def test_a_reversal_whose_step_was_lost_does_not_keep_bytes_for_ever(world: World) -> None:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.settle(item_id, Finding.ILLEGAL, world.after(1))
    world.keep(media_id)
    kept = world.retention(media_id)
    assert kept is not None
    assert kept.rule is Rule.CONFIRMED
    world.reverse(item_id, world.after(2))
    assert sweep_on(world, 89).destroyed == []
    assert len(sweep_on(world, 90).destroyed) == 2


def test_media_is_destroyed_anew_when_it_comes_again(world: World) -> None:
    media_id = sealed_media(world)
    sweep_on(world, 90)
    world.add_item(media_id, world.after(100))
    assert world.keep(media_id, at=world.after(100))
    assert sweep_on(world, 189).destroyed == []
    assert len(sweep_on(world, 190).destroyed) == 2
    assert len(ledger(world)) == 4


def test_a_store_that_is_down_does_not_keep_keys_alive(world: World) -> None:
    media_id = sealed_media(world)
    objects = world.objects(media_id)
    vault = world.folder / "vault"
    vault.rename(world.folder / "away")
    vault.write_text("no folder")
    assert sweep_on(world, 90).destroyed == objects
    assert keys(world) == {}
    vault.unlink()
    (world.folder / "away").rename(vault)
    assert world.stored() == set(objects)
    assert sweep.sweep_leftovers(world.database, world.vault, now=later()).leftovers == 2
    assert world.stored() == set()


def test_live_ciphertext_is_never_a_leftover(world: World) -> None:
    media_id = sealed_media(world)
    assert sweep.sweep_leftovers(world.database, world.vault, now=later()).leftovers == 0
    assert world.stored() == set(world.objects(media_id))


def test_a_store_full_of_strangers_is_left_alone(world: World) -> None:
    for _ in range(sweep.MOST_STRANGERS + 1):
        world.vault.seal(b"x")
    swept = sweep.sweep_leftovers(world.database, world.vault, now=later())
    assert (swept.leftovers, swept.strangers_kept) == (0, sweep.MOST_STRANGERS + 1)
    assert len(world.stored()) == sweep.MOST_STRANGERS + 1


def test_items_of_destroyed_media_are_named_so_that_their_context_can_be_erased(world: World) -> None:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.keep(media_id)
    kept_media = world.add_media(b"another")
    confirmed = world.add_item(kept_media)
    world.settle(confirmed, Finding.ILLEGAL, world.after(1))
    world.keep(kept_media)
    assert erased(world) == []
    sweep_on(world, 90)
    assert erased(world) == [item_id]


def test_context_stays_while_the_same_bytes_are_sealed_again(world: World) -> None:
    media_id = sealed_media(world)
    sweep_on(world, 90)
    world.add_item(media_id, world.after(91))
    world.keep(media_id, at=world.after(91))
    assert erased(world) == []


def test_context_of_an_item_that_came_without_bytes_ends_after_90_days_unless_it_was_confirmed(
    world: World,
) -> None:
    undecided, confirmed = world.add_item(None), world.add_item(None)
    world.settle(confirmed, Finding.ILLEGAL, world.start)

    assert erased(world, days=90) == []
    assert erased(world, days=91) == [undecided]


def erased(world: World, *, days: int = 0) -> list[ItemId]:
    with world.database.begin() as tx:
        return sweep.erased_items(tx, now=world.after(days), limit=10)


def later() -> datetime:
    return datetime.now().astimezone() + timedelta(hours=2)


# For each number read, a child sweeps; it counts every statement, commit and deletion of ciphertext and dies
# by SIGKILL at that one. Forked from one process that has imported everything, which is what takes long.
KILLED_SWEEP = """
import os, signal, sys
from pathlib import Path
from datetime import datetime
from sqlalchemy import event
from sqlalchemy.engine import Engine
from safehold.evidence.sweep import sweep
from safehold.storage.database import Database
from safehold.vault.keys import load_sealing_key
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Vault

url, folder, now = sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
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

event.listen(Engine, "after_cursor_execute", step)
event.listen(Engine, "commit", step)
sealing_key = load_sealing_key(folder / "keys" / "vault-sealing.pub.pem")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        left = int(line)
        sweep(Database(url), Counting(CiphertextStore(folder / "vault"), sealing_key), now=now)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_sweep_that_is_killed_between_any_two_steps_loses_and_doubles_nothing(
    world: World, database_url: str
) -> None:
    media_id = sealed_media(world)
    objects = world.objects(media_id)
    opened = keys(world)
    command = [
        sys.executable,
        "-c",
        KILLED_SWEEP,
        database_url,
        str(world.folder),
        world.after(90).isoformat(),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sweeper:
        kills = 0
        while kill_at_step(sweeper, kills + 1):
            kills += 1
            check_all_or_nothing(world, objects, opened)
    assert kills > 8
    assert {line.object_id for line in ledger(world)} == set(objects)
    assert len(ledger(world)) == 2
    sweep.sweep_leftovers(world.database, world.vault, now=later())
    assert world.stored() == set()


def kill_at_step(sweeper: subprocess.Popen[str], step: int) -> bool:
    """Say whether the sweep was killed; False when it ended before it came to this step."""
    assert sweeper.stdin is not None
    assert sweeper.stdout is not None
    sweeper.stdin.write(f"{step}\n")
    sweeper.stdin.flush()
    ended = int(sweeper.stdout.readline())
    assert ended in (0, -signal.SIGKILL)
    if ended == 0:
        sweeper.stdin.close()
    return ended != 0


def check_all_or_nothing(world: World, objects: list[ObjectId], opened: dict[ObjectId, bytes]) -> None:
    in_ledger = {line.object_id for line in ledger(world)}
    with_key = set(keys(world))
    assert in_ledger in (set(), set(objects))
    assert with_key == set(objects) - in_ledger
    # Whatever is destroyed here is closed outside too, or a backup could bring it back.
    assert in_ledger <= closed_outside(world)
    if not in_ledger:
        assert world.stored() == set(objects)
        assert world.reader.open(objects[0], opened[objects[0]]) == b"a grey square"


# One history: what happens to one media, with pauses in days. Steps that follow an outcome may be late or
# never come, and the sweep runs in between.
_PAUSE = st.floats(min_value=0, max_value=60, allow_nan=False)
_FINDINGS = st.sampled_from([Finding.ILLEGAL, Finding.NOT_ILLEGAL, Finding.CANNOT_DETERMINE])
_ACTS = st.one_of(
    st.tuples(st.just("upload"), st.none(), st.none()),
    st.tuples(st.just("settle"), _FINDINGS, st.booleans()),
    st.tuples(st.just("reverse"), st.none(), st.booleans()),
    st.tuples(st.just("sweep"), st.none(), st.none()),
)


# Without shrinking: examples here cost real transactions and files, and are short as they are.
@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(st.tuples(_PAUSE, st.integers(0, 3), _ACTS), min_size=3, max_size=10))
def test_over_any_history_only_what_the_policy_lets_go_is_destroyed(
    world: World, history: list[tuple[float, int, tuple[str, Finding | None, bool | None]]]
) -> None:
    told = Story(world)
    for pause, which, (act, finding, follows) in [(0.0, 0, ("upload", None, None)), *history]:
        told.day += pause
        told.act(act, which, finding, follows=bool(follows))
    told.day += 1_000
    told.act("sweep", 0, None, follows=False)
    told.end()


class Story:
    """Plays one history on a media of its own and checks every sweep against its own account of it."""

    def __init__(self, world: World) -> None:
        self.world, self.day = world, 0.0
        self.media_id = world.add_media(PICTURE)
        self.items: list[ItemId] = []
        self.received: dict[ItemId, float] = {}
        self.standing: dict[ItemId, tuple[Finding, float]] = {}
        self.newest_change = -1_000.0

    def act(self, act: str, which: int, finding: Finding | None, *, follows: bool) -> None:
        if act == "upload":
            self.upload()
        elif act == "sweep":
            self.sweep()
        else:
            item_id = self.items[which % len(self.items)]
            if act == "settle" and finding is not None and item_id not in self.standing:
                self.settle(item_id, finding, follows=follows)
            elif act == "reverse" and item_id in self.standing:
                self.reverse(item_id, follows=follows)

    def upload(self) -> None:
        item_id = self.world.add_item(self.media_id, self.now)
        self.items.append(item_id)
        self.received[item_id] = self.day
        self.world.keep(self.media_id, PICTURE, at=self.now)

    def settle(self, item_id: ItemId, finding: Finding, *, follows: bool) -> None:
        self.world.settle(item_id, finding, self.now)
        self.standing[item_id] = (finding, self.day)
        self.newest_change = self.day
        if not follows:
            return
        case_id = self.world.case_of(item_id)
        with self.world.database.begin() as tx:
            if finding.confirms:
                confirmed = ItemConfirmed(
                    at=self.now,
                    item_id=item_id,
                    case_id=case_id,
                    finding=finding,
                    category=Category.B,
                    confirmed_by=(AnalystId(new_id()),),
                )
                retention.preserve(tx, confirmed, record=self.world.record, now=self.now)
            else:
                cleared = ItemCleared(at=self.now, item_id=item_id, case_id=case_id, finding=finding)
                retention.reconsider(tx, cleared, now=self.now)

    def reverse(self, item_id: ItemId, *, follows: bool) -> None:
        self.world.reverse(item_id, self.now)
        del self.standing[item_id]
        self.newest_change = self.day
        if follows:
            event = OutcomeReversed(at=self.now, item_id=item_id, case_id=self.world.case_of(item_id))
            with self.world.database.begin() as tx:
                retention.reconsider(tx, event, now=self.now)

    def sweep(self) -> None:
        before = self.world.objects(self.media_id)
        held = keys(self.world)
        swept = sweep.sweep(self.world.database, self.world.vault, now=self.now)
        left = self.world.objects(self.media_id)
        if left == before:
            assert not set(before) & set(swept.destroyed)
            assert set(before) <= keys(self.world).keys()
            return
        assert left == []
        self.check_destruction(before, held)

    def check_destruction(self, objects: list[ObjectId], held: dict[ObjectId, bytes]) -> None:
        assert not any(finding.confirms for finding, _ in self.standing.values())
        for item_id in self.items:
            if item_id not in self.standing:
                assert self.day - self.received[item_id] >= 90 - 1e-6
        assert self.day - self.newest_change >= 14 - 1e-6
        with self.world.database.begin() as tx:
            lines = evidence_rows.ledger(tx, objects=objects)
        assert {line.object_id for line in lines} == set(objects)
        assert not keys(self.world).keys() & set(objects)
        for one in objects:
            with pytest.raises(VaultObjectDamaged):
                self.world.reader.open(one, held[one])

    def end(self) -> None:
        """After a very long time exactly the confirmed bytes are left."""
        confirmed = any(finding.confirms for finding, _ in self.standing.values())
        with self.world.database.begin() as tx:
            rows = tx.run(sa.select(retention_table).where(retention_table.c.media_id == self.media_id)).all()
            all_objects = tx.run(
                sa.select(sealed_object).where(sealed_object.c.media_id == self.media_id)
            ).all()
        live = self.world.objects(self.media_id)
        if not confirmed:
            assert live == []
            assert rows == []
        with self.world.database.begin() as tx:
            lines = evidence_rows.ledger(tx, objects=[ObjectId(row.id) for row in all_objects])
        assert {line.object_id for line in lines} == {row.id for row in all_objects if row.destroyed_at}
        assert set(live) == {row.id for row in all_objects if not row.destroyed_at}

    @property
    def now(self) -> datetime:
        return self.world.after(self.day)
