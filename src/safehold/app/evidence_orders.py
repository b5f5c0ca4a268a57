"""What people order about evidence, by item or case: who may, what is meant by it, and who is alarmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from safehold.app import alarms
from safehold.evidence import orders
from safehold.evidence.orders import Held, Ordered
from safehold.model.errors import NotAllowed, NotFound
from safehold.model.ids import AuthorityReportId, CaseId, ItemId, MediaId
from safehold.model.permissions import Actor, Permission
from safehold.model.retention import Reach
from safehold.model.team import TeamSize
from safehold.review import admission
from safehold.storage import authority_reports, items
from safehold.storage import cases as case_rows
from safehold.storage.database import Tx


def reach_of(tx: Tx, about: UUID) -> Reach:
    """Return what an item, all items of a case, or all that an authority report tells of, consist of.

    Raises NotFound where there is none of these.
    """
    reach = items.reach_of(tx, _items(tx, about))
    if not (reach.media or reach.records):
        raise NotFound("There is no such item, case or report.")
    return reach


def media_of(tx: Tx, about: UUID) -> Sequence[MediaId]:
    """Return the media of this, by id; raises NotFound also where all of it came without bytes."""
    media = reach_of(tx, about).media
    if not media:
        raise NotFound(
            "This came without bytes, so there is nothing to destroy.",
            advice="What is written of it ends with the clocks of its reports.",
        )
    return media


def admit(tx: Tx, actor: Actor, about: UUID) -> None:
    """Let somebody who proved who they are decide about this evidence, or raise.

    That is a person with `evidence.edit` who works in the queues of each case with one of the items and has
    no conflict about it. Raises NotFound, NotAllowed and ConflictOfInterest.
    """
    actor.require(Permission.EVIDENCE_EDIT)
    if actor.user_id is None:
        raise NotAllowed("Only a person can do this.")
    cases = {case.id for item_id in _items(tx, about) for case in case_rows.of_item(tx, item_id)}
    for case_id in sorted(cases):
        admission.admit(tx, case_id, actor.user_id)


def hold(tx: Tx, about: UUID, *, reason: str, actor: Actor, through: Actor, now: datetime) -> Held:
    """Place a legal hold; where it stops an order, a person is alarmed. Raises as `orders.hold` does."""
    placed = orders.hold(tx, reach_of(tx, about), reason=reason, actor=actor, through=through, now=now)
    _alarm(tx, placed.against, now)
    return placed


def release(
    tx: Tx, about: UUID, *, hold_id: UUID | None, actor: Actor, through: Actor, now: datetime
) -> Reach:
    """Lift a legal hold. Raises as `orders.release` does."""
    return orders.release(tx, reach_of(tx, about), hold_id=hold_id, actor=actor, through=through, now=now)


def ask_destruction(
    tx: Tx, about: UUID, *, reason: str, actor: Actor, through: Actor, now: datetime
) -> Ordered:
    """Put down an order to destroy, and alarm whoever is to confirm it. Raises as `orders` does."""
    asked = orders.ask_destruction(
        tx, media_of(tx, about), reason=reason, actor=actor, through=through, now=now
    )
    _alarm(tx, [asked.id], now)
    return asked


def confirm_destruction(
    tx: Tx, about: UUID, order_id: UUID, *, size: TeamSize, actor: Actor, through: Actor, now: datetime
) -> Ordered:
    """Confirm an order to destroy; where a hold stops it a person is alarmed. Raises as `orders` does."""
    confirmed = orders.confirm_destruction(
        tx, order_id, media_of(tx, about), size=size, actor=actor, through=through, now=now
    )
    if confirmed.against:
        _alarm(tx, [order_id], now)
    else:
        alarms.clear_alarm(tx, alarms.DESTROY_ORDER_WAITS, _subject(order_id), now=now)
    return confirmed


def withdraw_order(
    tx: Tx, about: UUID, order_id: UUID, *, actor: Actor, through: Actor, now: datetime
) -> list[MediaId]:
    """Withdraw an order to destroy. Raises as `orders.withdraw_order` does."""
    media = orders.withdraw_order(tx, order_id, media_of(tx, about), actor=actor, through=through, now=now)
    alarms.clear_alarm(tx, alarms.DESTROY_ORDER_WAITS, _subject(order_id), now=now)
    return media


def alarm_about_waiting(tx: Tx, sweep_found: Iterable[UUID], *, now: datetime) -> None:
    """Alarm a person about orders that the sweep found to be stopped."""
    _alarm(tx, sweep_found, now)


def _items(tx: Tx, about: UUID) -> list[ItemId]:
    found = [place.item_id for place in case_rows.items_of(tx, CaseId(about))]
    told = authority_reports.items_of(tx, AuthorityReportId(about), standing=False)
    return found or [each.item_id for each in told] or [ItemId(about)]


def _alarm(tx: Tx, order_ids: Iterable[UUID], now: datetime) -> None:
    for order_id in order_ids:
        alarms.raise_alarm(tx, alarms.DESTROY_ORDER_WAITS, _subject(order_id), now=now)


def _subject(order_id: UUID) -> str:
    return f"order:{order_id}"
