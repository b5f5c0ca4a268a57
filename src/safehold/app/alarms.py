"""Alarms: raised by what needs a person, shown in the console and in the metrics until it is over."""

from __future__ import annotations

from datetime import datetime

from safehold.model.events import StepStuck
from safehold.storage import alarms as rows
from safehold.storage import audit
from safehold.storage.alarms import StoredAlarm
from safehold.storage.database import Tx

STEP_STUCK = "step_stuck"
CUSTODY_FAILED = "custody_failed"
UNDECIDED_TOO_LONG = "undecided_too_long"
DELIVERY_DEAD = "delivery_dead"


def raise_alarm(tx: Tx, code: str, subject: str, *, now: datetime) -> None:
    """Raise an alarm, once for as long as it stands."""
    if rows.raise_once(tx, code=code, subject=subject, now=now):
        audit.append(
            tx, at=now, actor="system:alarms", verb="alarm.raise", object=subject, detail={"code": code}
        )


def clear_alarm(tx: Tx, code: str, subject: str, *, now: datetime) -> None:
    """Clear an alarm when what caused it is over. Clearing what does not stand does nothing."""
    if rows.clear(tx, code=code, subject=subject, now=now):
        audit.append(
            tx, at=now, actor="system:alarms", verb="alarm.clear", object=subject, detail={"code": code}
        )


def on_step_stuck(tx: Tx, event: StepStuck, *, now: datetime) -> None:
    """Handle step_stuck."""
    raise_alarm(tx, STEP_STUCK, f"step:{event.step_id}", now=now)


def standing(tx: Tx) -> list[StoredAlarm]:
    """Return the alarms that stand, oldest first."""
    return rows.standing(tx)
