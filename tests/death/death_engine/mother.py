"""A process that has everything imported and forks a life of `safehold` whenever it is told to.

A life is the real command line in a session of its own. Only waiting is made short, so that what a dead
process held is taken over within seconds: heartbeats, the sweeps' periods, claims and pauses. One JSON
object per line comes in, {"arguments": […], "log": …}; one per line goes out, {"pid": …}.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

from safehold.act import deliver
from safehold.act.channels.base import Destination
from safehold.app import requests, wiring
from safehold.cli import main as command_line
from safehold.jobs import worker
from safehold.jobs.running import Patience
from safehold.jobs.schedules import Schedule
from safehold.jobs.worker import Timings
from safehold.web import server

assert server  # imported so that no life has to

QUICK = Timings(
    heartbeat=0.2,
    stalled_after=2.0,
    rescue_every=0.2,
    poll=0.2,
    answer_within=2.0,
    first_pause=0.1,
    longest_pause=0.5,
    # More attempts than deaths can hit one step: a step that ends as stuck would be a finding.
    patience=Patience(attempts=40, first_pause=0.05, longest_pause=0.2),
)
LONGEST_PERIOD = 0.5
CLAIM_SECONDS = 2.0
REQUEST_GIVEN_UP_AFTER = timedelta(seconds=4)


def hasten() -> None:
    """Shorten every wait that only a death makes anybody wait for."""
    all_schedules = wiring.schedules

    def often(program: Any) -> Sequence[Schedule]:
        return [
            dataclasses.replace(each, every_seconds=min(each.every_seconds, LONGEST_PERIOD))
            for each in all_schedules(program)
        ]

    wiring.schedules = often
    worker.Timings = lambda: QUICK  # type: ignore[misc, assignment]
    deliver._CLAIM_MARGIN = timedelta(seconds=CLAIM_SECONDS)
    deliver.SCHEDULE = (timedelta(seconds=0.2),) * 60
    Destination.__init__.__kwdefaults__["deadline_seconds"] = CLAIM_SECONDS
    requests.GIVEN_UP_AFTER = REQUEST_GIVEN_UP_AFTER


def live(arguments: list[str], log: str) -> NoReturn:
    """Be the command, in a session of its own."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(ours, theirs)
    os.closerange(3, 256)
    sys.argv = ["safehold", *arguments]
    sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    code: object = 70
    try:
        command_line.run()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stderr.write(f"ended with {code}\n")
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 70)


def main() -> None:
    """Fork a life for each line, until there are no more."""
    hasten()
    # Whoever dies vanishes from the process table at once.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            live(wanted["arguments"], wanted["log"])
        sys.stdout.write(json.dumps({"pid": pid}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
