"""Claims about sealing before the answer, and about reading back what was sealed."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from safehold.evidence import custody, reading, retention, sweep
from safehold.model.assessment import Finding
from safehold.model.errors import ErasedEvidence, NotFound, VaultDown
from safehold.model.events import ItemCleared
from safehold.model.ids import ItemId, MediaId, new_id
from safehold.storage import audit
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Database, Tx
from safehold.storage.evidence import ObjectRole, Rule, wrapped_key

if TYPE_CHECKING:
    from conftest import World

PICTURE = b"a grey square" * 500
SMALL = b"a small grey square"


def sealed(world: World) -> custody.SealedMedia:
    return custody.seal_media(world.vault, PICTURE, SMALL, media_type="image/png")


def read(tx: Tx, world: World, media_id: MediaId, role: ObjectRole) -> tuple[bytes, str]:
    """Return what is sealed of some media, opened, and its media type."""
    found = reading.find(tx, media_id, role)
    return world.reader.open(found.object.id, found.wrapped_key), found.object.media_type


def test_what_was_taken_can_be_read_back_exactly(world: World) -> None:
    world.add_item(media_id := world.add_media(PICTURE))
    with world.database.begin() as tx:
        assert custody.take(tx, media_id, sealed(world), now=world.start)
    with world.database.begin() as tx:
        assert read(tx, world, media_id, ObjectRole.ORIGINAL) == (PICTURE, "image/png")
        assert read(tx, world, media_id, ObjectRole.RENDITION) == (SMALL, "image/jpeg")
        [record] = audit.of_object(tx, f"media:{media_id}")
    assert record.verb == "evidence.seal"


def test_sealing_is_in_the_store_before_anything_is_recorded(world: World) -> None:
    media = sealed(world)
    assert media.rendition is not None
    assert world.stored() == {media.original.object_id, media.rendition.object_id}


def test_taken_bytes_are_undecided_for_90_days(world: World) -> None:
    media_id = world.add_media(PICTURE)
    world.add_item(media_id)
    world.keep(media_id)
    kept = world.retention(media_id)
    assert kept is not None
    assert kept.rule is Rule.UNDECIDED
    assert kept.destroy_at == world.start + timedelta(days=90)
    assert kept.alarm_at == world.start + timedelta(days=60)


def test_bytes_that_are_in_custody_are_not_taken_twice(world: World) -> None:
    media_id = world.add_media(PICTURE)
    world.add_item(media_id)
    assert world.keep(media_id)
    before = world.stored()
    assert not world.keep(media_id)
    assert world.stored() == before
    assert len(world.objects(media_id)) == 2


def test_a_second_upload_keeps_the_bytes_for_another_90_days(world: World) -> None:
    media_id = world.add_media(PICTURE)
    world.add_item(media_id)
    world.keep(media_id)
    later = world.start + timedelta(days=50)
    with world.database.begin() as tx:
        assert custody.keep_on(tx, media_id, now=later)
    kept = world.retention(media_id)
    assert kept is not None
    assert kept.destroy_at == later + timedelta(days=90)


def test_a_second_upload_of_confirmed_bytes_leaves_them_confirmed(world: World) -> None:
    item_id = world.add_item(media_id := world.add_media(PICTURE))
    world.keep(media_id)
    world.settle(item_id, Finding.ILLEGAL, world.start)
    assert not world.keep(media_id, at=world.start + timedelta(days=1))
    kept = world.retention(media_id)
    assert kept is not None
    assert kept.rule is Rule.CONFIRMED


def test_bytes_that_are_not_in_custody_cannot_be_kept_on(world: World) -> None:
    media_id = world.add_media(PICTURE)
    with world.database.begin() as tx:
        assert not custody.keep_on(tx, media_id, now=world.start)
    assert world.retention(media_id) is None


def test_two_requests_with_the_same_bytes_leave_one_original(world: World) -> None:
    media_id = world.add_media(PICTURE)
    world.add_item(media_id)
    taken: list[bool] = []
    both = [threading.Thread(target=lambda: taken.append(world.keep(media_id))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(taken) == [False, True]
    assert world.stored() == set(world.objects(media_id))


def test_a_rolled_back_request_leaves_ciphertext_whose_key_was_never_stored(world: World) -> None:
    media_id = world.add_media(PICTURE)
    world.add_item(media_id)

    def fail_after_taking() -> None:
        with world.database.begin() as tx:
            custody.take(tx, media_id, sealed(world), now=world.start)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_taking()
    with world.database.begin() as tx:
        assert tx.run(sa.select(sa.func.count()).select_from(wrapped_key)).scalar_one() == 0
    orphans = world.stored()
    assert len(orphans) == 2
    fresh = next(batch for batch in world.store.objects())[0].written_at
    assert sweep.sweep_leftovers(world.database, world.vault, now=fresh).leftovers == 0
    swept = sweep.sweep_leftovers(world.database, world.vault, now=fresh + timedelta(hours=2))
    assert swept.leftovers == 2
    assert world.stored() == set()


def test_nothing_is_recorded_when_the_store_is_down(world: World) -> None:
    (world.folder / "vault").rename(world.folder / "elsewhere")
    (world.folder / "vault").write_text("no folder")
    with pytest.raises(VaultDown):
        sealed(world)


def test_media_that_does_not_exist_cannot_be_read(world: World) -> None:
    with world.database.begin() as tx, pytest.raises(NotFound):
        reading.find(tx, MediaId(new_id()), ObjectRole.ORIGINAL)


def test_an_item_that_does_not_exist_has_no_media_and_one_of_signals_alone_neither(world: World) -> None:
    item_id = world.add_item(None)
    with world.database.begin() as tx:
        assert evidence_rows.media_of_item(tx, item_id) is None
        with pytest.raises(NotFound):
            evidence_rows.media_of_item(tx, ItemId(new_id()))


def test_media_without_a_rendition_has_an_original_all_the_same(world: World) -> None:
    world.add_item(media_id := world.add_media(PICTURE))
    media = custody.seal_media(world.vault, PICTURE, None, media_type="application/octet-stream")
    with world.database.begin() as tx:
        custody.take(tx, media_id, media, now=world.start)
        assert read(tx, world, media_id, ObjectRole.ORIGINAL)[0] == PICTURE
        with pytest.raises(NotFound):
            reading.find(tx, media_id, ObjectRole.RENDITION)


def test_destroyed_bytes_are_refused_as_erased(world: World) -> None:
    world.add_item(media_id := world.add_media(PICTURE))
    world.keep(media_id)
    sweep.sweep(world.database, world.vault, now=world.start + timedelta(days=90))
    with world.database.begin() as tx, pytest.raises(ErasedEvidence):
        reading.find(tx, media_id, ObjectRole.RENDITION)


def test_the_role_of_each_surface_suffices_for_its_part(world: World, database_url: str) -> None:
    as_api, as_worker, as_reader = (
        Database(f"{database_url}{'&' if '?' in database_url else '?'}options=-crole%3Dsafehold_{surface}")
        for surface in ("api", "worker", "reader")
    )
    item_id = world.add_item(media_id := world.add_media(PICTURE))
    with as_api.begin() as tx:
        assert custody.take(tx, media_id, sealed(world), now=world.start)
        assert custody.keep_on(tx, media_id, now=world.start)
    with as_reader.begin() as tx:
        assert read(tx, world, media_id, ObjectRole.RENDITION)[0] == SMALL
    world.settle(item_id, Finding.NOT_ILLEGAL, world.start)
    event = ItemCleared(
        at=world.start, item_id=item_id, case_id=world.case_of(item_id), finding=Finding.NOT_ILLEGAL
    )
    with as_worker.begin() as tx:
        retention.reconsider(tx, event, now=world.start)
    assert len(sweep.sweep(as_worker, world.vault, now=world.after(14)).destroyed) == 2
    sweep.sweep_leftovers(as_worker, world.vault, now=world.after(14))
    with as_worker.begin() as tx:
        assert sweep.erased_items(tx, now=world.start, limit=10) == [item_id]
    for database in (as_api, as_worker, as_reader):
        database.close()


@pytest.mark.parametrize("surface", ["api", "console", "worker", "portal"])
def test_no_role_but_the_readers_reads_a_key_back(world: World, database_url: str, surface: str) -> None:
    media_id = world.add_media(PICTURE)
    world.keep(media_id)
    mark = "&" if "?" in database_url else "?"
    as_other = Database(f"{database_url}{mark}options=-crole%3Dsafehold_{surface}")
    with pytest.raises(ProgrammingError, match="permission denied"), as_other.begin() as tx:
        tx.run(sa.select(wrapped_key.c.wrapped))
    as_other.close()


@pytest.mark.parametrize(
    "forbidden",
    [
        "insert into item select * from item",
        "update item set rehearsal = true",
        "delete from wrapped_key",
        "update wrapped_key set wrapped = ''",
        "update sealed_object set destroyed_at = now()",
        "insert into media_signal select * from media_signal",
        "update review_case set locked_by = null",
        "update audit_record set verb = ''",
        "delete from audit_record",
        "delete from reveal",
        "select password_hash from app_user",
        "select name from app_user",
        "select token_digest from session",
        "select form_token from session",
        "select * from item_context",
        "select sha256 from media",
        "select value from media_signal",
        "select value from entry",
        "select * from procrastinate_jobs",
    ],
)
def test_the_reader_can_do_nothing_but_its_part(world: World, database_url: str, forbidden: str) -> None:
    mark = "&" if "?" in database_url else "?"
    as_reader = Database(f"{database_url}{mark}options=-crole%3Dsafehold_reader")
    with pytest.raises(ProgrammingError, match="permission denied"), as_reader.begin() as tx:
        tx.run(sa.text(forbidden))
    as_reader.close()


def test_media_that_was_never_sealed_is_missing_and_not_erased(world: World) -> None:
    world.add_item(media_id := world.add_media(PICTURE))
    with world.database.begin() as tx, pytest.raises(NotFound):
        reading.find(tx, media_id, ObjectRole.ORIGINAL)
