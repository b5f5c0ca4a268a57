"""Calling whoever is on call: one message to each channel, tried again until it is taken or an hour over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from safehold.act.channels import mail, webhook
from safehold.act.channels.base import Destination, Receipt, Verdict
from safehold.act.channels.mail import MailDestination
from safehold.egress.client import Egress
from safehold.model.clock import Clock
from safehold.model.emergency import CallKind, Emergency
from safehold.model.ids import CallId, EmergencyId, new_id
from safehold.model.permissions import system_actor
from safehold.storage import audit
from safehold.storage import calls as rows
from safehold.storage import cases as case_rows
from safehold.storage import emergencies as emergency_rows
from safehold.storage.calls import Call, CallState
from safehold.storage.database import Database, Tx

__all__ = ["Call", "CallState", "Channel", "call", "calls_about", "next_attempt", "send_due", "stop_calling"]

Channel = Destination | MailDestination
"""A way to reach whoever is on call."""

FIRST_WAITS = (timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=30))
"""How long to wait after the first failed attempt, the second, and so on; a minute after every later one."""
_LATER = timedelta(minutes=1)
MOST_ATTEMPTS = 60
"""After so many, about an hour, a call is given up and a person alarmed."""
OVERTAKEN = "superseded"
"""The error of a call that was given up because the emergency had ended."""
_CLAIM = timedelta(seconds=45)
"""Longer than one attempt lasts; a killed process costs that much."""
_ACTOR = system_actor("act.calls").label

GivenUp = Callable[[Tx, CallId], None]


@dataclass(frozen=True, slots=True)
class _Message:
    subject: str
    text: str
    body: dict[str, Any]


def call(
    tx: Tx, about: Emergency, kind: CallKind, channels: Iterable[Channel], *, now: datetime, turn: int = 1
) -> int:
    """Write one call for each enabled channel; sending comes after the commit. Return how many are new.

    turn: counts from 1; the same turn is written once.
    """
    made = 0
    for channel in channels:
        if not channel.enabled:
            continue
        new = Call(
            id=CallId(new_id()),
            emergency_id=about.id,
            channel=channel.name,
            kind=kind,
            turn=turn,
            state=CallState.WAITING,
            attempts=0,
            created_at=now,
            next_attempt_at=now,
        )
        if rows.add(tx, new):
            made += 1
            _audit(tx, new, "call.plan", now)
    return made


def stop_calling(tx: Tx, emergency_id: EmergencyId) -> None:
    """Give up what still waits to be sent about an emergency that has ended."""
    rows.give_up(tx, emergency_id, error=OVERTAKEN)


def calls_about(tx: Tx, emergency_id: EmergencyId) -> list[Call]:
    """Return the calls about an emergency, oldest first."""
    return rows.of_emergency(tx, emergency_id)


def send_due(
    database: Database,
    egress: Egress,
    channels: Sequence[Channel],
    *,
    clock: Clock,
    of: EmergencyId | None = None,
    given_up: GivenUp | None = None,
    limit: int = 100,
) -> int:
    """Send what is due, at most `limit` calls, and record how each attempt ended; return how many were taken.

    Several processes and threads may do this at the same time: the console does right after somebody
    declared, so that nobody waits for a worker, and workers do every second. A killed process leaves its call
    to be sent again with the same id. given_up: called for each call that dies, in its transaction.
    """
    reachable = {channel.name: channel for channel in channels if channel.enabled}
    taken = 0
    for _ in range(limit):
        now = clock()
        with database.begin() as tx:
            claimed = rows.claim(tx, reachable.keys(), now=now, until=now + _CLAIM, of=of)
            message = None if claimed is None else _message(tx, claimed)
        if claimed is None or message is None:
            break
        receipt = _attempt(egress, reachable[claimed.channel], claimed, message, clock())
        with database.begin() as tx:
            _note(tx, claimed, receipt, given_up, clock())
        if receipt.verdict is Verdict.TAKEN:
            taken += 1
        else:
            del reachable[claimed.channel]
    return taken


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after the attempt of this number (1 is the first), None for never."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return now + (FIRST_WAITS[attempts - 1] if attempts <= len(FIRST_WAITS) else _LATER)


def _attempt(egress: Egress, channel: Channel, claimed: Call, message: _Message, now: datetime) -> Receipt:
    if isinstance(channel, MailDestination):
        return mail.send(channel, message_id=claimed.id, subject=message.subject, text=message.text, now=now)
    return webhook.send(egress, channel, webhook_id=claimed.id, body=message.body, now=now)


def _note(tx: Tx, claimed: Call, receipt: Receipt, given_up: GivenUp | None, now: datetime) -> None:
    if receipt.verdict is Verdict.TAKEN:
        rows.delivered(tx, claimed.id, at=now)
        _audit(tx, claimed, "call.delivered", now, attempt=claimed.attempts)
        return
    next_at = next_attempt(claimed.attempts, now)
    error = f"{receipt.error}:{receipt.status}" if receipt.status else receipt.error
    recorded = rows.failed(tx, claimed, error=error, next_attempt_at=next_at)
    _audit(tx, claimed, "call.failed", now, attempt=claimed.attempts, error=error)
    if recorded and next_at is None and given_up is not None:
        given_up(tx, claimed.id)


def _message(tx: Tx, claimed: Call) -> _Message:
    """Return what is sent: which case, since when, and nothing of what is in it."""
    about = emergency_rows.get(tx, claimed.emergency_id)
    case = case_rows.get(tx, about.case_id) if about is not None else None
    assert about is not None
    assert case is not None
    practice = "PRACTICE: " if case.rehearsal else ""
    since = f"{about.declared_at:%Y-%m-%d %H:%M:%S} UTC"
    body = {
        "type": f"risk_to_life_{claimed.kind.value}",
        "timestamp": about.declared_at.isoformat(),
        "data": {
            "emergency_id": str(about.id),
            "case_id": str(about.case_id),
            "case_number": case.number,
            "priority": "P1",
            "due_at": about.due_at.isoformat(),
            "rehearsal": case.rehearsal,
        },
    }
    if claimed.kind is CallKind.WITHDRAWN:
        return _Message(
            f"{practice}Withdrawn: risk to life, case {case.number}",
            f"The risk to life that was declared {since} in case {case.number} was a wrong alarm.\n"
            "Who withdrew it and why stands in the console, under Emergencies.",
            body,
        )
    return _Message(
        f"{practice}RISK TO LIFE declared, case {case.number}",
        f"Somebody declared a risk to life {since} in case {case.number}.\n"
        f"The report to those who can help is due by {about.due_at:%H:%M} UTC.\n\n"
        "Open the console, Emergencies, and say that you are at it.",
        body,
    )


def _audit(tx: Tx, about: Call, verb: str, now: datetime, **detail: str | int) -> None:
    named = {"emergency": str(about.emergency_id), "channel": about.channel, "kind": about.kind.value}
    audit.append(tx, at=now, actor=_ACTOR, verb=verb, object=f"call:{about.id}", detail=named | detail)
