"""Removals that platforms tell of: what they were asked to remove is gone."""

from __future__ import annotations

from datetime import datetime

from safehold.model.errors import Conflict, InvalidInput
from safehold.model.ids import ItemId
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage import removals as removal_rows
from safehold.storage.database import Tx


def tell(tx: Tx, item_id: ItemId, *, gone_at: datetime | None, actor: Actor, now: datetime) -> datetime:
    """Write down that an item is gone from its platform; return since when, as it was told first.

    gone_at: aware; None where it is only known that it is gone by now. What a platform removed before it was
    asked is gone since then. Doing it again changes nothing. Raises Conflict where nobody has asked for its
    removal, and InvalidInput for a time that has not come.
    """
    if gone_at is not None and gone_at > now:
        raise InvalidInput("removed_at: a time that has not come.")
    asked = removal_rows.asked(tx, item_id)
    if asked is None:
        raise Conflict("Nobody has asked for the removal of this item.")
    since = gone_at or now
    if removal_rows.add(tx, asked.proposal_id, gone_at=since, told_at=now, told_by=actor.key_id):
        detail = {"proposal": str(asked.proposal_id), "gone_at": since.isoformat()}
        audit.append(
            tx, at=now, actor=actor.label, verb="removal.tell", object=f"item:{item_id}", detail=detail
        )
        return since
    return removal_rows.gone_at(tx, asked.proposal_id) or since
