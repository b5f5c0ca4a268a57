"""The system calls that a worker may still make, with a reason for each; whatever is not here ends it.

Numbers are those of the kernel's public headers. A call that an architecture does not have is None there.
"""

from __future__ import annotations

import platform
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What the filter answers."""

    ALLOW = "allow"
    ON_CONTROL = "on_control"  # only on the socket to the parent
    ON_STREAMS = "on_streams"  # only on the standard streams, which lead nowhere
    ON_ITSELF = "on_itself"  # only about the thread that asks; else it would tell which processes exist
    PLAIN_MEMORY = "plain_memory"  # only memory of no file, and never to be run
    NOT_EXECUTABLE = "not_executable"  # unless it asks for memory that can be run
    THREAD_ONLY = "thread_only"  # a thread within the same walls; a process ends the worker
    ABSENT = "absent"  # as if the kernel did not know it: the caller then takes the older way
    REFUSE = "refuse"  # "not permitted": libraries try these and go on without


class Call(NamedTuple):
    """One row: its name, its number on each architecture, the verdict, and why."""

    name: str
    x86_64: int | None
    aarch64: int | None
    verdict: Verdict
    why: str


_A, _R = Verdict.ALLOW, Verdict.REFUSE

TABLE: tuple[Call, ...] = (
    # The socket to the parent, the only way in and out besides the shared memory.
    Call("recvfrom", 45, 207, Verdict.ON_CONTROL, "jobs come in"),
    Call("sendto", 44, 206, Verdict.ON_CONTROL, "answers go out"),
    Call("write", 1, 64, Verdict.ON_STREAMS, "codecs complain on standard error, which leads nowhere"),
    Call("close", 3, 57, _A, "gives something up"),
    # Memory, never to be run.
    Call("mmap", 9, 222, Verdict.PLAIN_MEMORY, "memory for pictures"),
    Call("mprotect", 10, 226, Verdict.NOT_EXECUTABLE, "the allocator grows its arenas"),
    Call("munmap", 11, 215, _A, "gives memory back"),
    Call("mremap", 25, 216, _A, "large buffers grow"),
    Call("madvise", 28, 233, _A, "the allocator gives pages back"),
    Call("brk", 12, 214, _A, "the heap grows"),
    # Locks and time, within this process.
    Call("futex", 202, 98, _A, "the interpreter's locks"),
    Call("sched_yield", 24, 124, _A, "codecs spin politely"),
    Call("clock_gettime", 228, 113, _A, "the job's deadline, where the quick way is not there"),
    Call("clock_nanosleep", 230, 115, _A, "waiting a moment"),
    Call("gettimeofday", 96, 169, _A, "as clock_gettime"),
    Call("getrusage", 98, 165, _A, "time used by this process"),
    Call("setitimer", 38, 103, _A, "the worker's own alarm, should its parent die"),
    # Signals within this process; none can be sent.
    Call("rt_sigaction", 13, 134, _A, "handlers are set and restored"),
    Call("rt_sigprocmask", 14, 135, _A, "signals are held back for a moment"),
    Call("rt_sigreturn", 15, 139, _A, "return from a handler"),
    Call("sigaltstack", 131, 132, _A, "the interpreter ends"),
    Call("restart_syscall", 219, 128, _A, "the kernel resumes an interrupted call"),
    # Harmless questions about this process.
    Call("getpid", 39, 172, _A, "libraries look whether they were forked"),
    Call("gettid", 186, 178, _A, "locks that know their owner"),
    Call("sched_getaffinity", 204, 123, Verdict.ON_ITSELF, "codecs count processors first"),
    Call("getrandom", 318, 278, _A, "seeds of hash tables"),
    Call("rseq", 334, 293, _A, "the C library's bookkeeping"),
    Call("set_robust_list", 273, 99, _A, "the C library's bookkeeping"),
    # The end.
    Call("exit", 60, 93, _A, "a way to end"),
    Call("exit_group", 231, 94, _A, "a way to end"),
    # Making threads and processes.
    Call("clone", 56, 220, Verdict.THREAD_ONLY, "the HEIC decoder has one thread of its own"),
    Call("clone3", 435, 435, Verdict.ABSENT, "its flags lie in memory, where no filter can read them"),
    # What libraries try and can do without.
    Call("open", 2, None, _R, "files: everything was loaded before"),
    Call("openat", 257, 56, _R, "as open"),
    Call("stat", 4, None, _R, "whether a file exists is nobody's business here"),
    Call("lstat", 6, None, _R, "as stat"),
    Call("fstat", 5, 80, _R, "as stat"),
    Call("newfstatat", 262, 79, _R, "as stat"),
    Call("statx", 332, 291, _R, "as stat"),
    Call("access", 21, None, _R, "as stat"),
    Call("faccessat", 269, 48, _R, "as stat"),
    Call("faccessat2", 439, 439, _R, "as stat"),
    Call("readlink", 89, None, _R, "as stat"),
    Call("readlinkat", 267, 78, _R, "as stat"),
    Call("getcwd", 79, 17, _R, "as stat"),
    Call("getdents64", 217, 61, _R, "listing folders"),
    Call("socket", 41, 198, _R, "no network"),
    Call("read", 0, 63, _R, "nothing is open that could be read"),
    Call("lseek", 8, 62, _R, "as read"),
    Call("fcntl", 72, 25, _R, "changing or copying descriptors"),
    Call("dup", 32, 23, _R, "as fcntl"),
    Call("ioctl", 16, 29, _R, "asking whether a stream is a terminal"),
    Call("poll", 7, None, _R, "waiting is done in recvfrom"),
    Call("ppoll", 271, 73, _R, "as poll"),
    Call("prlimit64", 302, 261, _R, "limits stay as they are"),
    Call("sysinfo", 99, 179, _R, "how large the machine is"),
    Call("uname", 63, 160, _R, "what the machine is called"),
    Call("prctl", 157, 167, _R, "naming threads"),
    Call("sched_setaffinity", 203, 122, _R, "choosing processors"),
)

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The architectures with a column in the table, by the kernel's number for each."""

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_RESTRICT_SELF = 446
SECCOMP = {"x86_64": 317, "aarch64": 277}
CLONE = {call.name: {"x86_64": call.x86_64, "aarch64": call.aarch64} for call in TABLE}["clone"]


def rows(architecture: str) -> list[tuple[int, Verdict]]:
    """Return (number, verdict) of every call that this architecture has, in the table's order."""
    numbers = [(getattr(call, architecture), call.verdict) for call in TABLE]
    return [(number, verdict) for number, verdict in numbers if number is not None]


def architecture() -> str | None:
    """Return this machine's column of the table, None where it has none."""
    machine = platform.machine()
    return machine if machine in ARCHITECTURES else None
