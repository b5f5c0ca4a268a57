"""The worker gives up what decoding does not need: called once, after warming up, before the first job."""

from __future__ import annotations

import ctypes
import resource
from pathlib import Path

_PR_SET_NO_NEW_PRIVS = 38
_DESCRIPTORS = 16


def confine(memory_bytes: int) -> dict[str, bool]:
    """Limit memory, files and privileges of this process for good. Returns which layers hold.

    memory_bytes: address space allowed on top of what is mapped now. Raises OSError when a limit cannot
    be set: a worker that is not confined must not start.
    """
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: mapped + memory_bytes,
        resource.RLIMIT_CORE: 0,  # a core file would be media on disk
        resource.RLIMIT_FSIZE: 0,  # nothing can be written to any file; shared memory is mapped
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
    }
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    return {"rlimits": True, "no_new_privs": _no_new_privs()}


def _no_new_privs() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    return True
