"""Delivering: due messages go out, each attempt is recorded, and what fails is tried again for three days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from safehold.act.channels import webhook
from safehold.act.channels.base import Destination, Receipt, Verdict
from safehold.egress.client import Egress
from safehold.model.clock import Clock
from safehold.model.errors import Conflict
from safehold.model.ids import DeliveryId, ItemId
from safehold.model.permissions import Actor, Permission, system_actor
from safehold.storage import audit
from safehold.storage import deliveries as delivery_rows
from safehold.storage.database import Database, Tx
from safehold.storage.deliveries import Delivery, DeliveryState

SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait after the first failed attempt, the second, and so on; after one more it is dead."""

# Long enough for an attempt to end and be recorded, short enough that a killed process costs a minute.
_CLAIM_MARGIN = timedelta(seconds=45)
_ACTOR = system_actor("act.deliver").label
_log = structlog.get_logger()


@dataclass(slots=True)
class Delivered:
    """What one pass did. dead: given up in this pass. gone: destinations that said that they are gone."""

    taken: int = 0
    failed: int = 0
    dead: list[DeliveryId] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)


def deliver_due(
    database: Database,
    egress: Egress,
    destinations: Sequence[Destination],
    *,
    clock: Clock,
    limit: int = 100,
    given_up: Callable[[Tx, DeliveryId], None] | None = None,
) -> Delivered:
    """Send what is due, at most `limit` messages, and record how each attempt ended.

    No transaction is open while a message is on its way. A process that is killed on the way leaves its
    message to be sent again with the same id: it arrives at least once. A destination that is down is
    left in peace until the next pass; one that said 410 until a person retries it. Several processes
    may do this at the same time. given_up: called for each delivery that dies, in the transaction that
    records it, so that no process can end in between.
    """
    done = Delivered()
    reachable = {destination.name: destination for destination in destinations if destination.enabled}
    with database.begin() as tx:
        for name in delivery_rows.gone(tx):
            reachable.pop(name, None)
    for _ in range(limit):
        claimed = _claim(database, reachable, clock())
        if claimed is None:
            break
        destination = reachable[claimed.destination]
        receipt = webhook.send(egress, destination, webhook_id=claimed.id, body=claimed.body, now=clock())
        with database.begin() as tx:
            _record(tx, claimed, receipt, done, clock())
            if given_up is not None and claimed.id in done.dead:
                given_up(tx, claimed.id)
        if receipt.verdict in (Verdict.DOWN, Verdict.GONE):
            del reachable[claimed.destination]
    return done


def retry(tx: Tx, delivery_id: DeliveryId, actor: Actor, *, now: datetime) -> None:
    """Make a dead delivery due again, with all its attempts before it.

    One that met a 410 takes its whole destination up again, as `reopen` does. Raises NotAllowed, NotFound,
    and Conflict when the delivery is not dead or its item has taken another course since: an old
    "remove" must not arrive after a newer "restore".
    """
    actor.require(Permission.WEBHOOK_RETRY)
    wanted = delivery_rows.get(tx, delivery_id, for_update=True)
    if wanted.state is not DeliveryState.DEAD:
        raise Conflict("Only a dead delivery can be retried.")
    if delivery_rows.has_newer_course(tx, wanted):
        raise Conflict("A newer message about this item has taken its place.")
    if wanted.last_error == delivery_rows.GONE:
        reopen(tx, wanted.destination, actor, now=now)
        return
    _revive(tx, [wanted], actor, now)


def reopen(tx: Tx, destination: str, actor: Actor, *, now: datetime) -> None:
    """Send to a destination again that had answered 410, beginning with what it had refused.

    What was overtaken by a later course of its item stays dead. Raises NotAllowed; Conflict when the
    destination never said that it is gone.
    """
    actor.require(Permission.WEBHOOK_RETRY)
    refused = [delivery_rows.get(tx, one) for one in delivery_rows.gone(tx).get(destination, [])]
    if not refused:
        raise Conflict("This destination has not answered that it is gone.")
    overtaken = [one for one in refused if delivery_rows.has_newer_course(tx, one)]
    for one in overtaken:
        delivery_rows.mark_superseded(tx, one.id)
    _revive(tx, [one for one in refused if one not in overtaken], actor, now)
    audit.append(tx, at=now, actor=actor.label, verb="webhook.reopen", object=f"destination:{destination}")


