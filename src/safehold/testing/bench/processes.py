"""Which processes belong to one, and how much memory each takes, with shared pages shared out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MEGABYTE = 1_000_000


def tree(root: int) -> list[int]:
    """Return the process and all that it started, directly or not, in the order of their numbers."""
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            waiting += [int(child) for child in task.read_text().split()]
    return sorted(found)


def proportional(pid: int) -> float:
    """Return the proportional set size of a process in megabytes. Needs the right to look: be root."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    return 0.0


def named(pid: int) -> str:
    """Return a short name of what a process runs."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    if "-m" in words:
        return words[words.index("-m") + 1]
    return " ".join(Path(word).name for word in words[:2] if word) or "?"


def processor_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that these processes took so far, with that of their children that ended."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):  # it ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
