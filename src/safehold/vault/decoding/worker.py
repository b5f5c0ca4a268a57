"""The decoding worker: `python -P -s -m safehold.vault.decoding.worker CONTROL_FD MEM_FD SIZE`.

Started by exec, so it holds nothing of its parent but two descriptors. It answers jobs until the control
socket ends. It never writes anywhere else: its standard streams lead nowhere.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import socket
import sys
import warnings

from safehold.signals.base import FrameSignal
from safehold.signals.pdq import Pdq
from safehold.vault.decoding.confine import confine
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.warm import warm
from safehold.vault.decoding.wire import MAX_MESSAGE, Answer, Job, Setup, write_document

_FRAME_SIGNALS: tuple[FrameSignal, ...] = (Pdq(),)


def serve(control: socket.socket, memory: mmap.mmap) -> None:
    """Set up, say so, then answer jobs one by one until the parent closes its end."""
    setup = Setup.from_bytes(control.recv(MAX_MESSAGE))
    known = {signal_type.name: signal_type for signal_type in _FRAME_SIGNALS}
    signal_types = {name: known[name] for name in setup.signal_types}
    warm(signal_types, setup.limits)
    control.send(json.dumps(confine(setup.limits.memory_bytes)).encode())
    while message := control.recv(MAX_MESSAGE):
        # Should the parent die while a codec spins, the kernel ends this process all the same.
        signal.setitimer(signal.ITIMER_REAL, 2 * setup.limits.patience)
        job = Job.from_bytes(message)
        examined = examine(
            memory[: job.size],
            claimed_type=job.claimed_type,
            rendition=job.rendition,
            signal_types=signal_types,
            limits=setup.limits,
        )
        document, rendition = write_document(examined), examined.rendition or b""
        memory[: len(document) + len(rendition)] = document + rendition
        signal.setitimer(signal.ITIMER_REAL, 0)
        control.send(Answer(len(document), len(rendition)).to_bytes())


def main(arguments: list[str]) -> None:
    """Take over the two inherited descriptors and serve."""
    control_fd, memory_fd, size = map(int, arguments)
    # Decoders warn about what they meet in the bytes; a warning's text could quote them.
    warnings.simplefilter("ignore")
    # The parent decides when to stop, also when somebody presses Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    memory = mmap.mmap(memory_fd, size)
    os.close(memory_fd)
    with socket.socket(fileno=control_fd) as control:
        serve(control, memory)


if __name__ == "__main__":
    main(sys.argv[1:])
