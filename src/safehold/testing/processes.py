"""`safehold` in processes of its own, for tests that kill them or separate them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from safehold.testing.platform import Platform

COMMAND = (sys.executable, "-c", "from safehold.cli.main import run; run()")
_PATIENCE = 60.0


def environment_of(sections: Mapping[str, Any]) -> dict[str, str]:
    """Return an environment that holds these sections of the settings, each as JSON or as plain text."""
    ours = {
        f"SAFEHOLD_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in sections.items()
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("SAFEHOLD_")}
    return others | ours


def free_port(*, following: int = 0) -> int:
    """Return a port of the loopback interface that nobody listens on, nor on so many that follow it.

    It lies below those that the system gives to whoever connects, so nobody gets it by chance meanwhile.
    """
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with ExitStack() as stack, suppress(OSError):
            for each in range(port, port + following + 1):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            return port


class SafeholdProcess:
    """One `safehold` command that runs while its `with` block does; what it writes goes to a file.

    listen: whether the command serves; then the block begins when it answers. Leaving the block stops it
    as an operator would, unless it was killed before.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str], log: Path, listen: bool) -> None:
        self._port = free_port() if listen else 0
        where = ("--listen", f"127.0.0.1:{self._port}") if listen else ()
        self._command = [*COMMAND, *arguments, *where]
        # Pictures have a port of their own; any will do, since pages name it.
        anywhere = {} if "SAFEHOLD_MEDIA" in environment else {"SAFEHOLD_MEDIA__LISTEN": "127.0.0.1:0"}
        self._environment = {**anywhere, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power failure would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end, wait, and return the exit code; that of a process that has ended already too."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(_PATIENCE)

    def stop_by_itself(self) -> int:
        """Wait until it ends of its own accord, and return the exit code."""
        assert self._process is not None
        return self._process.wait(_PATIENCE)

    def written(self) -> str:
        """Return what it has written so far."""
        return self._log.read_text()

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            if self._port:
                self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        asking = Platform(self.base_url, "nobody")
        until = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < until:
            try:
                asking.ask("GET", "/")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError(f"It does not answer: {self.written()}")
