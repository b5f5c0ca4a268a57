"""What a platform may know of an item and of a case: states, never media, signals or analysts."""

from __future__ import annotations

from typing import Any

from safehold.act import holds
from safehold.model.errors import NotFound
from safehold.model.ids import CaseId, ItemId
from safehold.storage import assessments as outcome_rows
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows
from safehold.storage import media as media_rows
from safehold.storage.database import Tx


def item(tx: Tx, item_id: ItemId) -> dict[str, Any]:
    """Return where an item stands. Raises NotFound."""
    stored = item_rows.get_bare(tx, item_id)
    if stored is None:
        raise NotFound("There is no such item.")
    media = media_rows.facts_of(tx, [stored.media_id]) if stored.media_id is not None else {}
    return {
        "item_id": str(item_id),
        "surface": stored.surface,
        "received_at": stored.received_at.isoformat(),
        "rehearsal": stored.rehearsal,
        "held": holds.is_held(tx, item_id),
        "media_type": media[stored.media_id].media_type if stored.media_id in media else None,
        "content_id": item_rows.content_id_of(tx, item_id),
        "cases": [
            {"case_id": str(each), **_outcome(tx, each, item_id)}
            for each in case_rows.ids_of_item(tx, item_id)
        ],
    }


def case(tx: Tx, case_id: CaseId) -> dict[str, Any]:
    """Return where a case stands. Raises NotFound."""
    found = case_rows.standing_of(tx, case_id)
    if found is None:
        raise NotFound("There is no such case.")
    return {
        "case_id": str(found.id),
        "number": found.number,
        "purpose": found.purpose.value,
        "state": found.state.value,
        "rehearsal": found.rehearsal,
        "opened_at": found.opened_at.isoformat(),
        "settled_at": found.settled_at.isoformat() if found.settled_at else None,
        "items": [
            {"item_id": str(each.item_id), **_outcome(tx, case_id, each.item_id)}
            for each in case_rows.items_of(tx, case_id)
        ],
    }


def _outcome(tx: Tx, case_id: CaseId, item_id: ItemId) -> dict[str, Any]:
    standing = outcome_rows.standing_outcome(tx, case_id=case_id, item_id=item_id)
    if standing is None:
        return {"finding": None, "category": None, "settled_at": None, "single_assessor": None}
    return {
        "finding": standing.finding.value,
        "category": standing.category.value if standing.category else None,
        "settled_at": standing.settled_at.isoformat(),
        "single_assessor": len(standing.by) == 1,
    }
