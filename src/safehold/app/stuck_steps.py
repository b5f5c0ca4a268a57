"""Jobs as people see them: alarms, and stuck steps with their retry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safehold.app import alarms
from safehold.jobs.record import Recorder
from safehold.model.ids import StepId
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit
from safehold.storage import schedules as schedule_rows
from safehold.storage import steps as rows
from safehold.storage.alarms import StoredAlarm
from safehold.storage.database import Tx
from safehold.storage.schedules import ScheduleRun
from safehold.storage.steps import StepState, StuckStep

ALARMS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class JobsView:
    """What follows recorded facts, and how it goes. waiting: steps that a worker has not finished.

    alarms: the oldest that stand, at most ALARMS_SHOWN.
    """

    alarms: tuple[StoredAlarm, ...]
    waiting: int
    stuck: tuple[StuckStep, ...]
    sweeps: tuple[ScheduleRun, ...]


def jobs(tx: Tx) -> JobsView:
    """Return alarms and stuck steps, longest standing first, and when each sweep last ran."""
    return JobsView(
        tuple(alarms.standing(tx, limit=ALARMS_SHOWN)),
        rows.open_counts(tx)[StepState.WAITING],
        tuple(rows.stuck(tx)),
        tuple(schedule_rows.all_runs(tx)),
    )


def retry(tx: Tx, recorder: Recorder, step_id: StepId, *, actor: Actor, now: datetime) -> None:
    """Let a stuck step be tried again, put on record who asked, and clear its alarm.

    Raises NotAllowed, NotFound, and Conflict when it is not stuck any more.
    """
    actor.require(Permission.JOB_RETRY)
    recorder.retry_stuck(tx, step_id)
    audit.append(tx, at=now, actor=actor.label, verb="step.retry", object=f"step:{step_id}")
    alarms.clear_alarm(tx, alarms.STEP_STUCK, f"step:{step_id}", now=now)
