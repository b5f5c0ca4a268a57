"""Claims about replacing the vault's key pair under sealed evidence, also when the process is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from safehold.app.keeping import master_key
from safehold.app.keeping.rewrapping import counted
from safehold.app.operator import Operator, open_operator
from safehold.app.settings import Settings
from safehold.model.clock import utc_now
from safehold.model.errors import BadSettings, Conflict, NotFound, Refused, VaultObjectDamaged
from safehold.model.ids import InboundReportId, MediaId, ObjectId, new_id
from safehold.model.inbound_report import Seen
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage.evidence import wrapped_key
from safehold.storage.inbound_reports import inbound_report, report_contact
from safehold.testing.running import settings_of
from safehold.vault.keys import load_sealing_key
from safehold.vault.sealing import open_, seal

if TYPE_CHECKING:
    from conftest import World

ACTOR = Actor(permissions=frozenset(), system="shell")
PICTURE = b"a grey square"

KILLED_ROTATION = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from safehold.app.keeping import master_key, rewrapping
from safehold.app.operator import open_operator
from safehold.model.permissions import Actor
from safehold.testing.running import settings_of
from pathlib import Path

settings = settings_of(Path(sys.argv[1]), sys.argv[2])
rewrapping.BATCH = 2

def step(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def mortal(call):
    def stepped(*args, **named):
        step()
        return call(*args, **named)
    return stepped

os.link, os.replace = mortal(os.link), mortal(os.replace)
event.listen(Engine, "after_cursor_execute", step)
event.listen(Engine, "commit", step)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        left = int(line)
        with open_operator(settings) as opened:
            master_key.rotate(opened, actor=Actor(permissions=frozenset(), system="shell"))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def installation(world: World, database_url: str) -> Settings:
    """Return the settings of an installation whose data folder is the world's."""
    return settings_of(world.folder, database_url)


@pytest.fixture
def opened(installation: Settings) -> Iterator[Operator]:
    with open_operator(installation) as operator:
        yield operator


def kept(world: World) -> list[ObjectId]:
    media_id = MediaId(world.add_media(PICTURE))
    world.add_item(media_id)
    world.keep(media_id, PICTURE)
    return world.objects(media_id)


def everything_opens(world: World, opened: Operator) -> int:
    """Open every object on record, whatever pair it is wrapped to, and return how many there are."""
    ring = opened.home.opening_keys()
    with world.database.begin() as tx:
        rows = tx.run(sa.select(wrapped_key)).all()
    for row in rows:
        wrapped, object_id = bytes(row.wrapped), ObjectId(row.object_id)
        key = ring.key_for(wrapped, object_id)
        assert open_(world.store.get(object_id), wrapped, key, object_id=object_id).endswith(b"grey square")
    return len(rows)


def pairs(world: World) -> set[bytes]:
    with world.database.begin() as tx:
        return set(counted(tx))


def verbs(world: World) -> list[str]:
    with world.database.begin() as tx:
        return [record.verb for record in audit.of_object(tx, "vault:keys")]


def test_every_data_key_is_wrapped_anew_and_the_ciphertext_is_not_touched(
    world: World, opened: Operator
) -> None:
    objects = [one for _ in range(3) for one in kept(world)]
    before = {one: world.store.get(one) for one in objects}
    old = load_sealing_key(opened.home.keys.sealing)
    done = master_key.rotate(opened, actor=ACTOR)
    assert (done.began, done.rewrapped.done, done.rewrapped.left) == (True, 6, 0)
    assert pairs(world) == {done.pair} != {old.fingerprint}
    assert {one: world.store.get(one) for one in objects} == before
    assert everything_opens(world, opened) == 6
    assert verbs(world) == ["vault.rotate", "vault.rewrap"]


def test_what_a_running_process_seals_to_the_old_key_is_found_by_the_next_run(
    world: World, opened: Operator
) -> None:
    master_key.rotate(opened, actor=ACTOR)
    kept(world)  # this vault was opened with the old public key and keeps it
    with world.database.begin() as tx:
        said = master_key.state(
            opened.home.opening_keys(), load_sealing_key(opened.home.keys.sealing).fingerprint, counted(tx)
        )
    assert "a rotation is underway, 2 data keys are left" in said
    with pytest.raises(Refused, match="2 data keys are wrapped to another pair"):
        master_key.destroy_old(opened, actor=ACTOR)
    again = master_key.rotate(opened, actor=ACTOR)
    assert (again.began, again.rewrapped.done, again.rewrapped.left) == (False, 2, 0)
    assert everything_opens(world, opened) == 2


def test_how_to_reach_a_reporter_is_wrapped_anew_too(world: World, opened: Operator) -> None:
    report_id, at = InboundReportId(new_id()), utc_now()
    old = load_sealing_key(opened.home.keys.sealing)
    sealed = seal(b"somebody", old, object_id=ObjectId(report_id))
    with world.database.begin() as tx:
        tx.run(
            inbound_report.insert().values(
                id=report_id,
                address="https://example.org/a",
                seen=next(iter(Seen)),
                reference_digest=bytes(32),
                received_at=at,
            )
        )
        tx.run(
            report_contact.insert().values(
                report_id=report_id, sealed=sealed.ciphertext, wrapped=sealed.wrapped_key
            )
        )
    done = master_key.rotate(opened, actor=ACTOR)
    assert (done.rewrapped.done, pairs(world)) == (1, {done.pair})


