"""The process that workers are copies of: `python -P -s -m safehold.vault.decoding.template ORDERS_FD`.

Started by exec, it holds nothing of its parent but one socket. It loads and warms every codec once, and from
then on only forks: it has one thread and never sees a byte of media. A copy takes milliseconds, a start by
exec a third of a second, so a worker that met a damaged file can be replaced before the next one.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
import warnings
from collections.abc import Iterator

from safehold.vault.decoding import worker
from safehold.vault.decoding.kinds import Kinds, kinds_of
from safehold.vault.decoding.warm import warm
from safehold.vault.decoding.wire import MAX_MESSAGE, READY, Setup

_DESCRIPTORS = 2  # of a worker: its control socket and its memory


def serve(orders: socket.socket) -> None:
    """Warm up, say so, then make one worker for each order until the parent closes its end."""
    setup = Setup.from_bytes(orders.recv(MAX_MESSAGE))
    kinds = kinds_of(setup.plugins)
    warm(kinds, setup.limits)
    # What is loaded now stays: left alone by the collector, its pages remain shared with every worker.
    gc.collect()
    gc.freeze()
    _give_back_what_warming_took()
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    orders.send(READY)
    while True:
        size, descriptors, _, _ = socket.recv_fds(orders, MAX_MESSAGE, _DESCRIPTORS)
        if not size:
            break
        with _held_back(signal.SIGCHLD):  # or its number might be free again before it is told
            _make_worker(orders, int(size), descriptors, setup, kinds)
    _reap(until_none_is_left=True)


def _give_back_what_warming_took() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
    if trim is not None:
        trim(0)


def _make_worker(
    orders: socket.socket,
    size: int,
    descriptors: list[int],
    setup: Setup,
    kinds: Kinds,
) -> None:
    pid = os.fork()
    if pid == 0:
        _become_worker(orders, size, descriptors, setup, kinds)
    handle = os.pidfd_open(pid)
    socket.send_fds(orders, [str(pid).encode()], [handle])
    for descriptor in (handle, *descriptors):
        os.close(descriptor)


def _become_worker(
    orders: socket.socket,
    size: int,
    descriptors: list[int],
    setup: Setup,
    kinds: Kinds,
) -> None:
    """Answer jobs to the end of this process; never returns."""
    try:
        orders.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control_fd, memory_fd = descriptors
        worker.run(control_fd, memory_fd, size, setup, kinds)
    finally:
        os._exit(0)


def _reap(*, until_none_is_left: bool = False) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0 if until_none_is_left else os.WNOHANG)[0]:
            pass


@contextlib.contextmanager
def _held_back(number: signal.Signals) -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def main(arguments: list[str]) -> None:
    """Take over the inherited socket and serve."""
    # Decoders warn about what they meet in the bytes; a warning's text could quote them.
    warnings.simplefilter("ignore")
    # The parent decides when to stop, also when somebody presses Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(arguments[0])) as orders:
        serve(orders)


if __name__ == "__main__":
    main(sys.argv[1:])
