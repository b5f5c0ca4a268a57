"""Periodic sweeps: each runs in one process at a time, no oftener than its period over all processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from safehold.jobs.running import code_of
from safehold.model.clock import Clock
from safehold.model.errors import DatabaseDown
from safehold.storage import schedules as schedule_rows
from safehold.storage.database import Database

_SHORTEST_WAIT = 0.01
_AWAY_WAIT = 2.0
_CLOCKS_DIFFER = 60.0
"""Seconds by which the clocks of two machines may differ unnoticed."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A sweep that runs every so many seconds, measured from one beginning to the next.

    run may be repeated at any time without harm, opens its own transactions, and may take longer than the
    period: then the next run begins when it has ended.
    """

    name: str
    every_seconds: float
    run: Callable[[], object]


class Scheduler:
    """Runs schedules, each in a thread of its own, so that a slow sweep keeps no other waiting.

    When each began last is a row in the database: several processes share one period, and a daily sweep
    neither runs again after a restart nor is forgotten by a process that never lives a day. Nothing is
    queued. A failure is logged and counted in that row, and the sweep goes on with its next period.
    """

    def __init__(self, database: Database, schedules: Sequence[Schedule], *, clock: Clock) -> None:
        self._database = database
        self._schedules = list(schedules)
        self._clock = clock
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; the first run of each schedule is due at once when it has never run."""
        for schedule in self._schedules:
            name = f"schedule {schedule.name}"
            self._threads.append(
                threading.Thread(target=self._keep, args=(schedule,), name=name, daemon=True)
            )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no further run, and return when those that are going on have ended."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def turn(self, schedule: Schedule) -> float:
        """Run a schedule if it is due and no other process is at it; return seconds until the next look.

        Raises DatabaseDown.
        """
        # An advisory lock and no row lock: during a long run this transaction holds back no vacuum.
        with self._database.begin() as held:
            if not held.try_lock(f"schedule {schedule.name}"):
                return schedule.every_seconds
            last = schedule_rows.find(held, schedule.name)
            now = self._clock()
            early = 0.0 if last is None else _early(schedule, last.began_at, now)
            if early > 0:
                return early
            self._run(schedule, now)
            return schedule.every_seconds - (self._clock() - now).total_seconds()

    def _run(self, schedule: Schedule, now: datetime) -> None:
        with self._database.begin() as tx:
            schedule_rows.mark_began(tx, schedule.name, at=now)
        error_code = None
        try:
            schedule.run()
        except Exception as error:  # noqa: BLE001 - whatever one sweep raises must not end the others
            error_code = code_of(error)
            structlog.get_logger().error("schedule_failed", schedule=schedule.name, error_code=error_code)
        with self._database.begin() as tx:
            schedule_rows.mark_ended(tx, schedule.name, at=self._clock(), error_code=error_code)

    def _keep(self, schedule: Schedule) -> None:
        wait, away = 0.0, False
        while not self._stopping.wait(wait):
            try:
                wait = max(_SHORTEST_WAIT, self.turn(schedule))
                away = False
            except DatabaseDown as error:
                if not away:
                    structlog.get_logger().warning(
                        "degraded", part="schedule", schedule=schedule.name, error_code=error.code
                    )
                wait, away = max(_SHORTEST_WAIT, min(_AWAY_WAIT, schedule.every_seconds)), True


def _early(schedule: Schedule, began_at: datetime, now: datetime) -> float:
    """Return the seconds until a schedule is due: now, where it began far in a future that was taken back."""
    since = (now - began_at).total_seconds()
    if since < -max(schedule.every_seconds, _CLOCKS_DIFFER):
        return 0.0
    return schedule.every_seconds - since
