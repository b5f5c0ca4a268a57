"""How much memory a bundle for hand-over takes in the reader and in the command, and how fast it is made.

Run it with `.venv/bin/python bench/bundles.py [FILES]`: so many files of 20 MB of noise, 10 and 40 without a
number. It starts an embedded database and a reader of its own in a temporary folder, which takes twice the
room of the files; nothing of an installation is touched.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from safehold.app import logs
from safehold.app.home import open_home
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import OPERATING, reading
from safehold.app.records import running as records_running
from safehold.model.hash_list import Purpose
from safehold.model.item import Context
from safehold.model.permissions import system_actor
from safehold.testing import running
from safehold.testing.commands import COMMAND
from safehold.testing.handing_over import Recipient, approves, asks, person, recipient
from safehold.testing.processes import environment_of
from safehold.testing.running import Installation

SIZE = 20_000_000
COUNTS = (10, 40)


def noise(number: int) -> bytes:
    """Return the bytes of one file, which nothing makes smaller."""
    return np.random.default_rng(number).bytes(SIZE)


def sealed(safehold: Installation, count: int) -> list[str]:
    """Have so many files matched and sealed, each in an item of its own, all in one case."""
    safehold.add_list("noise", seeds=(), purpose=Purpose.TEST)
    lines = (
        {"signal_type": "sha256", "value": hashlib.sha256(noise(each)).hexdigest()} for each in range(count)
    )
    safehold.load("noise", lines)
    items = []
    for each in range(count):
        context = Context(surface="rehearsal", account_id="account-1")
        answer = safehold.program.scanner.scan_bytes(noise(each), context, actor=system_actor("bench"))
        assert answer.item_id is not None
        items.append(str(answer.item_id))
    safehold.run_steps()
    return items


def peaks(process: subprocess.Popen[bytes], reader: int) -> tuple[float, float]:
    """Wait for the command, and return the largest memory of it and of the reader, in MB."""
    largest = {process.pid: 0.0, reader: 0.0}
    while process.poll() is None:
        for pid in largest:
            largest[pid] = max(largest[pid], *_peak(pid))
        time.sleep(0.02)
    assert process.returncode == 0
    return largest[process.pid], largest[reader]


def _peak(pid: int) -> Iterator[float]:
    yield 0.0
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return
    yield from (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def made(safehold: Installation, items: list[str], them: Recipient, reader: ReaderClient, out: Path) -> None:
    """Make a bundle by command and print what it took."""
    one = person(safehold)
    bundle = asks(safehold, one, *items, to=[them.public])
    approves(safehold, person(safehold), bundle)
    settings = safehold.program.settings
    sections = settings.model_dump(mode="json", include={"data_folder", "database", "surfaces"})
    pid = int(reader.status()["pid"])
    began = time.perf_counter()
    with subprocess.Popen(
        [*COMMAND, "evidence", "bundle", "make", str(bundle), "--out", str(out), "--as", one.name],
        env=environment_of({**sections, "reader": {"socket": str(reader.socket)}}),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(f"{one.password}\n".encode())
        process.stdin.close()
        command, opening = peaks(process, pid)
    seconds = time.perf_counter() - began
    rate = out.stat().st_size / 1e6 / seconds
    print(  # noqa: T201
        f"{len(items):4} files of 20 MB: {seconds:5.1f} s, {rate:4.0f} MB/s;"
        f" at most {opening:4.0f} MB in the reader, {command:4.0f} MB in the command"
    )
    out.unlink()


def measure(folder: Path, counts: tuple[int, ...]) -> None:
    """Seal the files once, and hand over as many of them as each count says."""
    settings = running.settings_of(folder / "data", None)
    running.set_up(settings)
    with running.installation(settings, surfaces=frozenset({"api", "console"})) as safehold:
        items = sealed(safehold, max(counts))
        home, them = open_home(settings), recipient(folder)
        for count in counts:
            # A reader for each: what a process has ever taken it keeps in its books.
            with (
                records_running(settings, home) as addresses,
                reading(settings, home, addresses, purposes=OPERATING) as reader,
            ):
                made(safehold, items[:count], them, reader, folder / "x.tar.age")


if __name__ == "__main__":
    logs.configure(json=False, quiet=True)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        measure(Path(folder), tuple(map(int, sys.argv[1:])) or COUNTS)
