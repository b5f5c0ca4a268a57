"""Telling platforms: one message, written down once, for each destination that wants it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from safehold.act import holds
from safehold.act.channels.base import Destination
from safehold.act.grounds import require_decision
from safehold.model.assessment import Category, Finding
from safehold.model.events import (
    AppealDecided,
    ItemCleared,
    LookbackMatched,
    OutcomeReversed,
    ProposalApproved,
)
from safehold.model.ids import DeliveryId, EventId, ItemId, new_id
from safehold.model.permissions import system_actor
from safehold.model.proposal import ProposalKind
from safehold.storage import audit
from safehold.storage import deliveries as delivery_rows
from safehold.storage import holds as hold_rows
from safehold.storage import lookback as lookback_rows
from safehold.storage.database import Tx

Told = ItemCleared | OutcomeReversed | ProposalApproved | AppealDecided
"""The decisions about an item that platforms can be told about."""

TOLD_KINDS = frozenset(
    each.kind for each in (ItemCleared, OutcomeReversed, ProposalApproved, AppealDecided, LookbackMatched)
)

_ACTOR = system_actor("act.tell").label


class Action(StrEnum):
    """What a platform is asked to do. NONE: it is only told."""

    REMOVE = "remove"
    RESTORE = "restore"
    HOLD_RELEASED = "hold_released"
    ACCOUNT_ACTION = "account_action"
    SUBMIT = "submit"
    """To have scanned anew what a reference stands for."""
    NONE = delivery_rows.NO_ACTION


_ASKED_BY_PROPOSAL = {
    ProposalKind.REMOVE_ITEM: Action.REMOVE,
    ProposalKind.ACCOUNT_ACTION: Action.ACCOUNT_ACTION,
}


def tell_platform(tx: Tx, event: Told, *, destinations: Sequence[Destination], now: datetime) -> None:
    """Write one message for each enabled destination that wants this kind of event; sending comes later.

    Doing it twice writes nothing new. A waiting message about an earlier course of the same item is given
    up first, so that a platform never hears "remove" after "restore". Raises NotFound for an event that
    was never recorded. Of a page that somebody reported no platform hears anything: none of them sent it,
    and what others report is nobody's business. Raises Refused for an event that nobody decided.
    """
    recorded = delivery_rows.recorded(tx, event)
    require_decision(tx, event)
    if delivery_rows.item_facts(tx, event.item_id).is_page:
        return
    for destination in destinations:
        if not destination.wants(event.kind):
            continue
        action = _action(tx, event, destination)
        if recorded.revision is not None and action is not Action.NONE:
            _give_up_earlier(tx, event, destination, revision=recorded.revision, now=now)
        body = _body(tx, event, destination, action)
        _plan(tx, recorded.id, event.item_id, event.kind, destination, body, now)


def tell_reference(
    tx: Tx, event: LookbackMatched, *, destinations: Sequence[Destination], now: datetime
) -> None:
    """Handle lookback_matched: write a message with the platform's reference for each who wants to know.

    Doing it twice writes nothing new. An event behind which nothing was found tells nobody, nor does that of
    an upload whose day was destroyed since.
    """
    recorded = lookback_rows.match(tx, event.lookback_id)
    if recorded is None:
        return
    event_id, found = recorded
    data = {"reference": found.reference, "surface": found.surface, "action": Action.SUBMIT.value}
    body = {"type": event.kind, "timestamp": event.at.isoformat(), "data": data}
    for destination in destinations:
        if destination.wants(event.kind):
            _plan(tx, event_id, None, event.kind, destination, body, now)


def _plan(
    tx: Tx,
    event_id: EventId,
    item_id: ItemId | None,
    kind: str,
    destination: Destination,
    body: dict[str, Any],
    now: datetime,
) -> None:
    new = delivery_rows.Delivery(
        id=DeliveryId(new_id()),
        event_id=event_id,
        item_id=item_id,
        destination=destination.name,
        kind=kind,
        body=body,
        state=delivery_rows.DeliveryState.WAITING,
        attempts=0,
        created_at=now,
        next_attempt_at=now,
        last_status=None,
        last_error=None,
        delivered_at=None,
    )
    if delivery_rows.add(tx, new):
        about = {"item": str(item_id)} if item_id is not None else {}
        _audit(tx, new.id, "webhook.plan", {"destination": destination.name, "event": kind} | about, now)


def _give_up_earlier(tx: Tx, event: Told, destination: Destination, *, revision: int, now: datetime) -> None:
    given_up = delivery_rows.supersede(tx, event.item_id, destination.name, revision=revision, now=now)
    for delivery_id in given_up:
        _audit(tx, delivery_id, "webhook.supersede", {"destination": destination.name}, now)


def _body(tx: Tx, event: Told, destination: Destination, action: Action) -> dict[str, Any]:
    """Build the message, once: it is stored and goes out unchanged on every attempt."""
    facts = delivery_rows.item_facts(tx, event.item_id)
    finding, category = _finding(tx, event)
    data: dict[str, Any] = {
        "item_id": str(event.item_id),
        "case_id": str(event.case_id),
        "content_id": facts.content_id,
        "action": action.value,
        "finding": finding.value if finding else None,
        "rehearsal": facts.rehearsal,
    }
    if isinstance(event, AppealDecided):
        data |= {"appeal_id": str(event.appeal_id), "upheld": event.upheld}
    if destination.with_category:
        data["category"] = category.value if category else None
    return {"type": event.kind, "timestamp": event.at.isoformat(), "data": data}


def _finding(tx: Tx, event: Told) -> tuple[Finding | None, Category | None]:
    if isinstance(event, ItemCleared):
        return event.finding, None
    if isinstance(event, (ProposalApproved, AppealDecided)):
        return delivery_rows.standing_finding(tx, event.item_id, event.case_id) or (None, None)
    return None, None


def _action(tx: Tx, event: Told, destination: Destination) -> Action:
    if isinstance(event, ProposalApproved):
        return _ASKED_BY_PROPOSAL[event.proposal_kind]
    if isinstance(event, AppealDecided):
        # What follows from it, if anything, is told by the event of the outcome itself.
        return Action.NONE
    if holds.is_called_for(tx, event):
        return Action.NONE
    told = delivery_rows.told_actions(tx, event.item_id, destination.name)
    decisive = [action for action in told if action in (Action.REMOVE, Action.RESTORE)]
    if decisive and decisive[-1] == Action.REMOVE:
        return Action.RESTORE
    # The hold may be released before or after this: both steps follow from the same event.
    freed = any(
        hold.released_at is None or hold.release_reason == event.kind
        for hold in hold_rows.of_item(tx, event.item_id)
    )
    return Action.HOLD_RELEASED if freed else Action.NONE


def _audit(tx: Tx, delivery_id: DeliveryId, verb: str, detail: dict[str, Any], now: datetime) -> None:
    audit.append(tx, at=now, actor=_ACTOR, verb=verb, object=f"delivery:{delivery_id}", detail=detail)
