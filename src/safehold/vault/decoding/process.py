"""One worker process as its parent sees it: started, asked, and killed when it does not answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import safehold
from safehold.model.errors import DecoderDown
from safehold.model.media import Examined
from safehold.model.signal import SignalTypeName
from safehold.vault.decoding.limits import MEBIBYTE, DecodeLimits
from safehold.vault.decoding.memory import SharedMemory
from safehold.vault.decoding.wire import MAX_MESSAGE, Answer, BadAnswer, Job, Setup, read_document

_START_SECONDS = 60.0
_PASSED_ON = ("LD_LIBRARY_PATH", "SAFEHOLD_SIMD")


class WorkerLost(Exception):
    """The worker died, was killed, or answered nonsense. timed_out: it did not answer in time."""

    def __init__(self, *, timed_out: bool) -> None:
        self.timed_out = timed_out
        super().__init__("timed out" if timed_out else "died")


class DecoderProcess:
    """A running worker with its shared memory. Not safe to share between threads: one asks at a time."""

    def __init__(self, limits: DecodeLimits, signal_types: tuple[SignalTypeName, ...]) -> None:
        """Start a worker and wait until it is warm and confined. Raises DecoderDown."""
        self._limits = limits
        self._signal_types = signal_types
        try:
            self.memory = SharedMemory(limits.max_bytes)
            self._control, self._process = _spawn(self.memory)
        except OSError as error:
            raise DecoderDown(f"A decoding worker could not be started ({type(error).__name__}).") from error
        self.confinement = self._greet()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process was still running a moment ago."""
        return self._process.poll() is None

    def ask(self, job: Job) -> Examined:
        """Have the worker examine what lies in the memory. Raises WorkerLost; the worker is dead then."""
        try:
            self._control.settimeout(self._limits.patience)
            self._control.send(job.to_bytes())
            answer = Answer.from_bytes(self._control.recv(MAX_MESSAGE), room=self.memory.size)
            end = answer.document + answer.rendition
            document, rendition = self.memory.take(0, answer.document), self.memory.take(answer.document, end)
            return read_document(document, rendition or None, self._signal_types)
        except TimeoutError:
            self.close()
            raise WorkerLost(timed_out=True) from None
        except (OSError, BadAnswer):
            self.close()
            raise WorkerLost(timed_out=False) from None

    def kill(self) -> None:
        """End the process by its id, whatever it is doing. Another thread may be waiting for its answer."""
        self._process.kill()

    def close(self) -> None:
        """End the process and give everything back. Doing it twice is fine."""
        if self._control.fileno() < 0:
            return
        self._process.kill()
        self._process.wait()
        self._control.close()
        self.memory.close()

    def _greet(self) -> dict[str, bool]:
        try:
            self._control.settimeout(_START_SECONDS)
            self._control.send(Setup(self._limits, self._signal_types).to_bytes())
            return {
                str(layer): holds is True
                for layer, holds in json.loads(self._control.recv(MAX_MESSAGE)).items()
            }
        except (OSError, ValueError) as error:
            self.close()
            raise DecoderDown(
                "A decoding worker started but did not get ready.",
                advice="Run `safehold doctor`: it tries each picture format by itself.",
            ) from error
        except BaseException:  # somebody pressed Ctrl-C while it was starting
            self.close()
            raise


def _spawn(memory: SharedMemory) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-P", "-s", "-m", "safehold.vault.decoding.worker"]
        process = subprocess.Popen(
            [*command, str(theirs.fileno()), str(memory.fd), str(memory.size)],
            pass_fds=(theirs.fileno(), memory.fd),
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
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
