"""The worker tries each wall from inside: a wall holds when the attempt fails in the way that only it causes.

Order matters. Seccomp answers before Landlock is asked, so Landlock is tried before seccomp is on; where
both refuse, their error numbers tell them apart (EACCES and EPERM).
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
from collections.abc import Callable
from pathlib import Path

from safehold.vault.decoding import syscalls
from safehold.vault.decoding.seccomp import IMPOSSIBLE_CLONE

NETWORK_SINCE = 4
"""The version of Landlock that knows about the network."""

_PR_GET_DUMPABLE, _PR_GET_NO_NEW_PRIVS = 3, 39
_OPEN_TO_ALL = "/proc/self/status"


def memory_is_limited(beyond: int) -> bool:
    """Ask for more address space than is allowed. It is only reserved, and given back."""
    return _refused(lambda: mmap.mmap(-1, beyond, prot=mmap.PROT_READ).close(), errno.ENOMEM)


def files_cannot_grow() -> bool:
    """Write one byte to a new file that exists in memory alone."""
    fd = os.memfd_create("attempt", os.MFD_CLOEXEC)
    try:
        return _refused(lambda: os.pwrite(fd, b"\0", 0), errno.EFBIG)
    finally:
        os.close(fd)


def nothing_can_be_opened() -> bool:
    """Ask for two more descriptors."""
    return _refused(_open_pipe, errno.EMFILE)


def privileges_are_gone() -> bool:
    """Look whether the kernel will give none and keep debuggers off, and try to use one."""
    libc = ctypes.CDLL(None, use_errno=True)
    settled = libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 and libc.prctl(_PR_GET_DUMPABLE) == 0
    return settled and _refused(lambda: os.chroot("/"), errno.EPERM)


def can_tell_landlock() -> bool:
    """Whether landlock_holds() will prove anything: a file can be read now, and there is one thread.

    Landlock binds no thread that runs already.
    """
    alone = len(list(Path("/proc/self/task").iterdir())) == 1
    return alone and not _refused(_open_file, errno.EACCES)


def landlock_holds(version: int) -> bool:
    """Try to read a file, to list a folder, and to bind a port of loopback."""
    tries = [_open_file, _list_folder]
    if version >= NETWORK_SINCE:
        tries.append(_bind_port)
    return all(_refused(attempt, errno.EACCES) for attempt in tries)


def seccomp_holds() -> bool:
    """Try to open a file and a socket, to make memory that can be run, and to make a process.

    The last with flags with which no kernel makes one, so that nothing happens where the filter is absent.
    """
    tries = [_open_file, lambda: socket.socket().close(), _executable_memory, _make_process]
    return all(_refused(attempt, errno.EPERM) for attempt in tries)


def _open_pipe() -> None:
    for end in os.pipe():
        os.close(end)


def _open_file() -> None:
    os.close(os.open(_OPEN_TO_ALL, os.O_RDONLY | os.O_CLOEXEC))


def _list_folder() -> None:
    list(Path("/").iterdir())


def _bind_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        attempt.bind(("127.0.0.1", 0))


def _executable_memory() -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def _make_process() -> None:
    number = syscalls.CLONE[syscalls.architecture() or "x86_64"]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(number, IMPOSSIBLE_CLONE, 0, 0, 0, 0)
    raise OSError(ctypes.get_errno(), "no process was made")


def _refused(attempt: Callable[[], object], number: int) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno == number
    return False
