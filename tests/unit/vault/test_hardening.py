"""Claims about closing a process's memory to others, each in a process of its own: it cannot be undone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json, os, resource, sys, threading
from safehold.vault.hardening import harden
limit = int(sys.argv[1])
if limit >= 0:
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
if sys.argv[2] == "nobody":
    os.setgid(65534)
    os.setuid(65534)
first, second = harden(), harden()
held = bytearray(b"x") * (150 << 20)
threads = [threading.Thread(target=bytes, args=(10 << 20,)) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "first": dict(first), "second": dict(second), "locked_kb": int(status["VmLck"].split()[0]),
    "core": resource.getrlimit(resource.RLIMIT_CORE), "owner": os.stat("/proc/self/environ").st_uid,
}))
"""


def hardened(limit: int, user: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(limit), user], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_no_core_is_dumped_and_nobody_of_the_same_user_may_look_in() -> None:
    found = hardened(-1, "self")
    assert found["core"] == [0, 0]
    # What must not be dumped belongs to root in /proc, whoever runs it.
    assert found["owner"] == 0
    assert found["first"] == found["second"]
    assert {found["first"]["core_dumps_off"], found["first"]["not_dumpable"]} == {True}  # type: ignore[index]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may lock what it likes")
def test_root_locks_the_memory_of_a_process_as_large_as_a_reader() -> None:
    found = hardened(-1, "self")
    assert found["first"]["memory_locked"] is True  # type: ignore[index]
    assert int(str(found["locked_kb"])) > 150 << 10


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("limit", [0, 64 << 10, 8 << 20])
def test_a_user_who_may_lock_little_starts_all_the_same_and_is_told(limit: int) -> None:
    found = hardened(limit, "nobody")
    assert found["first"] == {"core_dumps_off": True, "not_dumpable": True, "memory_locked": False}
    assert found["locked_kb"] == 0
