"""Reading sealed media back. Whoever calls this has checked access and written the audit record before."""

from __future__ import annotations

from safehold.model.errors import ErasedEvidence, NotFound
from safehold.model.ids import ItemId
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Tx
from safehold.storage.evidence import ObjectRole
from safehold.vault.vault import Reader


def open_rendition(tx: Tx, reader: Reader, item_id: ItemId) -> tuple[bytes, str]:
    """Return the safe picture of an item's media, and its media type.

    Raises NotFound when there is no such item or no rendition was ever sealed for it, ErasedEvidence when
    it was destroyed, VaultObjectDamaged, VaultDown.
    """
    return _open(tx, reader, item_id, ObjectRole.RENDITION)


def open_original(tx: Tx, reader: Reader, item_id: ItemId) -> tuple[bytes, str]:
    """Return an item's bytes exactly as they came, and their media type. Raises as open_rendition does."""
    return _open(tx, reader, item_id, ObjectRole.ORIGINAL)


def _open(tx: Tx, reader: Reader, item_id: ItemId, role: ObjectRole) -> tuple[bytes, str]:
    media_id = evidence_rows.media_of_item(tx, item_id)
    if media_id is None:
        raise NotFound("This item came without bytes.")
    found = evidence_rows.openable(tx, media_id, role)
    if found is not None:
        return reader.open(found.object.id, found.wrapped_key), found.object.media_type
    if evidence_rows.ever_sealed(tx, media_id) and not evidence_rows.live_objects(tx, media_id):
        raise ErasedEvidence()
    raise NotFound("No such form of this item's media was ever sealed.")
