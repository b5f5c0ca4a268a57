"""Commands in tests: what one said and how it ended, and running one as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

COMMAND = (sys.executable, "-c", "from safehold.cli.main import run; run()")
"""`safehold` as this environment has it, whether or not its script is installed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What was written as JSON Lines; every line of the output has to be one."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ended]
"""Runs `safehold` with these arguments."""


def run_apart(*arguments: object, before: tuple[str, ...] = (), **options: Any) -> Ended:
    """Run a command in a process of its own; options go to subprocess.run, `before` before the command."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run([*before, *COMMAND, *map(str, arguments)], check=False, text=True, **streams)
    return Ended(done.returncode, done.stdout or "", done.stderr or "")


@contextmanager
def started(*arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a command in a session of its own; what is left of the session at the end is killed."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    command = [*COMMAND, *map(str, arguments)]
    with subprocess.Popen(command, text=True, start_new_session=True, **streams) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
