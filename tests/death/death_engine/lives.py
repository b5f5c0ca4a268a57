"""Processes as the kernel shows them: started through the mother, found by session, killed by id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MOTHER = Path(__file__).with_name("mother.py")
PATIENCE = 90.0
"""Seconds that anything here may take on a machine that is busy; nothing is waited for longer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the process table."""

    pid: int
    parent: int
    session: int
    state: str
    command: str


def process_table() -> dict[int, Seen]:
    """Return every process that has not ended, by id."""
    table = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if state != "Z":
                pid = int(folder.name)
                table[pid] = Seen(pid, int(parent), int(session), state, command)
    return table


def eventually(
    is_so: Callable[[], Any], *, or_say: Callable[[], object] = str, within: float = PATIENCE
) -> Any:
    """Wait until something is so, and return it; fail with what `or_say` says."""
    until = time.monotonic() + within
    while not (found := is_so()):
        assert time.monotonic() < until, f"It never came to be so: {or_say()}"
        time.sleep(0.02)
    return found


@dataclass(frozen=True, slots=True)
class Life:
    """One running command: the leader of its session, to which its decoders and its reader belong."""

    pid: int
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return is_alive(self.pid)

    def members(self) -> list[Seen]:
        """Return everybody of its session, also when the leader is dead."""
        return [seen for seen in process_table().values() if seen.session == self.pid]

    def children(self, naming: str) -> list[int]:
        """Return the ids of its session's members whose command names this module."""
        return sorted(seen.pid for seen in self.members() if naming in seen.command and seen.pid != self.pid)

    def kill(self) -> bool:
        """End it as a power failure would; what it started has to notice by itself. Say whether it lived."""
        return kill(self.pid)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        eventually(lambda: not self.alive, or_say=self.said)

    def ended_with(self) -> str:
        """Wait until it ends by itself, and return its exit code."""
        eventually(lambda: not self.alive, or_say=self.said)
        return self.said().rpartition("ended with ")[2].strip()

    def said(self) -> str:
        """Return the end of what it has written."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""


def is_alive(pid: int) -> bool:
    """Say whether this process has not ended; asked often, so that it looks at no other."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def kill(pid: int, how: signal.Signals = signal.SIGKILL) -> bool:
    """Send a signal, that of kill -9 by default; say whether there was somebody alive to get it."""
    lived = is_alive(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, how)
    return lived


class Mother:
    """Bears lives while its `with` block runs; whoever is left at the end is killed."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = {**environment, "OPENBLAS_NUM_THREADS": "1"}
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.born: list[Life] = []

    def bear(self, *arguments: str) -> Life:
        """Start a command and return at once."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = self._folder / f"life-{len(self.born):05d}-{arguments[0]}.log"
        self._process.stdin.write(json.dumps({"arguments": arguments, "log": str(log)}) + "\n")
        self._process.stdin.flush()
        life = Life(json.loads(self._process.stdout.readline())["pid"], log)
        self.born.append(life)
        return life

    def orphans(self) -> list[Seen]:
        """Return what lives on of sessions whose leaders are dead."""
        table = process_table()
        dead = {life.pid for life in self.born} - table.keys()
        return [seen for seen in table.values() if seen.session in dead]

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        log = (self._folder / "mother.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, str(MOTHER)],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        sessions = {life.pid for life in self.born}
        for seen in process_table().values():
            if seen.session in sessions:
                kill(seen.pid)
        self._process.communicate()


def open_files(pids: Iterator[int] | list[int]) -> Iterator[tuple[Path, str]]:
    """Yield every regular file on a disk that these processes have open, also without a name: where, what."""
    for pid in pids:
        with suppress(OSError):
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    leads_to = str(handle.readlink())
                    if leads_to.startswith("/") and not leads_to.startswith(("/memfd:", "/dev/", "/proc/")):
                        yield handle, leads_to
