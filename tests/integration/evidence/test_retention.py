"""Claims about preservation and reconsideration on a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safehold.evidence import retention, sweep
from safehold.model.assessment import Category, Finding
from safehold.model.events import ItemCleared, ItemConfirmed, ItemPreserved, OutcomeReversed
from safehold.model.ids import AnalystId, ItemId, new_id
from safehold.storage import audit, events
from safehold.storage import evidence as evidence_rows
from safehold.storage.evidence import Rule

if TYPE_CHECKING:
    from conftest import World

PICTURE = b"a grey square"


def confirm(world: World, item_id: ItemId, day: float) -> ItemConfirmed:
    world.settle(item_id, Finding.ILLEGAL, world.after(day))
    return ItemConfirmed(
        at=world.after(day),
        item_id=item_id,
        case_id=world.case_of(item_id),
        finding=Finding.ILLEGAL,
        category=Category.B,
        confirmed_by=(AnalystId(new_id()),),
    )


def clear(world: World, item_id: ItemId, day: float) -> ItemCleared:
    world.settle(item_id, Finding.NOT_ILLEGAL, world.after(day))
    return ItemCleared(
        at=world.after(day), item_id=item_id, case_id=world.case_of(item_id), finding=Finding.NOT_ILLEGAL
    )


def preserve(world: World, event: ItemConfirmed) -> None:
    with world.database.begin() as tx:
        retention.preserve(tx, event, record=world.record, now=event.at)


def reconsider(world: World, event: ItemCleared | OutcomeReversed) -> None:
    with world.database.begin() as tx:
        retention.reconsider(tx, event, now=event.at)


def preserved(world: World, item_id: ItemId) -> list[ItemPreserved]:
    with world.database.begin() as tx:
        happened = [stored.event for stored in events.of_item(tx, item_id)]
    return [one for one in happened if isinstance(one, ItemPreserved)]


def verbs(world: World, name: str) -> list[str]:
    with world.database.begin() as tx:
        return [record.verb for record in audit.of_object(tx, name)]


def rule(world: World, item_id: ItemId) -> Rule:
    with world.database.begin() as tx:
        media_id = evidence_rows.media_of_item(tx, item_id)
    assert media_id is not None
    kept = world.retention(media_id)
    assert kept is not None
    return kept.rule


def sealed_item(world: World) -> ItemId:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.keep(media_id)
    return item_id


def test_a_confirmed_item_is_preserved_and_that_is_recorded(world: World) -> None:
    item_id = sealed_item(world)
    preserve(world, confirm(world, item_id, 1))
    assert rule(world, item_id) is Rule.CONFIRMED
    [event] = preserved(world, item_id)
    assert event.absent is None
    assert verbs(world, f"item:{item_id}") == ["evidence.preserve"]


def test_preserving_twice_records_it_once(world: World) -> None:
    item_id = sealed_item(world)
    event = confirm(world, item_id, 1)
    preserve(world, event)
    preserve(world, event)
    assert len(preserved(world, item_id)) == 1
    assert verbs(world, f"item:{item_id}") == ["evidence.preserve"]


def test_a_second_confirmation_after_a_reversal_is_recorded_again(world: World) -> None:
    item_id = sealed_item(world)
    preserve(world, confirm(world, item_id, 1))
    world.reverse(item_id, world.after(2))
    preserve(world, confirm(world, item_id, 3))
    assert len(preserved(world, item_id)) == 2


def test_an_item_of_signals_alone_is_recorded_as_never_sealed(world: World) -> None:
    item_id = world.add_item(None)
    preserve(world, confirm(world, item_id, 1))
    assert [event.absent for event in preserved(world, item_id)] == ["never_sealed"]
    assert verbs(world, f"item:{item_id}") == ["evidence.absent"]


def test_media_that_was_never_sealed_is_recorded_as_absent(world: World) -> None:
    item_id = world.add_item(world.add_media(PICTURE))
    preserve(world, confirm(world, item_id, 1))
    assert [event.absent for event in preserved(world, item_id)] == ["never_sealed"]


def test_media_whose_time_was_over_is_recorded_as_destroyed(world: World) -> None:
    item_id = sealed_item(world)
    sweep.sweep(world.database, world.vault, now=world.after(90))
    preserve(world, confirm(world, item_id, 91))
    assert [event.absent for event in preserved(world, item_id)] == ["already_destroyed"]


def test_a_cleared_item_is_kept_for_its_14_days(world: World) -> None:
    item_id = sealed_item(world)
    reconsider(world, clear(world, item_id, 10))
    assert rule(world, item_id) is Rule.NOT_CONFIRMED
    assert sweep.sweep(world.database, world.vault, now=world.after(23.9)).destroyed == []
    assert len(sweep.sweep(world.database, world.vault, now=world.after(24)).destroyed) == 2


def test_reconsidering_twice_changes_and_records_nothing_more(world: World) -> None:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.keep(media_id)
    event = clear(world, item_id, 10)
    reconsider(world, event)
    reconsider(world, event)
    assert verbs(world, f"media:{media_id}") == ["evidence.seal", "evidence.retain"]


def test_clearing_one_item_leaves_bytes_that_another_item_confirmed(world: World) -> None:
    media_id = world.add_media(PICTURE)
    cleared, confirmed = world.add_item(media_id), world.add_item(media_id)
    world.keep(media_id)
    preserve(world, confirm(world, confirmed, 1))
    reconsider(world, clear(world, cleared, 2))
    kept = world.retention(media_id)
    assert kept is not None
    assert kept.rule is Rule.CONFIRMED


def test_a_reversed_confirmation_puts_the_bytes_back_on_the_clock(world: World) -> None:
    media_id = world.add_media(PICTURE)
    item_id = world.add_item(media_id)
    world.keep(media_id)
    preserve(world, confirm(world, item_id, 1))
    world.reverse(item_id, world.after(100))
    event = OutcomeReversed(at=world.after(100), item_id=item_id, case_id=world.case_of(item_id))
    reconsider(world, event)
    kept = world.retention(media_id)
    assert kept is not None
    assert (kept.rule, kept.destroy_at) == (Rule.UNDECIDED, world.after(114))


def test_reconsidering_an_item_without_bytes_does_nothing(world: World) -> None:
    item_id = world.add_item(None)
    reconsider(world, clear(world, item_id, 1))
    assert verbs(world, f"item:{item_id}") == []
