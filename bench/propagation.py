"""How long after its commit an entry is matched by each of four processes, while all of them answer.

Usage: propagation.py [ENTRIES [SECONDS]]; a million entries and twenty seconds unless told. A writer commits
a hundred entries a second, as near as it can, each by itself, to an embedded PostgreSQL; the processes share
one index folder. Run by `make bench`. Much of what is measured is how busy the machine is: the load average
stands beside the figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from safehold.app.plugins import signal_types
from safehold.detect.following import ListFollower
from safehold.detect.host_indexes import HostIndexes
from safehold.detect.known import KnownLists
from safehold.model.hash_list import Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.signal import PDQ, Signal
from safehold.storage import hash_lists as list_rows
from safehold.storage import migrate
from safehold.storage.database import Database
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer

PROCESSES, EACH_SECOND, BATCH = 4, 100, 200_000
PAUSE = 0.002
"""Seconds between two searches of a process, which shares its core with others."""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def new_value(number: int) -> bytes:
    """Return the digest of the entry with this number among those that are added while all answer."""
    return np.random.default_rng((7, number)).bytes(32)


def fill(database: Database, of: HashList, count: int) -> None:
    """Put so many unrelated entries on a list."""
    random = np.random.default_rng(1)
    for start in range(0, count, BATCH):
        values = random.integers(0, 256, (min(BATCH, count - start), 32), dtype=np.uint8)
        entries: Iterator[Entry] = (
            Entry(id=EntryId(new_id()), list_id=of.id, signal_type=PDQ, value=row.tobytes()) for row in values
        )
        with database.begin() as tx:
            list_rows.add_entries(tx, of.id, entries, now=datetime.now(UTC))


def opened(url: str, folder: Path) -> ListFollower:
    """Return what follows the lists of a database, in segments of a folder."""
    kinds = {kind.name: kind for kind in signal_types(())}
    database = Database(url)
    return ListFollower(KnownLists(kinds, HostIndexes(kinds, folder, database)), database)


def answer(url: str, folder: Path, seconds: float) -> None:
    """Search for the next new entry again and again; print when each was found, and what searches took."""
    follower = opened(url, folder)
    begun = time.monotonic()
    follower.start(patience=170)
    say(json.dumps({"opened": time.monotonic() - begun}))
    found: list[float] = []
    searches: list[float] = []
    end = time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        hit = follower.known.look([Signal(PDQ, new_value(len(found)))], rehearsal=False).matches
        after = time.monotonic()
        if hit:
            found.append(after)
        else:
            searches.append(after - before)
        time.sleep(PAUSE)
    say(json.dumps({"found": found, "searches": searches}))
    follower.close()


def write(database: Database, of: HashList, seconds: float) -> list[float]:
    """Commit the new entries, each by itself; return when each commit had returned."""
    committed: list[float] = []
    begun = time.monotonic()
    while (now := time.monotonic()) < begun + seconds:
        due = begun + len(committed) / EACH_SECOND
        if now < due:
            time.sleep(due - now)
        entry = Entry(id=EntryId(new_id()), list_id=of.id, signal_type=PDQ, value=new_value(len(committed)))
        with database.begin() as tx:
            list_rows.add_entries(tx, of.id, [entry], now=datetime.now(UTC))
        committed.append(time.monotonic())
    return committed


def line(times: list[float]) -> str:
    """Return the middle, the slowest hundredth and the slowest, in milliseconds."""
    middle, slow = 1000 * np.quantile(times, [0.5, 0.99])
    return f"{middle:9.1f} {slow:9.1f} {1000 * max(times):9.1f}"


def measure(url: str, folder: Path, count: int, seconds: float) -> None:
    """Fill a list, let processes answer, write, and report."""
    database = Database(url)
    of = HashList(id=ListId(new_id()), name="bench", purpose=Purpose.OWN_TERMS, created_at=datetime.now(UTC))
    with database.begin() as tx:
        list_rows.insert(tx, of)
    begun = time.monotonic()
    fill(database, of, count)
    with database.begin() as tx:
        tx.run(sa.text("analyze entry"))  # as the server does by itself a minute later
    say(f"{count} entries committed in {time.monotonic() - begun:.1f} s")
    begun = time.monotonic()
    first = opened(url, folder)
    first.ensure()
    say(f"read by the first process, and merged, in {time.monotonic() - begun:.1f} s")
    first.close()
    command = [sys.executable, __file__, "answer", url, str(folder), str(seconds + 10)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    outputs = [process.stdout for process in processes if process.stdout is not None]
    waits = [json.loads(output.readline())["opened"] for output in outputs]
    say(f"opened by {PROCESSES} processes at once in {max(waits):.2f} s at most")
    committed = write(database, of, seconds)
    told = [json.loads(output.readline()) for output in outputs]
    for process in processes:
        process.wait()
    delays = [seen - at for each in told for at, seen in zip(committed, each["found"], strict=False)]
    missing = sum(len(committed) - len(each["found"]) for each in told)
    say(f"{len(committed)} entries written in {seconds:.0f} s; load average {os.getloadavg()[0]:.1f}")
    say("  milliseconds                    middle  slowest %   slowest")
    say(f"  from commit to match         {line(delays)}")
    say(f"  a search meanwhile           {line([t for each in told for t in each['searches']])}")
    say(f"  not matched at the end: {missing}")
    database.close()


def main(count: int = 1_000_000, seconds: float = 20) -> None:
    """Measure in a database of its own."""
    with tempfile.TemporaryDirectory() as place, EmbeddedServer(Path(place) / "postgres") as server:
        create_database(server, "bench")
        url = server.url("bench")
        migrate.upgrade(url)
        measure(url, Path(place) / "index", count, seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["answer"]:
        answer(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
    else:
        main(*(int(argument) for argument in sys.argv[1:3]))
