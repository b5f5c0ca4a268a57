"""Which segments somebody has read whole since this machine was started, so that the next need not.

A note beside a segment says in which run of the machine it was read, and what the file looked like: where it
lies, its length, and when it was last changed, to the nanosecond, which nobody can set back. Any write to the
file makes the note void; so does a restart, after which what is in the memory was read from the disk anew.
Whoever goes by the note knows as much as a process that read the file itself and then kept it mapped.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NOTE = ".checked"
"""What the name of a note ends with, after that of its segment."""

_RUN = Path("/proc/sys/kernel/random/boot_id")


def is_on_record(path: Path, looks: str) -> bool:
    """Say whether this file was read whole in this run of the machine, when it looked the same."""
    try:
        return looks != "" and _note(path).read_text() == looks
    except (OSError, UnicodeDecodeError):
        return False


def put_on_record(path: Path, looks: str) -> None:
    """Note that this file was read whole. looks: from before it was read.

    Where no note can be written, the next process reads the file too.
    """
    if looks:
        partial = path.with_name(f"{path.name}{NOTE}.{os.getpid()}.partial")
        with suppress(OSError):
            partial.write_text(looks)
            partial.rename(_note(path))


def looks_of(handle: int) -> str:
    """Return what an open file looks like now; nothing where runs of the machine cannot be told apart."""
    try:
        run = _RUN.read_text().strip()
    except OSError:
        return ""
    seen = os.fstat(handle)
    return f"{run} {seen.st_dev} {seen.st_ino} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}\n"


def _note(path: Path) -> Path:
    return path.with_name(path.name + NOTE)
