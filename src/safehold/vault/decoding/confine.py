"""The worker gives up what decoding does not need: called once, after warming up, before the first job.

The order is part of the wall. Limits and privileges first, since Landlock and seccomp ask for
no_new_privs; Landlock next, since seccomp would forbid to put it on; seccomp last, since it forbids nearly
everything that the steps before it do. Each layer is tried before the next hides it.
"""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Collection
from pathlib import Path

from safehold.vault.decoding import attempts, landlock, seccomp
from safehold.vault.decoding.confinement import Confinement
from safehold.vault.decoding.limits import MEBIBYTE

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_CAPABILITIES_V3 = 0x20080522
_SLACK = 64 * MEBIBYTE  # what was mapped may have been given back since it was counted


def confine(memory_bytes: int, control_fd: int, *, without: Collection[str] = ()) -> Confinement:
    """Put every layer on this process for good, and return which of them hold.

    memory_bytes: address space allowed on top of what is mapped now. control_fd: the socket to the parent,
    the only descriptor that may still be used. without: layers to leave out, for measurements and tests.
    Raises nothing for a layer that this kernel does not have: the answer says so.
    """
    limited = "rlimits" not in without and _limit(memory_bytes)
    dropped = "no_new_privs" not in without and _drop_privileges()
    version = 0 if "landlock" in without or not attempts.can_tell_landlock() else landlock.restrict()
    held = version if version and attempts.landlock_holds(version) else 0
    if limited:
        limited = _close_the_door()
    filtered = "seccomp" not in without and seccomp.install(control_fd) and attempts.seccomp_holds()
    return Confinement(rlimits=limited, no_new_privs=dropped, landlock=held, seccomp=filtered)


def _limit(memory_bytes: int) -> bool:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: mapped + memory_bytes,
        resource.RLIMIT_CORE: 0,  # a core file would be media on disk
        resource.RLIMIT_FSIZE: 0,  # nothing can be written to any file; shared memory is mapped
    }
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    return attempts.memory_is_limited(memory_bytes + _SLACK) and attempts.files_cannot_grow()


def _close_the_door() -> bool:
    # Those that are open go on working; a new one would need a number below this.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    return attempts.nothing_can_be_opened()


def _drop_privileges() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # A root without capabilities: effective, permitted and inheritable, each in two words of 32 bits.
    nobody, none = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0), (ctypes.c_uint32 * 6)()
    libc.capset(nobody, none)
    return attempts.privileges_are_gone()
