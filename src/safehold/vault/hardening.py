"""Keeping the memory of a process that holds secrets out of core dumps, debuggers and swap."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
from collections.abc import Mapping

import structlog

CORE_DUMPS_OFF, NOT_DUMPABLE, MEMORY_LOCKED = "core_dumps_off", "not_dumpable", "memory_locked"

_PR_SET_DUMPABLE = 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_MAP_PRIVATE, _MAP_ANONYMOUS, _MAP_NORESERVE = 0x02, 0x20, 0x4000
_MAP_FAILED = ctypes.c_void_p(-1).value
_log = structlog.get_logger()


def harden() -> Mapping[str, bool]:
    """Close this process's memory to others, as far as the system lets us; say which of the walls stand.

    Keys: core_dumps_off, not_dumpable (no other process of the same user can attach or read its memory),
    memory_locked (nothing of it is ever written to swap). It never raises: a wall that cannot be built is
    False, and the log says why. Children that are forked inherit the first only. Calling it twice is fine.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        CORE_DUMPS_OFF: _no_core_dumps(),
        NOT_DUMPABLE: _reported(NOT_DUMPABLE, libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)),
        MEMORY_LOCKED: _lock_memory(libc),
    }


def _no_core_dumps() -> bool:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return False
    return True


def _lock_memory(libc: ctypes.CDLL) -> bool:
    limit, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != most:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
        limit = most
    # A page is locked when it is first touched: the reserved but unused part of the address space, most
    # of it where threads and large libraries are, costs no memory.
    if not _reported(MEMORY_LOCKED, libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)):
        return False
    if limit == resource.RLIM_INFINITY or _can_map(libc, limit + mmap.PAGESIZE):
        return True
    # Under a limit that holds for us, a later allocation would fail instead of being left unlocked.
    libc.munlockall()
    _log.warning("hardening_incomplete", wall=MEMORY_LOCKED, reason="RLIMIT_MEMLOCK", limit_bytes=limit)
    return False


def _can_map(libc: ctypes.CDLL, size: int) -> bool:
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    place = libc.mmap(None, size, mmap.PROT_READ, _MAP_PRIVATE | _MAP_ANONYMOUS | _MAP_NORESERVE, -1, 0)
    if place == _MAP_FAILED:
        return False
    libc.munmap(place, size)
    return True


def _reported(wall: str, result: int) -> bool:
    if result == 0:
        return True
    _log.warning("hardening_incomplete", wall=wall, reason=os.strerror(ctypes.get_errno()))
    return False
