"""Holds: the reversible block of an item. It rests on a match; no flag, score or model can place one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from safehold.act.grounds import require_decision
from safehold.model.events import ItemCleared, OutcomeReversed
from safehold.model.ids import HoldId, ItemId, new_id
from safehold.model.match import Match
from safehold.model.permissions import system_actor
from safehold.storage import audit
from safehold.storage import holds as hold_rows
from safehold.storage.database import Tx

_ACTOR = system_actor("act.holds").label


def place(tx: Tx, item_id: ItemId, matches: Sequence[Match], *, now: datetime) -> HoldId | None:
    """Hold an item if one of its matches may hold, and return the hold that now stands on it.

    None when no match may hold. The matches must be recorded already: the hold refers to the nearest
    one that may hold. Placing twice gives the same hold. TypeError for anything that is no Match: a
    flag cannot hold, whatever it looks like.
    """
    nearest = _nearest(matches)
    if nearest is None:
        return None
    hold_id = HoldId(new_id())
    if not hold_rows.add(tx, hold_id, item_id=item_id, match_id=nearest.id, at=now):
        return hold_rows.standing(tx, item_id)
    audit.append(
        tx,
        at=now,
        actor=_ACTOR,
        verb="hold.place",
        object=f"item:{item_id}",
        detail={"hold": str(hold_id), "match": str(nearest.id), "distance": nearest.distance},
    )
    return hold_id


def release(tx: Tx, event: ItemCleared | OutcomeReversed, *, now: datetime) -> None:
    """Release the hold of an item whose case was cleared or reversed.

    It stays while another case still calls for it: one that confirmed the item, or one that waits with a
    match of its own that may hold. Doing it twice changes nothing. Raises Refused where nobody decided what
    the event says.
    """
    require_decision(tx, event)
    if is_called_for(tx, event):
        return
    released = hold_rows.release(tx, event.item_id, reason=event.kind, at=now)
    if released is None:
        return
    audit.append(
        tx,
        at=now,
        actor=_ACTOR,
        verb="hold.release",
        object=f"item:{event.item_id}",
        detail={"hold": str(released), "reason": event.kind, "case": str(event.case_id)},
    )


def is_called_for(tx: Tx, event: ItemCleared | OutcomeReversed) -> bool:
    """Say whether a case other than the event's still calls for a hold on the item."""
    return hold_rows.called_for_elsewhere(tx, event.item_id, apart_from=event.case_id)


def is_held(tx: Tx, item_id: ItemId) -> bool:
    """Say whether a hold stands on the item."""
    return hold_rows.standing(tx, item_id) is not None


def _nearest(matches: Sequence[Match]) -> Match | None:
    if not all(isinstance(match, Match) for match in matches):
        raise TypeError("Only a match can place a hold.")
    return min((match for match in matches if match.may_hold), key=lambda match: match.distance, default=None)
