"""Claims about the store in a folder: written once, whole or not at all, named by id alone."""

import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.model.errors import BadSettings, Conflict, NotFound, VaultDown
from safehold.model.ids import ObjectId, new_id
from safehold.vault.store import CiphertextStore


def an_id() -> ObjectId:
    return ObjectId(new_id())


def names(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def test_what_was_put_is_got_and_deleted_again(tmp_path: Path) -> None:
    store, object_id = CiphertextStore(tmp_path / "evidence"), an_id()
    store.put(object_id, b"ciphertext")
    assert store.get(object_id) == b"ciphertext"
    store.delete(object_id)
    store.delete(object_id)
    with pytest.raises(NotFound):
        store.get(object_id)


def test_a_second_put_under_an_id_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    store, object_id = CiphertextStore(tmp_path), an_id()
    store.put(object_id, b"first")
    with pytest.raises(Conflict):
        store.put(object_id, b"second")
    assert store.get(object_id) == b"first"


def test_create_only_holds_for_large_objects_too(tmp_path: Path) -> None:
    store, object_id, large = CiphertextStore(tmp_path), an_id(), bytes(12_000_000)
    store.put(object_id, large)
    with pytest.raises(Conflict):
        store.put(object_id, large + b"!")
    assert store.get(object_id) == large


@settings(deadline=None, max_examples=25)
@given(content=st.binary(max_size=64))
def test_the_name_of_an_object_says_nothing_about_its_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder, object_id = tmp_path_factory.mktemp("evidence"), an_id()
    CiphertextStore(folder).put(object_id, content)
    assert names(folder) == [f"objects/{object_id.hex[-2:]}/{object_id}"]


def test_every_object_is_listed_and_nothing_else(tmp_path: Path) -> None:
    store, ids = CiphertextStore(tmp_path), {an_id() for _ in range(30)}
    for object_id in ids:
        store.put(object_id, b"12345")
    (tmp_path / "objects" / "aa").mkdir(exist_ok=True)
    (tmp_path / "objects" / "aa" / "notes.txt").write_text("strange")
    listed = [stored for batch in store.objects() for stored in batch]
    assert {stored.object_id for stored in listed} == ids
    assert {stored.size_bytes for stored in listed} == {5}
    assert all(stored.written_at.tzinfo is not None for stored in listed)


def test_an_empty_store_lists_nothing(tmp_path: Path) -> None:
    assert list(CiphertextStore(tmp_path).objects()) == []


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    CiphertextStore(tmp_path / "evidence")
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700


def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    CiphertextStore(tmp_path).probe()
    assert names(tmp_path) == []


def test_a_folder_that_went_away_is_down_and_not_empty(tmp_path: Path) -> None:
    store, object_id = CiphertextStore(tmp_path / "evidence"), an_id()
    store.put(object_id, b"ciphertext")
    shutil.rmtree(tmp_path / "evidence")
    (tmp_path / "evidence").write_text("in the way")
    for attempt in (lambda: store.get(object_id), lambda: store.put(object_id, b"x"), store.probe):
        with pytest.raises(VaultDown):
            attempt()


def test_a_folder_that_cannot_be_made_is_down(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("in the way")
    with pytest.raises(VaultDown):
        CiphertextStore(tmp_path / "evidence")


def test_an_unknown_kind_of_store_is_refused() -> None:
    for url in ("ftp://somewhere/x", "https://somewhere/x"):
        with pytest.raises(BadSettings):
            CiphertextStore(url)


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(BadSettings):
        CiphertextStore("s3://evidence", options={"endpiont": "http://127.0.0.1:1"})
