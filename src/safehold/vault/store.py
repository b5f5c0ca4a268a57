"""Where ciphertext lies: a folder by default, or an object store by URL. Written once, never replaced.

The store is not trusted: what lies in it is ciphertext, and each write is read back and compared.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from safehold.model.errors import BadSettings, Conflict, NotFound, VaultDown
from safehold.model.ids import ObjectId
from safehold.vault.keys import sync_folder

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

_OBJECTS = "objects"
_PROBES = "probes"
_URL = re.compile(r"(s3|s3a|gs|az|azure|abfss?|memory)://", re.IGNORECASE)
_LIST_BATCH = 1_000
_PATIENCE = timedelta(seconds=30)


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
        self._folder: Path | None = None
        self._store: ObjectStore
        if isinstance(place, str) and "://" in place:
            self._store = _remote(place, dict(options or {}))
        else:
            self._folder = Path(place)
            self._store = _local(self._folder)

    def put(self, object_id: ObjectId, ciphertext: bytes) -> None:
        """Write one object, then read it back and compare every byte.

        When this returns, the object is whole and, in a folder, has reached the disk. A process that dies
        on the way leaves no object under the final name. Raises Conflict when the id is taken (the first
        object stays as it is), VaultDown when the store fails or gives back other bytes.
        """
        path = _path_of(object_id)
        self._create(path, ciphertext)
        self._settle(path)
        if self._read(path) != ciphertext:
            raise VaultDown(
                f"Object {object_id} reads back as other bytes than were written.",
                kept="The damaged object was left in place; nothing refers to it.",
                advice="Check the store's disk or service; `safehold doctor` probes it.",
            )

    def get(self, object_id: ObjectId) -> bytes:
        """Return an object's ciphertext. Raises NotFound when absent, VaultDown when the store fails."""
        found = self._read(_path_of(object_id))
        if found is None:
            raise NotFound(f"Object {object_id} is not in the store.")
        return found

    def delete(self, object_id: ObjectId) -> None:
        """Delete an object; one that is gone already is fine. Raises VaultDown when the store fails."""
        self._delete(_path_of(object_id))

    def objects(self) -> Iterator[list[StoredObject]]:
        """Yield every stored object in batches of at most 1,000, in the store's own order.

        Names that are no object's are passed over. Raises VaultDown when the store fails.
        """
        try:
            for batch in obstore.list(self._store, _OBJECTS, chunk_size=_LIST_BATCH):
                yield [
                    StoredObject(object_id, meta["size"], meta["last_modified"])
                    for meta in batch
                    if (object_id := _id_of(meta["path"])) is not None
                ]
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _down("list", error) from error

    def probe(self) -> None:
        """Try the store for real: write, read back, be refused a second write, delete.

        Raises VaultDown when a step fails, BadSettings when the store lets an object be replaced: some
        look-alikes of known services accept the create-only flag and ignore it.
        """
        path = f"{_PROBES}/{uuid4()}"
        self._create(path, b"first")
        with suppress(Conflict):
            self._create(path, b"second")
        if self._read(path) != b"first":
            self._delete(path)
            raise BadSettings(
                "The evidence store lets an object be replaced; evidence must be written once only.",
                advice="Choose a store that honours create-only writes (If-None-Match).",
            )
        self._delete(path)

    def _create(self, path: str, content: bytes) -> None:
        try:
            # One request: the create-only condition is not checked for multi-part writes.
            obstore.put(self._store, path, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            raise Conflict("An object of this id lies in the store already.") from None
        except (BaseError, OSError) as error:
            raise _down("write to", error) from error

    def _read(self, path: str) -> bytes | None:
        try:
            return obstore.get(self._store, path).bytes().to_bytes()
        except FileNotFoundError as error:
            if self._folder is not None and not self._folder.is_dir():
                raise _down("read", error) from error
            return None
        except (BaseError, OSError) as error:
            raise _down("read", error) from error

    def _delete(self, path: str) -> None:
        try:
            obstore.delete(self._store, path)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _down("delete from", error) from error

    def _settle(self, path: str) -> None:
        """Force a local object to disk; a remote store does that before it answers."""
        if self._folder is None:
            return
        written = self._folder / path
        try:
            with written.open("rb") as file:
                os.fsync(file.fileno())
            for folder in (written.parent, written.parent.parent, self._folder):
                sync_folder(folder)
        except OSError as error:
            raise _down("write to", error) from error


def _local(folder: Path) -> LocalStore:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(prefix=folder)
    except (BaseError, OSError) as error:
        raise _down("open", error) from error


def _remote(url: str, options: dict[str, str]) -> ObjectStore:
    if not _URL.match(url):
        raise BadSettings(
            "The evidence store's URL has a scheme that we do not know.", advice="Use s3, gs or az."
        )
    if url.lower().startswith("memory:"):
        return from_url(url)
    # Plain HTTP only where the operator wrote it out, for a service on the same machine.
    plain = options.get("endpoint", "").startswith("http://")
    client: ClientConfig = {"timeout": _PATIENCE, "connect_timeout": _PATIENCE / 6, "allow_http": plain}
    retry: RetryConfig = {"max_retries": 3, "retry_timeout": _PATIENCE}
    try:
        # obstore checks the names of the options itself, against the service that the URL names.
        return from_url(url, config=cast("S3Config", options), client_options=client, retry_config=retry)
    except (BaseError, OSError, ValueError) as error:
        raise BadSettings(f"The evidence store cannot be used as set ({type(error).__name__}).") from error


def _down(doing: str, error: Exception) -> VaultDown:
    return VaultDown(f"The evidence store failed when we tried to {doing} it ({type(error).__name__}).")


def _path_of(object_id: ObjectId) -> str:
    # The last two digits are random in every UUID version, so folders fill evenly.
    return f"{_OBJECTS}/{object_id.hex[-2:]}/{object_id}"


def _id_of(path: str) -> ObjectId | None:
    try:
        object_id = ObjectId(UUID(path.rpartition("/")[2]))
    except ValueError:
        return None
    return object_id if path.endswith(_path_of(object_id)) else None
