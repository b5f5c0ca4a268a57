"""The decoding worker: a copy of the template (template.py) that walls itself in and then answers jobs.

It holds nothing but the socket to its parent and the memory that both share. It answers jobs until the
socket ends. It never writes anywhere else: its standard streams lead nowhere.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import socket

from safehold.model.media import Examined
from safehold.vault.decoding.confine import confine
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.samples import take
from safehold.vault.decoding.views import render
from safehold.vault.decoding.wire import MAX_MESSAGE, Answer, Job, Setup, write_document


def run(
    control_fd: int,
    memory_fd: int,
    size: int,
    setup: Setup,
    kinds: Kinds,
) -> None:
    """Confine this process for good, say how far that went, and serve until the parent closes its end."""
    memory = mmap.mmap(memory_fd, size)
    os.close(memory_fd)
    with socket.socket(fileno=control_fd) as control:
        level = confine(setup.limits.memory_bytes, control_fd, without=setup.without)
        control.send(json.dumps(level.fields()).encode())
        serve(control, memory, setup, kinds)


def serve(
    control: socket.socket,
    memory: mmap.mmap,
    setup: Setup,
    kinds: Kinds,
) -> None:
    """Answer jobs one by one until the parent closes its end."""
    while message := control.recv(MAX_MESSAGE):
        # Should the parent die while a codec spins, the kernel ends this process all the same.
        signal.setitimer(signal.ITIMER_REAL, 2 * setup.limits.patience)
        job = Job.from_bytes(message)
        examined = _done(memory[: job.size], job, setup, kinds)
        document, rendition = write_document(examined), examined.rendition or b""
        memory[: len(document) + len(rendition)] = document + rendition
        signal.setitimer(signal.ITIMER_REAL, 0)
        control.send(Answer(len(document), len(rendition)).to_bytes())


def _done(data: bytes, job: Job, setup: Setup, kinds: Kinds) -> Examined:
    if job.stamp:
        return render(data, stamp=job.stamp, limits=setup.limits, wanted=job.wanted)
    if job.samples:
        return take(data, setup.limits)
    return examine(
        data,
        claimed_type=job.claimed_type,
        rendition=job.rendition,
        kinds=kinds,
        limits=setup.limits,
        mode=job.mode,
        turned=job.turned,
    )
