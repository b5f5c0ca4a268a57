"""Bound together: items of which one decides about the other, held together whenever either is decided."""

from __future__ import annotations

from safehold.model.ids import ItemId
from safehold.storage import assessments as assessment_rows
from safehold.storage import events as event_rows
from safehold.storage import reported_items
from safehold.storage.database import Tx

__all__ = ["hold"]


def hold(tx: Tx, item_id: ItemId) -> None:
    """Wait for whoever settles or reverses this item or one that is bound to it, and keep others from it.

    Bound to it is what it repeats, what rests on a repeat of it, what it shows, and the pages that show
    it. Their revisions are held until the end of tx. Take the rows of cases afterwards, never before.
    """
    resting = (
        repeat.item_id
        for standing in assessment_rows.standing_outcomes_of_item(tx, item_id)
        for repeat in assessment_rows.repeats_of(tx, standing.id)
    )
    on_pages = (*reported_items.shown_on(tx, item_id), *reported_items.pages_of(tx, item_id))
    event_rows.hold_items(tx, {item_id, *assessment_rows.repeated_items(tx, item_id), *resting, *on_pages})
