"""Claims about the filter, run here as the kernel would run it, for machines that we do not have too."""

import errno
import platform
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from safehold.vault.decoding import seccomp, syscalls
from safehold.vault.decoding.syscalls import ARCHITECTURES, TABLE, Verdict

KILLED, ALLOWED = "killed", "allowed"
CONTROL = 7
HEADERS = {
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")),
    "aarch64": (Path("/usr/include/asm-generic/unistd.h"),),
}
GENERIC_NAMES = {"newfstatat": "fstatat"}
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def answer(architecture: str, number: int, *arguments: int, arch: int | None = None) -> str:
    """Run the filter on one call and return what the kernel would do."""
    code = seccomp.program(architecture, CONTROL)
    padded = [*arguments, *[0] * (6 - len(arguments))]
    arch = ARCHITECTURES[architecture] if arch is None else arch
    data = struct.pack("<IIQ6Q", number, arch, 0, *padded)
    steps = [struct.unpack_from("HBBI", code, at) for at in range(0, len(code), 8)]
    at = value = 0
    while True:
        operation, if_true, if_false, operand = steps[at]
        at += 1
        if operation == 0x20:
            value = struct.unpack_from("<I", data, operand)[0]
        elif operation == 0x06:
            return _named(operand)
        else:
            holds = {0x15: value == operand, 0x35: value >= operand, 0x25: value > operand}
            holds[0x45] = bool(value & operand)
            at += if_true if holds[operation] else if_false


def _named(result: int) -> str:
    if result >> 16 == 0x0005:
        return errno.errorcode[result & 0xFFFF]
    return {0x80000000: KILLED, 0x7FFF0000: ALLOWED}[result]


def number_of(name: str, architecture: str) -> int:
    return next(getattr(call, architecture) for call in TABLE if call.name == name)


@every_architecture
def test_every_call_that_is_not_in_the_table_ends_the_worker(architecture: str) -> None:
    listed = {number for number, _ in syscalls.rows(architecture)}
    for number in [*range(1_200), 0x3FFFFFFF, 0x40000000, 0x40000001, 0xFFFFFFFF]:
        came = answer(architecture, number, seccomp.IMPOSSIBLE_CLONE)
        assert (came == KILLED) == (number not in listed), number


@every_architecture
def test_calls_of_another_architecture_end_the_worker_whatever_their_number(architecture: str) -> None:
    other = next(value for name, value in ARCHITECTURES.items() if name != architecture)
    for arch in (other, 0x40000003, 0):  # the second is 32-bit x86, which 64-bit programs can call
        for number in range(500):
            assert answer(architecture, number, arch=arch) == KILLED


@every_architecture
def test_each_row_is_answered_as_the_table_says(architecture: str) -> None:
    plain = {Verdict.ALLOW: ALLOWED, Verdict.REFUSE: "EPERM", Verdict.ABSENT: "ENOSYS"}
    for number, verdict in syscalls.rows(architecture):
        if verdict in plain:
            assert answer(architecture, number) == plain[verdict]


@every_architecture
def test_only_the_socket_to_the_parent_can_be_spoken_on(architecture: str) -> None:
    for name in ("recvfrom", "sendto"):
        number = number_of(name, architecture)
        assert answer(architecture, number, CONTROL) == ALLOWED
        for fd in (0, 1, CONTROL - 1, CONTROL + 1, 0xFFFFFFFF):
            assert answer(architecture, number, fd) == "EPERM"
    write = number_of("write", architecture)
    assert [answer(architecture, write, fd) for fd in (0, 2, 3, CONTROL)] == [ALLOWED] * 2 + ["EPERM"] * 2


@every_architecture
def test_processors_are_counted_for_the_worker_alone_so_that_no_other_process_can_be_found(
    architecture: str,
) -> None:
    number = number_of("sched_getaffinity", architecture)
    assert answer(architecture, number, 0) == ALLOWED
    for pid in (1, 2, 4_194_304, 0xFFFFFFFF):
        assert answer(architecture, number, pid) == "EPERM"


@every_architecture
def test_memory_can_neither_run_nor_show_a_file(architecture: str) -> None:
    mmap, mprotect = number_of("mmap", architecture), number_of("mprotect", architecture)
    private, anonymous = 0x02, 0x20
    assert answer(architecture, mmap, 0, 4096, 3, private | anonymous) == ALLOWED
    assert answer(architecture, mprotect, 0, 4096, 3) == ALLOWED
    for protection in (4, 5, 6, 7, 0x1000004):
        assert answer(architecture, mmap, 0, 4096, protection, private | anonymous) == "EPERM"
        assert answer(architecture, mprotect, 0, 4096, protection) == "EPERM"
    for sharing in (1, private):
        assert answer(architecture, mmap, 0, 4096, 1, sharing, 3) == "EPERM"


@every_architecture
def test_a_thread_may_begin_and_no_process_or_namespace(architecture: str) -> None:
    clone = number_of("clone", architecture)
    thread = 0x3D0F00
    assert answer(architecture, clone, thread) == ALLOWED
    assert answer(architecture, clone, seccomp.IMPOSSIBLE_CLONE) == "EPERM"
    for flags in (0, 17, 0x4111, 0x10000, thread | 0x10000000, thread | 0x20000, thread ^ 0x10000):
        assert answer(architecture, clone, flags) == KILLED


def test_a_name_stands_once_and_each_row_has_its_reason() -> None:
    names = [call.name for call in TABLE]
    assert len(names) == len(set(names))
    assert all(call.why for call in TABLE)


@every_architecture
def test_the_numbers_are_those_of_the_kernels_headers(architecture: str) -> None:
    header = next((path for path in HEADERS[architecture] if path.is_file()), None)
    if header is None:
        assert platform.machine() != architecture or architecture == "x86_64", "the compiler brings them"
        pytest.skip("the header of another architecture is not on this machine")
    told = dict(_numbers(header.read_text()))
    for call in TABLE:
        name = GENERIC_NAMES.get(call.name, call.name) if architecture == "aarch64" else call.name
        assert told.get(name) == getattr(call, architecture), call.name


def _numbers(header: str) -> Iterator[tuple[str, int]]:
    for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", header):
        yield name, int(number)