def listed(
    tx: Tx,
    *,
    state: DeliveryState | None = None,
    destination: str | None = None,
    before: DeliveryId | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Return deliveries for the console, newest first; give the last id as `before` for the next page."""
    return delivery_rows.newest(tx, state=state, destination=destination, before=before, limit=limit)


def counted(tx: Tx) -> dict[DeliveryState, int]:
    """Return how many deliveries are waiting, delivered and dead."""
    return delivery_rows.counts(tx)


def gone_destinations(tx: Tx) -> frozenset[str]:
    """Return the destinations to which nothing is sent because they answered 410, by name."""
    return frozenset(delivery_rows.gone(tx))


def forget(tx: Tx, items: Sequence[ItemId]) -> int:
    """Erase the platform's content ids of these items from messages; return from how many.

    A message that was sent and may be sent again is left as it is until it is over.
    """
    return delivery_rows.forget_content(tx, items)


def forget_references(tx: Tx, *, now: datetime) -> int:
    """Erase references from messages about uploads whose day was destroyed; return from how many.

    What still waits is given up, and only what is on its way at this moment is left until its end.
    """
    return delivery_rows.forget_references(tx, now=now)


def _revive(tx: Tx, dead: Sequence[Delivery], actor: Actor, now: datetime) -> None:
    delivery_rows.revive(tx, [one.id for one in dead], now=now)
    for one in dead:
        detail = {"destination": one.destination, "attempts_before": one.attempts}
        _audit(tx, one.id, "webhook.retry", detail, now, actor=actor.label)


def _claim(database: Database, reachable: Mapping[str, Destination], now: datetime) -> Delivery | None:
    if not reachable:
        return None
    longest = max(destination.deadline_seconds for destination in reachable.values())
    until = now + timedelta(seconds=longest) + _CLAIM_MARGIN
    with database.begin() as tx:
        return delivery_rows.claim(tx, reachable.keys(), now=now, until=until)


def _record(tx: Tx, claimed: Delivery, receipt: Receipt, done: Delivered, now: datetime) -> None:
    detail = {
        "destination": claimed.destination,
        "attempt": claimed.attempts,
        "verdict": receipt.verdict.value,
        "status": receipt.status,
        "error": receipt.error,
    }
    _audit(tx, claimed.id, "webhook.attempt", detail, now)
    if receipt.verdict is Verdict.TAKEN:
        delivery_rows.delivered(tx, claimed.id, status=receipt.status or 0, at=now)
        done.taken += 1
        return
    _record_failure(tx, claimed, receipt, done, now)


def _record_failure(tx: Tx, claimed: Delivery, receipt: Receipt, done: Delivered, now: datetime) -> None:
    done.failed += 1
    overtaken = receipt.verdict is not Verdict.GONE and delivery_rows.has_newer_course(tx, claimed)
    next_at = None if overtaken else next_attempt(claimed.attempts, receipt, now)
    error = delivery_rows.SUPERSEDED if overtaken else receipt.error
    recorded = delivery_rows.failed(tx, claimed, status=receipt.status, error=error, next_attempt_at=next_at)
    if receipt.verdict is Verdict.GONE:
        done.gone.add(claimed.destination)
        _audit(tx, claimed.id, "webhook.gone", {"destination": claimed.destination}, now)
    if recorded and next_at is None:
        done.dead.append(claimed.id)
        _audit(tx, claimed.id, "webhook.dead", {"destination": claimed.destination, "error": error}, now)
        _log.warning("webhook_dead", delivery_id=str(claimed.id), error=error)


def next_attempt(attempts: int, receipt: Receipt, now: datetime) -> datetime | None:
    """Return when to try again after the attempt of this number (1 is the first), None for never.

    What the other side asked for counts when it is longer than the schedule's own wait.
    """
    if receipt.verdict is Verdict.GONE or attempts > len(SCHEDULE):
        return None
    wait = SCHEDULE[max(attempts, 1) - 1]
    return now + max(wait, receipt.retry_after or wait)


def _audit(
    tx: Tx,
    delivery_id: DeliveryId,
    verb: str,
    detail: dict[str, Any],
    now: datetime,
    *,
    actor: str = _ACTOR,
) -> None:
    audit.append(tx, at=now, actor=actor, verb=verb, object=f"delivery:{delivery_id}", detail=detail)
