"""A store whose objects are written once and never replaced: a folder, or an object store by URL.

The store is not trusted to honour that: whoever writes reads back and compares, and tries a second write.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from safehold.model.errors import BadSettings, Conflict, VaultDown
from safehold.vault.files import sync_folder

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

_URL = re.compile(r"(s3|s3a|gs|az|azure|abfss?|memory)://", re.IGNORECASE)
_LIST_BATCH = 1_000
_PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Listed:
    """One object as the store lists it. written_at: aware, UTC, by the store's own clock."""

    path: str
    size_bytes: int
    written_at: datetime


class WriteOnceStore:
    """Create-only storage under paths that the caller chooses.

    place: a folder (made if needed, 0700), or a URL: s3://, gs://, az:// (memory:// for trials).
    options: what the object store needs to be reached, by obstore's own names, such as "endpoint".
    called: what errors call it. Safe to share between threads.
    """

    def __init__(
        self, place: str | Path, *, options: Mapping[str, str] | None = None, called: str = "evidence store"
    ) -> None:
        self._called = called
        self._folder: Path | None = None
        self._store: ObjectStore
        if isinstance(place, str) and "://" in place:
            self._store = self._remote(place, dict(options or {}))
        else:
            self._folder = Path(place)
            self._store = self._local(self._folder)

    def put(self, path: str, content: bytes) -> None:
        """Write one object, then read it back and compare every byte.

        When this returns, the object is whole and, in a folder, has reached the disk. A process that dies
        on the way leaves no object under this path. Raises Conflict when the path is taken (the first
        object stays as it is), VaultDown when the store fails or gives back other bytes.
        """
        self.create(path, content)
        self._settle(path)
        if self.read(path) != content:
            raise VaultDown(
                f"An object of the {self._called} reads back as other bytes than were written.",
                kept="The damaged object was left in place; nothing refers to it.",
                advice="Check the store's disk or service; `safehold doctor` probes it.",
            )

    def create(self, path: str, content: bytes) -> None:
        """Write one object without looking at it again. Raises Conflict, VaultDown."""
        try:
            # One request: the create-only condition is not checked for multi-part writes.
            obstore.put(self._store, path, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            raise Conflict("An object of this id lies in the store already.") from None
        except (BaseError, OSError) as error:
            raise self._down("write to", error) from error

    def read(self, path: str) -> bytes | None:
        """Return an object, None when there is none. Raises VaultDown."""
        try:
            return obstore.get(self._store, path).bytes().to_bytes()
        except FileNotFoundError as error:
            if self._folder is not None and not self._folder.is_dir():
                raise self._down("read", error) from error
            return None
        except (BaseError, OSError) as error:
            raise self._down("read", error) from error

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone already is fine. Raises VaultDown."""
        try:
            obstore.delete(self._store, path)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise self._down("delete from", error) from error

    def listed(self, prefix: str) -> Iterator[list[Listed]]:
        """Yield what lies below a prefix, at most 1,000 at once, in the store's order. Raises VaultDown."""
        try:
            for batch in obstore.list(self._store, prefix, chunk_size=_LIST_BATCH):
                yield [Listed(meta["path"], meta["size"], meta["last_modified"]) for meta in batch]
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise self._down("list", error) from error

    def drop_drafts(self, prefix: str, *, before: datetime) -> int:
        """Delete what writes that were cut short have left below a prefix; return how many that was.

        In a folder an object is written under another name first, and a process that dies meanwhile leaves
        that. before: spares writes that are going on. A remote store drops its own. Raises VaultDown.
        """
        if self._folder is None:
            return 0
        dropped = 0
        try:
            for draft in (self._folder / prefix).rglob("*#*"):
                with suppress(FileNotFoundError):
                    if datetime.fromtimestamp(draft.stat().st_mtime, UTC) < before:
                        draft.unlink()
                        dropped += 1
        except OSError as error:
            raise self._down("delete from", error) from error
        return dropped

    def refuses_a_second_write(self, path: str) -> bool:
        """Write twice under a path that is free, and say whether the first bytes are still there.

        Some look-alikes of known services accept the create-only flag and ignore it. Raises VaultDown,
        Conflict when the path is taken.
        """
        self.create(path, b"first")
        with suppress(Conflict):
            self.create(path, b"second")
        return self.read(path) == b"first"

    def _settle(self, path: str) -> None:
        """Force a local object to disk; a remote store does that before it answers."""
        if self._folder is None:
            return
        written = self._folder / path
        try:
            with written.open("rb") as file:
                os.fsync(file.fileno())
            for folder in written.parents:
                sync_folder(folder)
                if folder == self._folder:
                    break
        except OSError as error:
            raise self._down("write to", error) from error

    def _local(self, folder: Path) -> LocalStore:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return LocalStore(prefix=folder)
        except (BaseError, OSError) as error:
            raise self._down("open", error) from error

    def _remote(self, url: str, options: dict[str, str]) -> ObjectStore:
        if not _URL.match(url):
            raise BadSettings(
                f"The {self._called}'s URL has a scheme that we do not know.", advice="Use s3, gs or az."
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
            raise BadSettings(
                f"The {self._called} cannot be used as set ({type(error).__name__})."
            ) from error

    def _down(self, doing: str, error: Exception) -> VaultDown:
        return VaultDown(f"The {self._called} failed when we tried to {doing} it ({type(error).__name__}).")
