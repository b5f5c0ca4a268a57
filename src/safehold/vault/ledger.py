"""A copy of the destruction ledger beside the ciphertext: it outlives the database and its backups."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from safehold.model.errors import Damaged
from safehold.model.ids import ObjectId
from safehold.vault.store import CiphertextStore

_LINES, _TAKEN_BACK, _AGAIN = "ledger", "ledger-taken-back", "ledger-again"
_ORIGIN = f"{_LINES}/origin"
"""Among the lines: whoever lost those has lost it too, and no other ledger passes for this one."""


@dataclass(frozen=True, slots=True)
class Closed:
    """One line: from this instant on nobody may open the object. reason: a stable word, no content."""

    object_id: ObjectId
    at: datetime
    reason: str


class LedgerCopy:
    """Which objects were destroyed, one create-only note for each, in the evidence store.

    A line is written before the database commits the destruction, so there is no instant at which a
    restored backup could bring the object back. Should that commit never come, and people decide otherwise
    meanwhile, the line is taken back by a second note. Nothing is ever changed or removed.
    """

    def __init__(self, store: CiphertextStore) -> None:
        self._store = store

    def write(self, line: Closed) -> None:
        """Write one line; one that stands already stays as it is. Raises VaultDown."""
        content = json.dumps(
            {"object": str(line.object_id), "closed_at": line.at.isoformat(), "reason": line.reason}
        ).encode()
        if self._store.add_note(f"{_LINES}/{line.object_id}", content):
            return
        taken_back = self._count(_TAKEN_BACK, line.object_id)
        if taken_back > self._count(_AGAIN, line.object_id):
            self._store.add_note(f"{_AGAIN}/{line.object_id}/{taken_back}", content)

    def take_back(self, object_id: ObjectId, *, at: datetime) -> None:
        """Note that the object's line was written for a destruction that never came about.

        Until a line is written for it once more it counts as open. Raises VaultDown.
        """
        content = json.dumps({"object": str(object_id), "taken_back_at": at.isoformat()}).encode()
        number = self._count(_AGAIN, object_id) + 1
        self._store.add_note(f"{_TAKEN_BACK}/{object_id}/{number}", content)

    def read(self, object_id: ObjectId) -> Closed | None:
        """Return an object's line, None when there is none. Raises VaultDown, Damaged."""
        content = self._store.note(f"{_LINES}/{object_id}")
        if content is None:
            return None
        try:
            line = json.loads(content)
            closed = Closed(ObjectId(UUID(line["object"])), _instant(line["closed_at"]), str(line["reason"]))
        except (ValueError, KeyError, TypeError):
            closed = None
        if closed is None or closed.object_id != object_id:
            raise Damaged("A line of the destruction ledger in the evidence store cannot be read.")
        return closed

    def objects(self) -> Iterator[list[ObjectId]]:
        """Yield the ids of objects that have a line which stands, in batches. Raises VaultDown."""
        open_again = self._counts(_TAKEN_BACK)
        open_again.subtract(self._counts(_AGAIN))
        for batch in self._store.notes(_LINES):
            found = (_id_of(path.rpartition("/")[2]) for path in batch)
            yield [one for one in found if one is not None and open_again[one] <= 0]

    def _counts(self, folder: str) -> Counter[ObjectId]:
        paths = (path for batch in self._store.notes(folder) for path in batch)
        return Counter(one for path in paths if (one := _id_of(path.split("/")[-2])) is not None)

    def _count(self, folder: str, object_id: ObjectId) -> int:
        return sum(len(batch) for batch in self._store.notes(f"{folder}/{object_id}"))

    def origin(self) -> UUID | None:
        """Return the id that this store's ledger was begun with, None where none was. Raises VaultDown."""
        content = self._store.note(_ORIGIN)
        return UUID(content.decode()) if content is not None else None

    def begin(self) -> UUID:
        """Return the ledger's id, made on first use: a backup names it, so that no other ledger passes."""
        self._store.add_note(_ORIGIN, str(uuid4()).encode())
        origin = self.origin()
        assert origin is not None
        return origin


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no time zone")
    return instant


def _id_of(name: str) -> ObjectId | None:
    try:
        return ObjectId(UUID(name))
    except ValueError:
        return None
