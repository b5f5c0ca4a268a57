"""Claims about the ledger of destructions outside the database: what it names stays closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from safehold.evidence import closing, sweep
from safehold.model.assessment import Finding
from safehold.model.errors import VaultDown
from safehold.model.ids import ItemId, MediaId, ObjectId
from safehold.storage import audit, closings
from safehold.storage import evidence as evidence_rows
from safehold.storage.evidence import destruction, sealed_object, wrapped_key

if TYPE_CHECKING:
    from conftest import World

PICTURE = b"a grey square"


def sealed(world: World) -> tuple[MediaId, ItemId, list[ObjectId]]:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.keep(media_id)
    return media_id, item_id, world.objects(media_id)


def lines(world: World) -> set[ObjectId]:
    return {one for batch in world.vault.ledger.objects() for one in batch}


def copied(world: World) -> list[tuple[ObjectId, bytes]]:
    with world.database.begin() as tx:
        return [(ObjectId(row.object_id), bytes(row.wrapped)) for row in tx.run(sa.select(wrapped_key))]


def bring_back(world: World, keys: list[tuple[ObjectId, bytes]]) -> None:
    """Put the records back as they were before these objects were destroyed."""
    with world.database.begin() as tx:
        tx.run(destruction.delete())
        tx.run(sealed_object.update().values(destroyed_at=None))
        tx.run(wrapped_key.insert(), [{"object_id": one, "wrapped": wrapped} for one, wrapped in keys])


def test_what_was_destroyed_is_destroyed_again_when_old_records_come_back(world: World) -> None:
    media_id, _, objects = sealed(world)
    keys = copied(world)
    sweep.sweep(world.database, world.vault, now=world.after(90))
    bring_back(world, keys)
    assert world.objects(media_id) == objects
    before = lines(world)
    assert closing.compare(world.database, world.vault.ledger, now=world.after(91)) == 2
    assert lines(world) == before == set(objects)
    assert (world.objects(media_id), copied(world)) == ([], [])
    with world.database.begin() as tx:
        told = [one.verb for one in audit.of_object(tx, f"media:{media_id}")]
        line = evidence_rows.ledger(tx)[0]
    assert told.count("evidence.closed_again") == 2
    assert line.destroyed_at == world.after(90)
    assert closing.compare(world.database, world.vault.ledger, now=world.after(92)) == 0


def test_other_media_is_left_alone(world: World) -> None:
    sealed(world)
    sweep.sweep(world.database, world.vault, now=world.after(90))
    media_id, _, objects = sealed(world)
    closing.compare(world.database, world.vault.ledger, now=world.after(91))
    assert world.objects(media_id) == objects


def test_destructions_of_which_no_line_was_written_are_added(world: World) -> None:
    _, _, objects = sealed(world)
    vault = world.folder / "vault"
    vault.rename(world.folder / "away")
    vault.write_text("no folder")
    sweep.sweep(world.database, world.vault, now=world.after(90))
    assert copied(world) == []  # a store that is down does not keep keys alive
    with pytest.raises(VaultDown):
        closing.compare(world.database, world.vault.ledger, now=world.after(91))
    vault.unlink()
    (world.folder / "away").rename(vault)
    assert lines(world) == set()
    assert closing.compare(world.database, world.vault.ledger, now=world.after(91)) == 0
    assert lines(world) == set(objects)


def test_a_decision_between_the_line_and_the_destruction_keeps_the_bytes(world: World) -> None:
    media_id, item_id, objects = sealed(world)

    class Deciding(type(world.vault.ledger)):  # type: ignore[misc]
        """Lets people confirm the item in the moment after its line was written."""

        def write(self, line: object) -> None:
            super().write(line)
            if not decided:
                decided.append(True)
                world.settle(item_id, Finding.ILLEGAL, world.after(89))

    decided: list[bool] = []
    world.vault.ledger = Deciding(world.store)
    assert sweep.sweep(world.database, world.vault, now=world.after(90)).destroyed == []
    assert decided
    assert world.objects(media_id) == objects
    assert lines(world) == set()
    closing.compare(world.database, world.vault.ledger, now=world.after(91))
    assert world.objects(media_id) == objects
    # Should it end later all the same, the line stands again.
    world.reverse(item_id, world.after(92))
    assert len(sweep.sweep(world.database, world.vault, now=world.after(120)).destroyed) == 2
    assert lines(world) == set(objects)


def test_a_line_that_a_killed_sweep_left_is_taken_back_when_people_decided_meanwhile(world: World) -> None:
    media_id, item_id, objects = sealed(world)
    at = world.after(90)
    with world.database.begin() as tx:
        closings.begin_closing(tx, objects, at=at)
    closing.write_lines(world.vault.ledger, [(one, evidence_rows.Rule.UNDECIDED) for one in objects], at=at)
    world.settle(item_id, Finding.ILLEGAL, world.after(90))
    # A comparison in between knows that these lines are ours.
    assert closing.compare(world.database, world.vault.ledger, now=at) == 0
    assert sweep.sweep(world.database, world.vault, now=world.after(91)).destroyed == []
    assert (world.objects(media_id), lines(world)) == (objects, set())
