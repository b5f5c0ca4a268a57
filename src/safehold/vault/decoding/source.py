"""Where workers come from, as the parent sees it: one template process, and the orders that it takes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import safehold
from safehold.model.errors import DecoderDown
from safehold.vault.decoding.limits import MEBIBYTE
from safehold.vault.decoding.memory import SharedMemory
from safehold.vault.decoding.wire import MAX_MESSAGE, READY, Setup

_START_SECONDS = 60.0
_END_SECONDS = 5.0
_PASSED_ON = ("LD_LIBRARY_PATH", "SAFEHOLD_SIMD")


class WorkerSource:
    """A running template. Safe to share between threads.

    It lives until it was retired and its last worker is gone: a process whose parent ends before it is
    left to whoever collects orphans, and in a container that may be nobody.
    """

    def __init__(self, setup: Setup) -> None:
        """Start a template and wait until it is warm. Raises DecoderDown."""
        self._lock = threading.Lock()
        self._workers = 0
        self._retired = self._lost = False
        try:
            self._orders, self._process = _spawn()
        except OSError as error:
            raise DecoderDown(f"A decoding worker could not be started ({type(error).__name__}).") from error
        try:
            self._orders.settimeout(_START_SECONDS)
            self._orders.send(setup.to_bytes())
            ready = self._orders.recv(MAX_MESSAGE) == READY
        except OSError:
            ready = False
        except BaseException:  # somebody pressed Ctrl-C while it was starting
            self._end()
            raise
        if not ready:
            self._end()
            raise not_ready()

    @property
    def pid(self) -> int:
        """The template's process id."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it was neither retired nor lost, and was still running a moment ago."""
        return not self._retired and not self._lost and self._process.poll() is None

    def new_worker(self, control: socket.socket, memory: SharedMemory) -> tuple[int, int]:
        """Have a worker made that owns copies of these; return its process id and a handle on the process.

        The handle is a descriptor that means this process and no later one of the same number; the caller
        closes it, and calls release() when the worker is gone. Raises DecoderDown.
        """
        with self._lock:
            try:
                if self._retired:
                    raise OSError
                socket.send_fds(self._orders, [str(memory.size).encode()], [control.fileno(), memory.fd])
                pid, handles, _, _ = socket.recv_fds(self._orders, MAX_MESSAGE, 1)
                if not handles:
                    raise OSError
            except OSError:
                self._lost = True
                raise not_ready() from None
            self._workers += 1
            os.set_inheritable(handles[0], False)
            return int(pid), handles[0]

    def release(self) -> None:
        """Take note that one of its workers is gone."""
        with self._lock:
            self._workers -= 1
            over = self._retired and not self._workers
        if over:
            self._end()

    def retire(self) -> None:
        """Make no more workers; end as soon as none is left. Doing it twice is fine."""
        with self._lock:
            over = not self._retired and not self._workers
            self._retired = True
        if over:
            self._end()

    def _end(self) -> None:
        self._orders.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)  # it collects its workers first
        self._process.kill()
        self._process.wait()


def not_ready() -> DecoderDown:
    """Return the error for a process that started and did not get ready."""
    return DecoderDown(
        "A decoding worker started but did not get ready.",
        advice="Run `safehold doctor`: it tries each picture format by itself.",
    )


def _spawn() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with contextlib.ExitStack() as undone, theirs:
        undone.callback(ours.close)
        command = [sys.executable, "-P", "-s", "-m", "safehold.vault.decoding.template"]
        process = subprocess.Popen(
            [*command, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        undone.pop_all()
    return ours, process


def _environment() -> dict[str, str]:
    """Nothing of ours but what the worker needs: settings in the environment may be secrets."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(Path(safehold.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        # NumPy else starts threads at import, and confinement binds only the thread that asks for it.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        # Keep up to 64 MiB between jobs: glibc else returns each picture's memory to the kernel and
        # takes it back for the next one, which costs more than the decoding (measured: 6.8 ms a picture
        # of 0.75 megapixels, 3.8 ms with this).
        "MALLOC_MMAP_THRESHOLD_": str(32 * MEBIBYTE),
        "MALLOC_TRIM_THRESHOLD_": str(64 * MEBIBYTE),
    }