def test_the_old_key_is_destroyed_last_and_an_old_copy_of_the_keys_opens_nothing_then(
    world: World, opened: Operator, installation: Settings
) -> None:
    [original, _] = kept(world)
    with world.database.begin() as tx:
        copied = {ObjectId(row.object_id): bytes(row.wrapped) for row in tx.run(sa.select(wrapped_key))}
    with pytest.raises(NotFound):
        master_key.destroy_old(opened, actor=ACTOR)
    old = load_sealing_key(opened.home.keys.sealing).fingerprint
    master_key.rotate(opened, actor=ACTOR)
    assert opened.home.opening_keys().key_for(copied[original], original).fingerprint == old
    with pytest.raises(Refused, match="less than an hour"):
        master_key.destroy_old(opened, actor=ACTOR)
    with open_operator(installation, clock=lambda: utc_now() + timedelta(hours=1, seconds=1)) as later:
        assert master_key.destroy_old(later, actor=ACTOR) == [old]
    with pytest.raises(VaultObjectDamaged):
        opened.home.opening_keys().key_for(copied[original], original)
    assert everything_opens(world, opened) == 2
    assert verbs(world)[-1] == "vault.destroy_key"


def test_while_the_source_gives_the_old_key_nothing_is_destroyed_and_nothing_recorded(
    world: World, installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(world)
    keys = world.folder / "keys"
    monkeypatch.setenv("VAULT_KEY", (keys / "vault-opening.key.pem").read_text())
    named = installation.vault.model_copy(update={"opening_key_variable": "VAULT_KEY"})
    elsewhere = installation.model_copy(update={"vault": named})
    with open_operator(elsewhere, clock=lambda: utc_now() + timedelta(hours=1, seconds=1)) as later:
        master_key.rotate(later, actor=ACTOR)
        [new] = (keys / "others").iterdir()
        with pytest.raises(BadSettings, match="still gives the old key"):
            master_key.destroy_old(later, actor=ACTOR)
        assert "vault.destroy_key" not in verbs(world)
        monkeypatch.setenv("VAULT_KEY", new.read_text())
        assert master_key.destroy_old(later, actor=ACTOR) == []
    assert (new.exists(), verbs(world)[-1]) == (False, "vault.destroy_key")


def test_a_key_that_cannot_be_unwrapped_is_told_and_stops_nothing(world: World, opened: Operator) -> None:
    [original, _] = kept(world)
    with world.database.begin() as tx:
        [row] = tx.run(sa.select(wrapped_key).where(wrapped_key.c.object_id == original)).all()
        damaged = bytes(row.wrapped)[:-1] + bytes([bytes(row.wrapped)[-1] ^ 1])
        tx.run(wrapped_key.update().where(wrapped_key.c.object_id == original).values(wrapped=damaged))
    done = master_key.rotate(opened, actor=ACTOR)
    assert (done.rewrapped.done, done.rewrapped.left, done.rewrapped.damaged) == (1, 1, {original})


def test_two_rotations_at_once_are_refused(world: World, opened: Operator) -> None:
    refused: list[Exception] = []

    def begin_another(_done: int, _total: int) -> None:
        try:
            master_key.rotate(opened, actor=ACTOR)
        except Conflict as error:
            refused.append(error)

    kept(world)
    master_key.rotate(opened, actor=ACTOR, tell=begin_another)
    assert refused


@pytest.mark.parametrize("stride", [19, pytest.param(1, marks=pytest.mark.slow)])
def test_a_rotation_that_is_killed_anywhere_leaves_everything_readable_and_goes_on(
    world: World, opened: Operator, database_url: str, stride: int
) -> None:
    old = load_sealing_key(opened.home.keys.sealing).fingerprint
    for _ in range(3):
        kept(world)
    command = [sys.executable, "-c", KILLED_ROTATION, str(world.folder), database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as rotating:
        assert rotating.stdin is not None
        assert rotating.stdout is not None
        kills = 0
        for step in range(1, 400, stride):
            rotating.stdin.write(f"{step}\n")
            rotating.stdin.flush()
            ended = int(rotating.stdout.readline())
            assert ended in (0, -signal.SIGKILL)
            assert everything_opens(world, opened) >= 6
            if ended == 0:
                break
            kills += 1
            if kills % 4 == 1:
                kept(world)  # sealed meanwhile by a process that still has the old public key
        rotating.stdin.close()
    assert kills > 1
    done = master_key.rotate(opened, actor=ACTOR)
    assert (done.rewrapped.left, pairs(world)) == (0, {done.pair})
    assert done.pair != old
    assert len(list((world.folder / "keys" / "others").iterdir())) == 1
