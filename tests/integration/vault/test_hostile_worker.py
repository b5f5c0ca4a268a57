"""Claims about a worker that was taken over: it may claim anything, and that costs its parent nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from threading import Thread
from typing import cast

import pytest

from safehold.vault.decoding.confinement import Confinement
from safehold.vault.decoding.kinds import kinds_of
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.memory import SharedMemory
from safehold.vault.decoding.process import DecoderProcess, WorkerLost
from safehold.vault.decoding.source import WorkerSource
from safehold.vault.decoding.wire import MAX_MESSAGE, Job

ROOM = 64 << 20


class TakenOver:
    """Makes workers that answer every job with these lengths of a document and a picture."""

    def __init__(self, *claimed: int) -> None:
        self._claimed = claimed
        self.memory = -1

    def new_worker(self, control: socket.socket, memory: SharedMemory) -> tuple[int, int]:
        self.memory = os.dup(memory.fd)
        self._process = subprocess.Popen(["sleep", "1000"])
        self._thread = Thread(target=self._answer, args=(control.dup(),))
        self._thread.start()
        return self._process.pid, os.pidfd_open(self._process.pid)

    def release(self) -> None:
        self._process.wait()
        self._thread.join()

    def _answer(self, control: socket.socket) -> None:
        with control:
            control.send(json.dumps(Confinement().fields()).encode())
            control.recv(MAX_MESSAGE)
            control.send(json.dumps(self._claimed).encode())


@pytest.mark.parametrize("claimed", [(ROOM, 0), (ROOM // 2, 1), (0, ROOM)])
def test_more_than_any_answer_can_have_is_not_even_copied(claimed: tuple[int, int]) -> None:
    source = TakenOver(*claimed)
    worker = DecoderProcess(
        cast("WorkerSource", source), DecodeLimits(max_bytes=ROOM, max_frames=10), kinds_of(())
    )
    with pytest.raises(WorkerLost):
        worker.ask(Job(0))
    assert not worker.alive
    assert source._process.returncode == -signal.SIGKILL
    touched = os.fstat(source.memory).st_blocks * 512
    os.close(source.memory)
    assert touched < ROOM // 100, "what is read of memory that nobody wrote to takes pages"
