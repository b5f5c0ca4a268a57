"""Seccomp: a filter that the kernel asks about every system call from now on, compiled from the table.

The filter is a small program for the kernel's packet-filter machine: it loads a word of the call's
description and jumps. Lay-out of that description: the call's number at 0, the architecture at 4, arguments
of eight bytes each from 16 on (both architectures here are little-endian: the low word comes first).
"""

from __future__ import annotations

import ctypes
import errno
import struct

from safehold.vault.decoding import syscalls
from safehold.vault.decoding.syscalls import Verdict

_LOAD, _EQUAL, _AT_LEAST, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_OTHER_ABI = 0x40000000  # from here on, x86-64 has a second set of numbers for the same calls
_PROT_EXEC = 0x4
_MAP_ANONYMOUS = 0x20
_THREAD = 0x003D0F00
"""The flags with which the C library makes a thread: all is shared, nothing is its own but the stack."""

IMPOSSIBLE_CLONE = 0x00000800
"""Flags with which no kernel makes anything (shared handlers without shared memory): safe to try."""

_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_LAST_STREAM = 2


def program(architecture: str, control_fd: int) -> bytes:
    """Return the filter for one of syscalls.ARCHITECTURES; `control_fd` is the socket to the parent."""
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, syscalls.ARCHITECTURES[architecture], 1, 0),
        _step(_RETURN, _KILL_PROCESS),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _OTHER_ABI, 0, 1),
        _step(_RETURN, _KILL_PROCESS),
    ]
    for number, verdict in syscalls.rows(architecture):
        answer = _answer(verdict, control_fd)
        steps += [_step(_EQUAL, number, 0, len(answer)), *answer]
    return b"".join([*steps, _step(_RETURN, _KILL_PROCESS)])


def install(control_fd: int) -> bool:
    """Put the filter on every thread of this process, for good.

    Needs no_new_privs, or root. Returns False on an architecture without a table, and where the kernel
    refuses; whether the filter holds is for an attempt to say.
    """
    architecture = syscalls.architecture()
    if architecture is None:
        return False
    code = program(architecture, control_fd)
    kept = ctypes.create_string_buffer(code)
    described = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(kept))
    libc = ctypes.CDLL(None, use_errno=True)
    number = syscalls.SECCOMP[architecture]
    return bool(libc.syscall(number, _SET_MODE_FILTER, _ALL_THREADS, described) == 0)


def _answer(verdict: Verdict, control_fd: int) -> list[bytes]:
    """The steps that follow when the number is the one asked about; each way through them returns."""
    refused = _step(_RETURN, _ERRNO | errno.EPERM)
    allowed = _step(_RETURN, _ALLOW)
    answers = {
        Verdict.ALLOW: [allowed],
        Verdict.REFUSE: [refused],
        Verdict.ABSENT: [_step(_RETURN, _ERRNO | errno.ENOSYS)],
        Verdict.ON_CONTROL: [_argument(0), _step(_EQUAL, control_fd, 0, 1), allowed, refused],
        Verdict.ON_STREAMS: [_argument(0), _step(_ABOVE, _LAST_STREAM, 1, 0), allowed, refused],
        Verdict.ON_ITSELF: [_argument(0), _step(_EQUAL, 0, 0, 1), allowed, refused],
        Verdict.PLAIN_MEMORY: [
            _argument(3),
            _step(_ANY_BIT, _MAP_ANONYMOUS, 0, 3),
            _argument(2),
            _step(_ANY_BIT, _PROT_EXEC, 1, 0),
            allowed,
            refused,
        ],
        Verdict.NOT_EXECUTABLE: [_argument(2), _step(_ANY_BIT, _PROT_EXEC, 1, 0), allowed, refused],
        Verdict.THREAD_ONLY: [
            _argument(0),
            _step(_EQUAL, IMPOSSIBLE_CLONE, 0, 1),
            refused,  # the worker's own attempt
            _step(_EQUAL, _THREAD, 0, 1),
            allowed,
            _step(_RETURN, _KILL_PROCESS),
        ],
    }
    return answers[verdict]


def _argument(index: int) -> bytes:
    return _step(_LOAD, _ARGUMENTS + 8 * index)


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, operand)
