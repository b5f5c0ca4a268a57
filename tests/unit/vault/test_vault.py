"""Claims about the vault: it locks away without being able to look, and the reader alone opens."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from safehold.model.clock import utc_now
from safehold.model.errors import VaultObjectDamaged
from safehold.model.ids import ObjectId, new_id
from safehold.vault.sealing import OpeningKey
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Reader, Vault

KEY = OpeningKey.generate()
MARK = b"a plain landscape, easily found again"


def a_vault(folder: Path) -> tuple[Vault, Reader]:
    store = CiphertextStore(folder)
    return Vault(store, KEY.sealing_key), Reader(store, KEY)


def test_sealed_bytes_come_back_through_the_reader(tmp_path: Path) -> None:
    vault, reader = a_vault(tmp_path)
    for data in (b"", MARK, memoryview(MARK), MARK * 100_000):
        sealed = vault.seal(data)
        assert sealed.size_bytes == len(data)
        assert reader.open(sealed.object_id, sealed.wrapped_key) == data


def test_no_plaintext_and_no_data_key_lies_in_the_store(tmp_path: Path) -> None:
    vault, _ = a_vault(tmp_path)
    sealed = vault.seal(MARK * 1_000)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert len(stored) > len(MARK) * 1_000
    assert MARK not in stored
    assert sealed.wrapped_key not in stored


def test_bytes_changed_in_the_store_are_damaged_and_not_returned(tmp_path: Path) -> None:
    vault, reader = a_vault(tmp_path)
    sealed = vault.seal(MARK)
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    stored = path.read_bytes()
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    with pytest.raises(VaultObjectDamaged):
        reader.open(sealed.object_id, sealed.wrapped_key)


def test_an_object_moved_to_the_place_of_another_is_damaged(tmp_path: Path) -> None:
    vault, reader = a_vault(tmp_path)
    first, second = vault.seal(MARK), vault.seal(b"another")
    by_id = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}
    by_id[str(first.object_id)].replace(by_id[str(second.object_id)])
    for wrapped_key in (first.wrapped_key, second.wrapped_key):
        with pytest.raises(VaultObjectDamaged):
            reader.open(second.object_id, wrapped_key)


def test_a_destroyed_object_is_gone_and_destroying_it_again_is_fine(tmp_path: Path) -> None:
    vault, reader = a_vault(tmp_path)
    sealed = vault.seal(MARK)
    vault.destroy(sealed.object_id)
    vault.destroy(sealed.object_id)
    with pytest.raises(VaultObjectDamaged, match="gone"):
        reader.open(sealed.object_id, sealed.wrapped_key)


def test_orphans_are_the_old_objects_that_nobody_knows(tmp_path: Path) -> None:
    vault, _ = a_vault(tmp_path)
    ids = [vault.seal(MARK).object_id for _ in range(6)]
    on_record = {ids[0], ids[1], ObjectId(new_id())}

    def known(asked: Sequence[ObjectId]) -> Collection[ObjectId]:
        return on_record & set(asked)

    assert set(vault.orphans(known, before=utc_now() + timedelta(minutes=1))) == set(ids[2:])
    assert list(vault.orphans(known, before=utc_now() - timedelta(minutes=1))) == []


def test_a_sealed_object_shows_no_key_in_its_repr(tmp_path: Path) -> None:
    vault, _ = a_vault(tmp_path)
    assert "wrapped_key" not in repr(vault.seal(MARK))
