"""Landlock: the kernel forgets every path, port and neighbour for this process. Nothing is granted back."""

from __future__ import annotations

import ctypes
import os
import struct

from safehold.vault.decoding.syscalls import LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF

_TELL_VERSION = 1
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights over files there are, from which version of the interface on; each is one bit."""
_NETWORK = (4, 0b11)  # from version 4: binding and connecting TCP
_SCOPED = (6, 0b11)  # from version 6: abstract sockets of, and signals to, others


def restrict() -> int:
    """Take every right that this kernel's Landlock knows from the calling thread, for good.

    Needs no_new_privs, or root. Returns the version of the interface, 0 where there is none or it refuses.
    Threads that run already are not bound: call it while there is one.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = int(libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, _TELL_VERSION))
    if version < 1:
        return 0
    handled = ruleset(version)
    fd = int(libc.syscall(LANDLOCK_CREATE_RULESET, handled, len(handled), 0))
    if fd < 0:
        return 0
    try:
        return version if libc.syscall(LANDLOCK_RESTRICT_SELF, fd, 0) == 0 else 0
    finally:
        os.close(fd)


def ruleset(version: int) -> bytes:
    """Return the description of everything that this version can take away, in the length that it knows."""
    rights = max(count for since, count in _FILE_RIGHTS.items() if since <= version)
    words = [(1 << rights) - 1]
    words += [bits for since, bits in (_NETWORK, _SCOPED) if since <= version]
    return struct.pack(f"{len(words)}Q", *words)
