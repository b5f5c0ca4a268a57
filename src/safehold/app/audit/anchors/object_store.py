"""An object store of somebody else: one object per head, written once, read again at each check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from safehold.app.audit.anchors.base import Anchored, Head, Receipt
from safehold.model.errors import AnchorFailed, Conflict, VaultDown
from safehold.vault.write_once import WriteOnceStore

FOLDER = "anchors"
TRIALS = "trials"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOfOthers:
    """An Anchor. place: a folder or a URL. options: see `WriteOnceStore`."""

    name: str
    place: str
    options: Mapping[str, str] = field(repr=False)
    kind: str = "object_store"
    answers: bool = True

    def set_down(self, head: Head, *, now: datetime) -> Receipt:
        """Write the statement under the link's number, read it back, and be refused a second write."""
        store, path, content = self._store(), _path(head.seq), head.statement()
        try:
            store.put(path, content)
        except Conflict:
            # Set down before, by a process that was killed then; or by another log under this name.
            if store.read(path) != content:
                raise AnchorFailed("taken") from None
        try:
            store.create(path, content)
        except Conflict:
            return Receipt(path.encode("ascii"), f"written once to {path}")
        raise AnchorFailed("replaceable")

    def try_out(self, *, now: datetime) -> str:
        """Write a trial object, be refused a second write, and delete it where the store lets us."""
        store, path = self._store(), f"{TRIALS}/{uuid4()}"
        stays = store.refuses_a_second_write(path)
        with suppress(VaultDown):
            store.delete(path)
        if not stays:
            raise AnchorFailed("replaceable")
        return "written, read back and refused a second write"

    def what_differs(self, anchored: Anchored) -> str | None:
        """Read the object again and compare it."""
        found = self._store().read(_path(anchored.head.seq))
        if found is None:
            return "its object is not in the store any more"
        return None if found == anchored.head.statement() else "its object holds another head"

    def held(self) -> Iterator[tuple[int, bytes]]:
        """Yield every object in the store, also those that no record of ours knows any more."""
        store = self._store()
        for batch in store.listed(FOLDER):
            for each in batch:
                number = each.path.rpartition("/")[2]
                if number.isascii() and number.isdigit():
                    yield int(number), store.read(_path(int(number))) or b""

    def _store(self) -> WriteOnceStore:
        return WriteOnceStore(self.place, options=self.options, called="anchor store")


def _path(seq: int) -> str:
    return f"{FOLDER}/{seq}"
