"""Messages to platforms that were given up: a person is alarmed, and may have them sent again."""

from __future__ import annotations

from datetime import datetime

from safehold.act import deliver
from safehold.app import alarms
from safehold.app.program import Program
from safehold.model.ids import DeliveryId
from safehold.model.permissions import Actor
from safehold.storage.database import Tx


def deliver_webhooks(program: Program) -> None:
    """Send what is due, and alarm a person about what is given up, as it is recorded."""

    def given_up(tx: Tx, delivery_id: DeliveryId) -> None:
        alarms.raise_alarm(tx, alarms.DELIVERY_DEAD, f"delivery:{delivery_id}", now=program.clock())

    deliver.deliver_due(
        program.database, program.egress, program.destinations, clock=program.clock, given_up=given_up
    )


def retry(tx: Tx, delivery_id: DeliveryId, *, actor: Actor, now: datetime) -> None:
    """Have a message sent again, and clear the alarms about it and about what it takes up with it.

    Raises as `deliver.retry` does: NotAllowed, NotFound, Conflict.
    """
    deliver.retry(tx, delivery_id, actor, now=now)
    alarms.clear_what_is_over(tx, [alarms.DELIVERY_DEAD], now=now)
