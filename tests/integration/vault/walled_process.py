"""Run as a program: tries to escape in every way we know from behind the walls, and prints what came of it.

`python -P -s walled_process.py FOLDER LAYER,…` leaves those layers out. Started by exec like the real
template; each attempt is made by a copy of its own, since some end it. Prints one JSON object: for each
attempt "got out", the name of an error, or the name of the signal that ended it.
"""

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from safehold.vault.decoding.confine import confine
from safehold.vault.decoding.limits import MEBIBYTE

GOT_OUT = "got out"
MEMORY = 256 * MEBIBYTE
AT_CWD = -100

NUMBERS = {
    # name: x86-64, arm64
    "openat2": (437, 437),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "fsopen": (430, 430),
    "open_tree": (428, 428),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "personality": (135, 92),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "splice": (275, 76),
    "vmsplice": (278, 75),
    "sendfile": (40, 71),
    "pkey_mprotect": (329, 288),
    "remap_file_pages": (216, 234),
    "fanotify_init": (300, 262),
    "inotify_init1": (294, 26),
    "eventfd2": (290, 19),
    "epoll_create1": (291, 20),
    "timerfd_create": (283, 85),
    "signalfd4": (289, 74),
    "socketpair": (53, 199),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "capset": (126, 91),
    "setuid": (105, 146),
    "chroot": (161, 51),
    "adjtimex": (159, 171),
    "syslog": (103, 116),
    "acct": (163, 89),
    "seccomp": (317, 277),
    "process_madvise": (440, 440),
    "clone3": (435, 435),
}
COLUMN = 0 if platform.machine() == "x86_64" else 1
libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    ctypes.set_errno(0)
    result = int(libc.syscall(NUMBERS[name][COLUMN], *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


class Surroundings:
    """What an attempt finds: files and sockets that were opened before the walls went up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.readable = folder / "readable"
        self.readable.write_bytes(b"a quiet lake")
        self.file = (folder / "inherited").open("w+b", buffering=0)
        self.control, self.parent = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.other, self.listener = socket.socketpair()
        self.tcp = socket.socket()
        self.server = socket.create_server(("127.0.0.1", 0))


def run_code(_: Surroundings) -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def make_code_runnable(_: Surroundings) -> None:
    memory = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    if libc.mprotect(ctypes.c_void_p(address), 4096, mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "mprotect")


def fork_child(_: Surroundings) -> None:
    if os.fork() == 0:
        os._exit(0)


def vfork_child(_: Surroundings) -> None:
    os.posix_spawn("/bin/true", ["true"], {})


def new_program(_: Surroundings) -> None:
    os.execv("/bin/true", ["true"])


def pass_a_descriptor(at: Surroundings) -> None:
    socket.send_fds(at.control, [b"here"], [1])


def much_memory(_: Surroundings) -> None:
    libc.malloc.restype = ctypes.c_void_p
    if not libc.malloc(ctypes.c_size_t(4 << 30)):
        raise OSError(errno.ENOMEM, "4 GB")


HARMLESS: dict[str, Callable[[Surroundings], object]] = {
    "open a file": lambda at: at.readable.open("rb").close(),
    "open by the newest call": lambda at: os.close(
        call("openat2", AT_CWD, bytes(at.readable), ctypes.create_string_buffer(24), 24)
    ),
    "make a file": lambda at: (at.folder / "made").write_bytes(b""),
    "write to an inherited file": lambda at: os.write(at.file.fileno(), b"x"),
    "read an inherited file": lambda at: os.read(at.file.fileno(), 1),
    "map an inherited file": lambda at: mmap.mmap(at.file.fileno(), 4096),
    "lengthen an inherited file": lambda at: os.ftruncate(at.file.fileno(), 4096),
    "ask whether a file exists": lambda at: at.readable.stat(),
    "list a folder": lambda at: list(at.folder.iterdir()),
    "make a link": lambda at: (at.folder / "link").symlink_to(at.readable),
    "make a second name": lambda at: os.link(at.readable, at.folder / "second"),
    "make a folder": lambda at: (at.folder / "folder").mkdir(),
    "rename a file": lambda at: at.readable.rename(at.folder / "renamed"),
    "delete a file": lambda at: at.readable.unlink(),
    "read /proc": lambda _: Path("/proc/self/maps").read_bytes(),
    "read its environment": lambda _: Path("/proc/self/cmdline").read_bytes(),
    "make a socket": lambda _: socket.socket().close(),
    "connect an inherited socket": lambda at: at.tcp.connect(at.server.getsockname()),
    "listen on an inherited socket": lambda at: at.tcp.listen(),
    "send on an inherited socket": lambda at: at.other.send(b"x"),
    "pass a descriptor to the parent": pass_a_descriptor,
    "copy a descriptor": lambda _: os.dup(1),
    "make a pipe": lambda _: os.pipe(),
    "fork": fork_child,
    "vfork": vfork_child,
    "run a program": new_program,
    "see a parent": lambda _: os.getppid(),
    "signal its parent": lambda _: os.kill(os.getppid(), 0),
    "make memory that runs": run_code,
    "make memory runnable": make_code_runnable,
    "hide a file in memory": lambda _: call("memfd_create", b"hidden", 0),
    "look at its limits": lambda _: resource.getrlimit(resource.RLIMIT_CORE),
    "take 4 GB": much_memory,
    "be debugged": lambda _: call("ptrace", 0, 0, 0, 0),
}
"""Attempts that do no harm where nothing holds them back: there they must succeed."""

RESULTS = [GOT_OUT, *errno.errorcode.values()]


def attempts(*, harmless_only: bool) -> dict[str, Callable[[Surroundings], object]]:
    if harmless_only:
        return HARMLESS
    by_number = {name: lambda _, name=name: call(name, 0, 0, 0, 0, 0, 0) for name in NUMBERS}
    return {**HARMLESS, **by_number}


def outcome(attempt: Callable[[Surroundings], object], folder: Path, without: list[str]) -> str:
    """Make a copy of this process that confines itself and tries; say what came of it."""
    folder.mkdir()
    pid = os.fork()
    if pid == 0:
        at = Surroundings(folder)
        confine(MEMORY, at.control.fileno(), without=without)
        said = GOT_OUT  # so it stays when something is raised that we did not think of
        try:
            attempt(at)
        except OSError as error:
            said = errno.errorcode[error.errno or 0]
        finally:
            os._exit(RESULTS.index(said))
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return RESULTS[os.WEXITSTATUS(status)]


def main() -> None:
    base, without = Path(sys.argv[1]), [layer for layer in sys.argv[2].split(",") if layer]
    tried = attempts(harmless_only="seccomp" in without)
    outcomes = {
        name: outcome(attempt, base / str(number), without)
        for number, (name, attempt) in enumerate(tried.items())
    }
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main()
