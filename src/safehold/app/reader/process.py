"""The reader's process as whoever starts it sees it: started by exec, watched, started anew when it dies."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

import safehold
from safehold.app import logs
from safehold.app.reader import messages
from safehold.app.reader.setup import Setup
from safehold.model.errors import ReaderDown, SafeholdError
from safehold.vault.channel import Listener, Message

START_SECONDS = 100.0
"""How long it may take to get ready."""
GRACE_SECONDS = 10.0
"""How long it may finish what it is doing when it is to stop."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_LIVED_WELL_SECONDS = 30.0
# What the loader, the time zone and TLS need, and what object stores take their credentials from.
_PASSED_ON = ("LD_LIBRARY_PATH", "LANG", "PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "SAFEHOLD_SIMD")
_PASSED_ON_BEGINNINGS = ("AWS_", "AZURE_", "GOOGLE_")

_log = structlog.get_logger()


class ReaderProcess:
    """A reader that lives as long as this process wants it, and never longer than this process.

    The socket belongs to this process: while the reader is started anew, those who connect wait.
    """

    def __init__(self, setup: Setup, socket: Path) -> None:
        """socket: where to listen. Raises OSError, ValueError when nobody can listen there."""
        self._setup = setup
        self._listener = Listener.at(socket, max_body=messages.MAX_REQUEST_BODY)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="reader keeper", daemon=True)

    def start(self) -> None:
        """Start it, wait until it is ready, and watch it from then on. Raises what it says it fails for."""
        process = self._spawn()
        try:
            _await_ready(process)
        except BaseException:
            _end(process)
            self._listener.close()
            raise
        self._keeper.start()

    def stop(self) -> None:
        """End it, and its decoder with it. Doing it twice is fine."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            _end(process)
        if self._keeper.is_alive():
            self._keeper.join()
        self._listener.close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        descriptor = self._listener.fileno()
        loudness = ["quiet"] if logs.is_quiet() else []
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "safehold.app.reader", str(descriptor), *loudness],
            pass_fds=(descriptor,),
            env=_environment(self._setup),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with self._lock:
            self._process = process
        assert process.stdin is not None
        try:
            process.stdin.write(self._setup.to_line())
            process.stdin.flush()
        except BrokenPipeError:
            _log.warning("reader_died_at_start", pid=process.pid)
        return process

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            process = self._process
            assert process is not None
            began = time.monotonic()
            code = process.wait()
            if self._stopping.is_set():
                return
            _log.warning("reader_lost", pid=process.pid, code=code)
            _end(process)
            pause = (
                _FIRST_PAUSE
                if time.monotonic() - began > _LIVED_WELL_SECONDS
                else min(2 * pause, _LONGEST_PAUSE)
            )
            if self._stopping.wait(pause):
                return
            self._again()

    def _again(self) -> None:
        try:
            process = self._spawn()
            if self._stopping.is_set():  # `stop` may have looked before it was there
                _end(process)
                return
            _await_ready(process)
        except (SafeholdError, OSError, ValueError) as error:  # ValueError: stopped, and its pipes closed
            if not self._stopping.is_set():
                _log.error("reader_not_started", code=getattr(error, "code", type(error).__name__))
        else:
            _log.info("reader_started_anew", pid=process.pid)


def _await_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], START_SECONDS)[0]:
        process.kill()
        raise ReaderDown("The process that opens sealed evidence does not get ready.")
    line = process.stdout.readline()
    try:
        told = json.loads(line)
    except ValueError:
        raise ReaderDown("The process that opens sealed evidence ended before it was ready.") from None
    messages.result(Message(told if isinstance(told, dict) else {}))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the process finish, or kill it, and give its pipes back. Doing it twice is fine."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment(setup: Setup) -> Mapping[str, str]:
    """Nothing of ours but what the reader needs: settings in the environment may be secrets of others."""
    kept: dict[str, Any] = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_BEGINNINGS) or name == setup.key_variable
    }
    if setup.key_command and "HOME" in os.environ:
        kept["HOME"] = os.environ["HOME"]
    return {
        **kept,
        "PYTHONPATH": str(Path(safehold.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Each thread would else keep memory of its own, in which media may lie about.
        "MALLOC_ARENA_MAX": "2",
    }
