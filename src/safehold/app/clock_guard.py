"""A guard before what cannot be undone: after a gap in time that no sweep saw, nothing is destroyed at once.

A clock that jumps a year ahead makes everything due that would be due within that year. A sweep runs many
times a day; where days passed without one, either nothing was running or the clock is wrong, and no machine
can tell which. So a person is alarmed, and destruction waits for them, or for a day.
The same holds after records were brought back from a backup.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from safehold.app import alarms
from safehold.storage import alarms as alarm_rows
from safehold.storage import schedules as schedule_rows
from safehold.storage.database import Database, Tx

LONGEST_SILENCE = timedelta(days=3)
"""So long may pass without a sweep unnoticed: a long weekend of a small team."""
SUBJECT = f"clock:{UUID(int=0)}"

_log = structlog.get_logger()


def unless_time_jumped(
    database: Database, schedule: str, sweep: Callable[[], object], *, now: datetime
) -> bool:
    """Run a destroying sweep unless time has jumped since this schedule last succeeded; say whether it ran.

    It is held back until somebody acknowledges the alarm, until a day has passed since it was raised, or
    until the clock is set back to before that. A sweep that never ran has no gap. Raises as `sweep` does.
    """
    with database.begin() as tx:
        held = _is_held(tx, schedule, now)
    if held:
        _log.warning("destruction_waits", schedule=schedule, error_code=alarms.TIME_JUMPED)
        return False
    sweep()
    return True


def hold_back(tx: Tx, *, now: datetime) -> None:
    """Hold every destroying sweep back for a day from now, or until somebody acknowledges the alarm.

    For records that were brought back from a backup: what people decided since is not in them.
    """
    alarms.raise_alarm(tx, alarms.TIME_JUMPED, SUBJECT, now=now)


def _is_held(tx: Tx, schedule: str, now: datetime) -> bool:
    alarms.clear_what_is_over(tx, [alarms.TIME_JUMPED], now=now)
    if alarm_rows.subjects(tx, alarms.TIME_JUMPED):
        return True
    last = schedule_rows.find(tx, schedule)
    if last is None or last.succeeded_at is None or now - last.succeeded_at <= LONGEST_SILENCE:
        return False
    alarms.raise_alarm(tx, alarms.TIME_JUMPED, SUBJECT, now=now)
    return True
