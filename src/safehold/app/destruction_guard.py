"""A guard before what cannot be undone: after a gap in time or a restore, nothing is destroyed at once.

A clock that jumps a year ahead makes everything due that would be due within that year. A sweep runs many
times a day; where days passed without one, either nothing was running or the clock is wrong, and no machine
can tell which. Records that were brought back from a backup lack what people decided since. So a person is
alarmed, and destruction waits for them, or for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from safehold.app import alarms
from safehold.model.errors import Refused
from safehold.model.permissions import Actor
from safehold.storage import alarms as alarm_rows
from safehold.storage import schedules as schedule_rows
from safehold.storage.database import Database, Tx

LONGEST_SILENCE = timedelta(days=3)
"""So long may pass without a sweep unnoticed: a long weekend of a small team."""
SUBJECT = f"sweeps:{UUID(int=0)}"

_log = structlog.get_logger()


def unless_held_back(
    database: Database, schedule: str, sweep: Callable[[], object], *, now: datetime
) -> bool:
    """Run a destroying sweep unless it is held back, or days passed since the last one; say whether it ran.

    It is held back until somebody acknowledges the alarm, until a day has passed since it was raised, or
    until the clock is set back to before that. A sweep that never ran has no gap. Raises as `sweep` does.
    """
    with database.begin() as tx:
        held = _is_held(tx, schedule, now)
    if held:
        _log.warning("destruction_waits", schedule=schedule, error_code=alarms.DESTRUCTION_WAITS)
        return False
    sweep()
    return True


def refuse_while_held_back(
    database: Database, schedules: Collection[str], *, acknowledged_by: Actor | None, now: datetime
) -> None:
    """Let somebody who wants to destroy at once do so, unless one of these schedules would be held back.

    acknowledged_by: who takes note of the alarm with that, on record; afterwards nothing is held back any
    more. Raises Refused where nobody does, with the alarm raised if it did not stand yet; NotAllowed.
    """
    with database.begin() as tx:
        held = [_is_held(tx, schedule, now) for schedule in schedules]
        if any(held) and acknowledged_by is not None:
            for one in alarms.standing(tx):
                if one.code == alarms.DESTRUCTION_WAITS:
                    alarms.acknowledge(tx, one.id, actor=acknowledged_by, now=now)
    if any(held) and acknowledged_by is None:
        raise Refused(
            f"Nothing is destroyed for now: the alarm {alarms.DESTRUCTION_WAITS} stands. Days passed without"
            " a sweep, the clock is wrong, or a backup was restored.",
            advice="See that the clock is right, and after a restore file the decisions again that are gone."
            " Then acknowledge the alarm, in the console or by saying --acknowledge; or wait a day.",
        )


def hold_back(tx: Tx, *, now: datetime) -> None:
    """Hold every destroying sweep back for a day from now, or until somebody acknowledges the alarm.

    One that stands already, as it may in a backup, is cleared first: it could be over within the hour.
    """
    alarms.clear_alarm(tx, alarms.DESTRUCTION_WAITS, SUBJECT, now=now)
    alarms.raise_alarm(tx, alarms.DESTRUCTION_WAITS, SUBJECT, now=now)


def _is_held(tx: Tx, schedule: str, now: datetime) -> bool:
    alarms.clear_what_is_over(tx, [alarms.DESTRUCTION_WAITS], now=now)
    if alarm_rows.subjects(tx, alarms.DESTRUCTION_WAITS):
        return True
    last = schedule_rows.find(tx, schedule)
    if last is None or last.succeeded_at is None or now - last.succeeded_at <= LONGEST_SILENCE:
        return False
    hold_back(tx, now=now)
    return True
