"""A risk to life, as a whole: declared, clock and alarm, a report waiting, everybody called, in one step.

Everything that stands on screen is written in one transaction that asks for no worker, no vault and no
second person. The first attempt to call goes out from the process that took the declaration; workers go on.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from safehold.act import calls
from safehold.act.calls import Call, CallState, Channel
from safehold.app import alarms, proposals
from safehold.app.authority_rules import authority_rules
from safehold.app.program import Program
from safehold.app.review_policy import queue_rules
from safehold.authorities import plans
from safehold.model.emergency import CallKind, Emergency, EmergencyEnd
from safehold.model.errors import SafeholdError
from safehold.model.ids import CallId, CaseId, EmergencyId, ItemId
from safehold.model.permissions import Actor, Permission
from safehold.review import emergencies
from safehold.review.cases import existing_case
from safehold.storage import audit
from safehold.storage.database import Tx

PATIENCE = 4.0
"""Seconds for which whoever declared waits to be told whether the first calls were taken."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EmergencySheet:
    """An emergency as a page shows it. calls: oldest first. report_waits: whether its report still waits."""

    emergency: Emergency
    case_number: int
    rehearsal: bool
    calls: tuple[Call, ...]
    report_waits: bool

    @property
    def reached(self) -> bool:
        """Whether at least one channel has taken that it was declared."""
        return any(one.state is CallState.DELIVERED and one.kind is CallKind.DECLARED for one in self.calls)


def declare(program: Program, case_id: CaseId, *, item_id: ItemId | None, actor: Actor) -> Emergency:
    """Declare a risk to life and call whoever is on call; return the emergency that stands in the case.

    Doing it again while one stands calls nobody again. Raises as `review.emergencies.declare` does.
    """
    now, record = program.clock(), program.recorder.record
    within = timedelta(minutes=program.settings.emergency.report_minutes)
    with program.database.begin() as tx:
        declared, is_new = emergencies.declare(
            tx,
            case_id,
            item_id=item_id,
            actor=actor,
            within=within,
            record=record,
            rules=queue_rules(program.settings),
            now=now,
        )
        if is_new:
            proposals.plan_urgent_report(tx, declared, now=now)
            plans.plan_urgent(tx, declared, rules=authority_rules(program.settings), now=now)
            alarms.raise_alarm(tx, alarms.RISK_TO_LIFE, f"emergency:{declared.id}", now=now)
            calls.call(tx, declared, CallKind.DECLARED, program.on_call, now=now)
    if is_new:
        call_now(program, declared.id)
    return declared


def call_again(program: Program, emergency_id: EmergencyId, *, actor: Actor) -> None:
    """Call everybody once more. Raises NotAllowed, NotFound. Nobody is called about what has ended."""
    actor.require(Permission.EMERGENCY_DECLARE)
    now = program.clock()
    with program.database.begin() as tx:
        about = emergencies.existing(tx, emergency_id, actor=actor)
        if not about.stands:
            return
        turn = max((one.turn for one in calls.calls_about(tx, emergency_id)), default=0) + 1
        calls.call(tx, about, CallKind.DECLARED, program.on_call, now=now, turn=turn)
        audit.append(
            tx, at=now, actor=actor.label, verb="emergency.call_again", object=f"case:{about.case_id}"
        )
    call_now(program, emergency_id)


def end(program: Program, emergency_id: EmergencyId, how: EmergencyEnd, words: str, *, actor: Actor) -> None:
    """End an emergency: it was reported, or was a wrong alarm, which those who were called are told.

    Raises as `review.emergencies.end` does.
    """
    now = program.clock()
    with program.database.begin() as tx:
        ended = emergencies.end(
            tx,
            emergency_id,
            how,
            words,
            actor=actor,
            record=program.recorder.record,
            rules=queue_rules(program.settings),
            now=now,
        )
        proposals.close_urgent_report(tx, ended, made=how is EmergencyEnd.REPORTED, actor=actor, now=now)
        calls.stop_calling(tx, emergency_id)
        for code in (alarms.RISK_TO_LIFE, alarms.REPORT_UNSENT):
            alarms.clear_alarm(tx, code, f"emergency:{emergency_id}", now=now)
        if how is EmergencyEnd.WITHDRAWN:
            plans.withdraw_urgent(tx, ended, now=now)
            calls.call(tx, ended, CallKind.WITHDRAWN, program.on_call, now=now)
    call_now(program, emergency_id)


def sheet(tx: Tx, emergency_id: EmergencyId, *, actor: Actor) -> EmergencySheet:
    """Return an emergency with how its calls went. Raises NotAllowed, NotFound."""
    about = emergencies.existing(tx, emergency_id, actor=actor)
    case = existing_case(tx, about.case_id)
    return EmergencySheet(
        emergency=about,
        case_number=case.number,
        rehearsal=case.rehearsal,
        calls=tuple(calls.calls_about(tx, emergency_id)),
        report_waits=proposals.urgent_report_waits(tx, about),
    )


def send_calls(program: Program, *, of: EmergencyId | None = None, only: Sequence[Channel] = ()) -> None:
    """Send the calls that are due, and alarm a person about what is given up, as it is recorded."""

    def given_up(tx: Tx, call_id: CallId) -> None:
        alarms.raise_alarm(tx, alarms.CALL_DEAD, f"call:{call_id}", now=program.clock())

    calls.send_due(
        program.database,
        program.egress,
        only or program.on_call,
        clock=program.clock,
        of=of,
        given_up=given_up,
    )


def call_now(program: Program, emergency_id: EmergencyId) -> None:
    """Make the first attempt on every channel at once, and wait a few seconds for how they go.

    What takes longer goes on by itself; what fails, workers try again.
    """
    at_once = [
        threading.Thread(target=_quietly, args=(program, emergency_id, channel), daemon=True)
        for channel in program.on_call
        if channel.enabled
    ]
    for thread in at_once:
        thread.start()
    for thread in at_once:
        thread.join(PATIENCE / len(at_once))


def _quietly(program: Program, emergency_id: EmergencyId, channel: Channel) -> None:
    try:
        send_calls(program, of=emergency_id, only=(channel,))
    except SafeholdError as failure:
        _log.warning("emergency_call_failed", emergency_id=str(emergency_id), error=failure.code)
