"""A worker that is killed once at each point that it comes to, and started again, until it is told to stop.

A parent forks each life before anything is open, so that a life costs no imports. A file names the points
that were passed: before a step, after it and before its commit, and before and after each webhook is sent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from safehold.act.channels import webhook
from safehold.app import wiring
from safehold.app.program import Program, open_program
from safehold.app.settings import Settings
from safehold.jobs.running import Handler, Patience
from safehold.jobs.worker import Timings, Worker
from safehold.model.clock import utc_now

QUICK = Timings(
    heartbeat=0.2,
    stalled_after=1.0,
    rescue_every=0.1,
    poll=0.1,
    patience=Patience(attempts=10, first_pause=0.05, longest_pause=0.1),
)


CLAIM = timedelta(seconds=80)
"""Longer than a killed process keeps others from its message; less than receivers let a timestamp be off."""


class Points:
    """Where a life may end, each once."""

    def __init__(self, passed: Path) -> None:
        self._passed = passed

    def come_to(self, point: str) -> None:
        """Die here, unless an earlier life did."""
        passed = self._passed.read_text().split("\n") if self._passed.exists() else []
        if point not in passed:
            with self._passed.open("a") as file:
                file.write(point + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.kill(os.getpid(), signal.SIGKILL)

    def clock(self) -> datetime:
        """Return the present instant, later by the claim on a message for each life that died with one."""
        passed = self._passed.read_text() if self._passed.exists() else ""
        return utc_now() + CLAIM * passed.count("webhook")

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same call with a point before it and one after it."""

        def dangerous(*args: Any, **named: Any) -> Any:
            self.come_to(f"before {name}")
            answer = call(*args, **named)
            self.come_to(f"after {name}")
            return answer

        return dangerous


def live(settings: Settings, points: Points) -> None:
    """Work until SIGTERM, or until a point is met for the first time."""
    webhook.send = points.around("webhook", webhook.send)
    with open_program(settings, surfaces=frozenset({"worker"}), clock=points.clock) as program:
        worker = mortal(program, points)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run()


def mortal(program: Program, points: Points) -> Worker:
    """Return a worker whose every step is dangerous."""
    handlers: dict[str, Handler] = {
        name: points.around(name, handler) for name, handler in wiring.handlers(program).items()
    }
    return Worker(
        program.database,
        program.queue,
        program.recorder,
        handlers,
        wiring.schedules(program),
        timings=QUICK,
    )


def main(settings: str, passed: str) -> None:
    """Live again and again."""
    chosen, points = Settings.model_validate(json.loads(settings)), Points(Path(passed))
    child, stopping = 0, False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    while not stopping:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            live(chosen, points)
            os._exit(0)
        os.waitpid(child, 0)


main(*sys.argv[1:])
