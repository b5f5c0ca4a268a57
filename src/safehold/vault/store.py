"""Where ciphertext lies: a folder by default, or an object store by URL. Written once, never replaced.

The store is not trusted: what lies in it is ciphertext, and each write is read back and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from safehold.model.errors import BadSettings, Conflict, NotFound
from safehold.model.ids import ObjectId
from safehold.vault.write_once import WriteOnceStore

_OBJECTS = "objects"
_PROBES = "probes"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object that lies in the store. written_at: aware, UTC, by the store's own clock."""

    object_id: ObjectId
    size_bytes: int
    written_at: datetime


class CiphertextStore:
    """Create-only storage of sealed objects under names made from their ids alone.

    place: a folder (made if needed, 0700), or a URL: s3://, gs://, az:// (memory:// for trials).
    options: what the object store needs to be reached, by obstore's own names, such as "endpoint".
    Safe to share between threads.
    """

    def __init__(self, place: str | Path, *, options: Mapping[str, str] | None = None) -> None:
        self._store = WriteOnceStore(place, options=options)

    def put(self, object_id: ObjectId, ciphertext: bytes) -> None:
        """Write one object, then read it back and compare every byte.

        When this returns, the object is whole and, in a folder, has reached the disk. A process that dies
        on the way leaves no object under the final name. Raises Conflict when the id is taken (the first
        object stays as it is), VaultDown when the store fails or gives back other bytes.
        """
        self._store.put(_path_of(object_id), ciphertext)

    def get(self, object_id: ObjectId) -> bytes:
        """Return an object's ciphertext. Raises NotFound when absent, VaultDown when the store fails."""
        found = self._store.read(_path_of(object_id))
        if found is None:
            raise NotFound(f"Object {object_id} is not in the store.")
        return found

    def delete(self, object_id: ObjectId) -> None:
        """Delete an object; one that is gone already is fine. Raises VaultDown when the store fails."""
        self._store.delete(_path_of(object_id))

    def objects(self) -> Iterator[list[StoredObject]]:
        """Yield every stored object in batches of at most 1,000, in the store's own order.

        Names that are no object's are passed over. Raises VaultDown when the store fails.
        """
        for batch in self._store.listed(_OBJECTS):
            yield [
                StoredObject(object_id, each.size_bytes, each.written_at)
                for each in batch
                if (object_id := _id_of(each.path)) is not None
            ]

    def drop_drafts(self, *, before: datetime) -> int:
        """Delete half-written objects of processes that died meanwhile; return how many. Raises VaultDown."""
        return self._store.drop_drafts(_OBJECTS, before=before)

    def add_note(self, path: str, content: bytes) -> bool:
        """Write a small object that is no evidence, create-only; False when one lies there already.

        When this returns it was read back and, in a folder, has reached the disk. Raises VaultDown.
        """
        try:
            self._store.put(path, content)
        except Conflict:
            return False
        return True

    def note(self, path: str) -> bytes | None:
        """Return what `add_note` wrote, None when there is nothing. Raises VaultDown."""
        return self._store.read(path)

    def notes(self, folder: str) -> Iterator[list[str]]:
        """Yield the paths of the notes below a folder in batches, in no order. Raises VaultDown."""
        for batch in self._store.listed(folder):
            yield [each.path for each in batch]

    def probe(self) -> None:
        """Try the store for real: write, read back, be refused a second write, delete.

        Raises VaultDown when a step fails, BadSettings when the store lets an object be replaced: some
        look-alikes of known services accept the create-only flag and ignore it.
        """
        path = f"{_PROBES}/{uuid4()}"
        stays = self._store.refuses_a_second_write(path)
        self._store.delete(path)
        if not stays:
            raise BadSettings(
                "The evidence store lets an object be replaced; evidence must be written once only.",
                advice="Choose a store that honours create-only writes (If-None-Match).",
            )


def _path_of(object_id: ObjectId) -> str:
    # The last two digits are random in every UUID version, so folders fill evenly.
    return f"{_OBJECTS}/{object_id.hex[-2:]}/{object_id}"


def _id_of(path: str) -> ObjectId | None:
    try:
        object_id = ObjectId(UUID(path.rpartition("/")[2]))
    except ValueError:
        return None
    return object_id if path.endswith(_path_of(object_id)) else None
