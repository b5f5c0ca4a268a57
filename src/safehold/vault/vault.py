"""The vault as the stages see it: one class that locks away, another, kept apart, that opens again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from safehold.model.errors import NotFound, VaultDown, VaultObjectDamaged
from safehold.model.ids import ObjectId, new_id
from safehold.vault.key_ring import KeyRing
from safehold.vault.keys import SealingKeyFile
from safehold.vault.ledger import LedgerCopy
from safehold.vault.sealing import OpeningKey, Sealed, SealingKey, open_, seal
from safehold.vault.store import CiphertextStore


@dataclass(frozen=True, slots=True)
class SealedObject:
    """What a stage records about sealed bytes. size_bytes: of the bytes before sealing.

    Whoever destroys wrapped_key destroys the object, whatever copies of its ciphertext exist.
    """

    object_id: ObjectId
    wrapped_key: bytes = field(repr=False)
    size_bytes: int


class Vault:
    """Seals bytes into a store. It holds the public key only, so it cannot read back what it sealed.

    Safe to share between threads.
    """

    def __init__(self, store: CiphertextStore, sealing_key: SealingKey | SealingKeyFile) -> None:
        self._store = store
        self._sealing_key = sealing_key
        self.ledger = LedgerCopy(store)

    def seal(self, data: bytes | memoryview) -> SealedObject:
        """Encrypt `data` and store it under a new id; when this returns it was read back and is whole.

        The caller must record the answer durably: without the wrapped key nobody can open the object.
        Raises TooLarge above sealing.MAX_BYTES, VaultDown when the store fails.
        """
        object_id = ObjectId(new_id())
        sealed = self.seal_beside(data, object_id=object_id)
        self._store.put(object_id, sealed.ciphertext)
        return SealedObject(object_id, sealed.wrapped_key, memoryview(data).nbytes)

    def seal_beside(self, data: bytes | memoryview, *, object_id: ObjectId) -> Sealed:
        """Encrypt something that is kept elsewhere; the store is not touched. Raises TooLarge."""
        key = self._sealing_key
        return seal(data, key.current() if isinstance(key, SealingKeyFile) else key, object_id=object_id)

    def destroy(self, object_id: ObjectId) -> None:
        """Delete the ciphertext; doing it twice is fine. Raises VaultDown when the store fails.

        Erasing is destroying the wrapped key, which the stage that owns the table has done before this.
        """
        self._store.delete(object_id)

    def drop_drafts(self, *, before: datetime) -> int:
        """Delete half-written objects that nobody is writing any more, last touched before this instant.

        Return how many that was. Raises VaultDown when the store fails.
        """
        return self._store.drop_drafts(before=before)

    def orphans(
        self, known: Callable[[Sequence[ObjectId]], Collection[ObjectId]], *, before: datetime
    ) -> Iterator[ObjectId]:
        """Yield the ids of stored objects written before `before` (aware) that nobody knows of.

        known: given at most 1,000 ids, returns those that are on record. An object becomes an orphan when
        a process dies between sealing and recording; `before` spares those that are about to be recorded.
        Raises VaultDown when the store fails.
        """
        for batch in self._store.objects():
            old = [stored.object_id for stored in batch if stored.written_at < before]
            on_record = known(old) if old else ()
            yield from (object_id for object_id in old if object_id not in on_record)

    def stored(self) -> Iterator[list[ObjectId]]:
        """Yield the ids of all stored objects, at most 1,000 at a time. Raises VaultDown."""
        for batch in self._store.objects():
            yield [stored.object_id for stored in batch]


class Reader:
    """Opens sealed objects. It alone holds the private key, so it can live in a process of its own.

    It checks no permission and writes no audit record: its caller does both first.
    """

    def __init__(self, store: CiphertextStore, keys: OpeningKey | KeyRing) -> None:
        self._store = store
        self._ring = keys if isinstance(keys, KeyRing) else KeyRing(lambda: [keys])

    def open(self, object_id: ObjectId, wrapped_key: bytes) -> bytes:
        """Return the bytes that were sealed as `object_id`.

        Raises VaultObjectDamaged when the ciphertext is gone or anything is not as it was sealed, VaultDown
        when the store fails.
        """
        try:
            ciphertext = self._store.get(object_id)
        except NotFound:
            raise VaultObjectDamaged(f"Object {object_id}: its ciphertext is gone from the store.") from None
        return self.open_beside(Sealed(ciphertext, wrapped_key), object_id=object_id)

    def answers(self) -> bool:
        """Say whether the store answers: it is asked for an object that nobody has sealed."""
        try:
            self._store.get(ObjectId(new_id()))
        except NotFound:
            return True
        except VaultDown:
            return False
        return True

    def open_beside(self, sealed: Sealed, *, object_id: ObjectId) -> bytes:
        """Return the bytes of something that is kept elsewhere, see `Vault.seal_beside`.

        Raises VaultObjectDamaged.
        """
        key = self._ring.key_for(sealed.wrapped_key, object_id)
        return open_(sealed.ciphertext, sealed.wrapped_key, key, object_id=object_id)
