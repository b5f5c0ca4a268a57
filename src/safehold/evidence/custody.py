"""Custody: bytes that matched or were flagged are sealed before the answer is sent.

Sealing comes first and outside any transaction; recording the keys comes second, inside the one that
records the item. A process that dies in between leaves ciphertext whose key was never written down
anywhere: nobody can open it, and the sweep deletes it after an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safehold.evidence import retention
from safehold.model.ids import MediaId
from safehold.model.permissions import system_actor
from safehold.storage import audit
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Tx
from safehold.storage.evidence import EvidenceObject, ObjectRole
from safehold.vault.vault import SealedObject, Vault

RENDITION_TYPE = "image/jpeg"
_ACTOR = system_actor("evidence.custody").label


@dataclass(frozen=True, slots=True)
class SealedMedia:
    """Sealed bytes that are not on record yet: the original, and the rendition where one could be made."""

    original: SealedObject
    rendition: SealedObject | None
    media_type: str


def seal_media(vault: Vault, data: bytes, rendition: bytes | None, *, media_type: str) -> SealedMedia:
    """Seal bytes and their rendition; when this returns both are in the store, whole.

    media_type: of the bytes, as decoding found it. Call it before the transaction begins, then hand the
    answer to `take`. Raises TooLarge, VaultDown.
    """
    original = vault.seal(data)
    return SealedMedia(original, vault.seal(rendition) if rendition is not None else None, media_type)


def discard(vault: Vault, sealed: SealedMedia) -> None:
    """Delete sealed bytes that were not taken: their keys were never recorded. Raises VaultDown."""
    vault.destroy(sealed.original.object_id)
    if sealed.rendition is not None:
        vault.destroy(sealed.rendition.object_id)


def take(tx: Tx, media_id: MediaId, sealed: SealedMedia, *, now: datetime) -> bool:
    """Record sealed bytes and their keys, kept as undecided from now on.

    False when the media's original is in custody already: then `sealed` was not recorded and the caller
    discards it after the commit. Either way the media is kept at least as long as a new undecided item
    asks for. Waits for whoever is recording or destroying the same media; a transaction that takes
    several media takes them in the order of their ids.
    """
    retention.lock(tx, media_id)
    original = _record_of(media_id, ObjectRole.ORIGINAL, sealed.original, sealed.media_type, now)
    taken = evidence_rows.add_object(tx, original, sealed.original.wrapped_key)
    if taken:
        if sealed.rendition is not None:
            rendition = _record_of(media_id, ObjectRole.RENDITION, sealed.rendition, RENDITION_TYPE, now)
            evidence_rows.add_object(tx, rendition, sealed.rendition.wrapped_key)
        audit.append(
            tx,
            at=now,
            actor=_ACTOR,
            verb="evidence.seal",
            object=f"media:{media_id}",
            detail={"object": str(original.id), "size_bytes": original.size_bytes},
        )
    retention.keep(tx, media_id, arriving=now)
    return taken


def keep_on(tx: Tx, media_id: MediaId, *, now: datetime) -> bool:
    """Keep media that is in custody already for a new item of it; False when it has to be sealed first.

    It spares sealing bytes once more that come again and again.
    """
    retention.lock(tx, media_id)
    return retention.keep(tx, media_id, arriving=now) is not None


def _record_of(
    media_id: MediaId, role: ObjectRole, sealed: SealedObject, media_type: str, now: datetime
) -> EvidenceObject:
    return EvidenceObject(
        id=sealed.object_id,
        media_id=media_id,
        role=role,
        media_type=media_type,
        size_bytes=sealed.size_bytes,
        sealed_at=now,
    )
