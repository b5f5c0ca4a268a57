"""Finding what is sealed of some media, and its key. Whoever opens it has put that on record before."""

from __future__ import annotations

from safehold.model.errors import ErasedEvidence, NotFound
from safehold.model.ids import MediaId
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Tx
from safehold.storage.evidence import ObjectRole, Openable


def find(tx: Tx, media_id: MediaId, role: ObjectRole) -> Openable:
    """Return the bytes as they came, or the safe picture, of some media: sealed, and with the key to them.

    Raises NotFound when it was never sealed in this form, ErasedEvidence when it was destroyed.
    """
    found = evidence_rows.openable(tx, media_id, role)
    if found is not None:
        return found
    if evidence_rows.ever_sealed(tx, media_id) and not evidence_rows.live_objects(tx, media_id):
        raise ErasedEvidence()
    raise NotFound("No such form of this item's media was ever sealed.")
