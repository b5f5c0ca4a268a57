"""How fast a list file is loaded, what each entry costs, and how much memory it takes. Run by `make bench`.

    python bench/imports.py [--entries 10000000] [--json FILE]

A fresh embedded database, durable as in production, and a file of random PDQ digests as JSON Lines. Wall time
counts what the neighbours of a busy machine do; processor time per entry does not, so both are printed: a
quiet machine with two cores comes near the slower of the two processes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.lists.file_import import FileImport
from safehold.lists.ledger import NewList, add_list
from safehold.model.clock import utc_now
from safehold.model.hash_list import Purpose
from safehold.model.permissions import system_actor
from safehold.signals.pdq import Pdq
from safehold.storage import migrate
from safehold.storage.database import Database
from safehold.storage.embedded import EmbeddedServer

GOAL_PER_SECOND = 50_000
ENTRIES = 500_000
ACTOR = system_actor("bench")


@dataclass(frozen=True)
class Row:
    """One measurement. reader_us, server_us: processor time per entry, here and in the database."""

    what: str
    entries: int
    per_second: float
    reader_us: float
    server_us: float
    memory_mb: float


def written(path: Path, entries: int) -> Path:
    """Write a list file of random digests."""
    with path.open("w") as file:
        for _ in range(entries):
            file.write(f'{{"signal_type": "pdq", "value": "{os.urandom(32).hex()}"}}\n')
    return path


def server_seconds(server: EmbeddedServer) -> float:
    """Return the processor time of the database so far: of what runs, and of what has ended."""
    root = server.pid()
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    ticks = sum(sum(ticks_of(pid)[:2]) for pid in children) + sum(ticks_of(str(root)))
    return ticks / os.sysconf("SC_CLK_TCK")


def ticks_of(pid: str) -> list[int]:
    """Return user and system time of a process, then of its children that have ended."""
    return [int(word) for word in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]


def measured(what: str, loading: FileImport, path: Path, server: EmbeddedServer) -> Row:
    """Load the file once."""
    begun, here, there = time.perf_counter(), time.process_time(), server_seconds(server)
    report = loading.run("bench", path)
    seconds = time.perf_counter() - begun
    entries = report.added + report.known
    return Row(
        what=what,
        entries=entries,
        per_second=entries / seconds,
        reader_us=(time.process_time() - here) / entries * 1e6,
        server_us=(server_seconds(server) - there) / entries * 1e6,
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def rows(folder: Path, entries: int) -> list[Row]:
    """Measure a first import, and the same file again."""
    path = written(folder / "list.jsonl", entries)
    with EmbeddedServer(folder / "database") as server:
        migrate.upgrade(server.url())
        database = Database(server.url())
        try:
            with database.begin() as tx:
                add_list(tx, NewList(name="bench", purpose=Purpose.CSAM), actor=ACTOR, now=utc_now())
            recorder = Recorder({}, Queue(database.driver_url))
            loading = FileImport(
                database=database,
                kinds={Pdq.name: Pdq()},
                actor=ACTOR,
                record=recorder.record,
                clock=utc_now,
            )
            found = [measured("first import", loading, path, server)]
            with database.begin() as tx:
                live = tx.run(sa.text("select count(*) from entry")).scalar_one()
            if live != entries:
                raise SystemExit(f"{live} of {entries} entries arrived")
            return [*found, measured("the same file again", loading, path, server)]
        finally:
            database.close()


def main() -> None:
    """Measure and print; the goal is beside the figure, and missing it is no error on a busy machine."""
    options = argparse.ArgumentParser()
    options.add_argument("--entries", type=int, default=ENTRIES)
    options.add_argument("--json", type=Path)
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), wanted.entries)
    say = sys.stdout.write
    say(
        "| Import | Entries | A second | Goal | Reader | Database | Memory |\n|---|---|---|---|---|---|---|\n"
    )
    for row in found:
        say(
            f"| {row.what} | {row.entries} | {row.per_second:.0f} | {GOAL_PER_SECOND} "
            f"| {row.reader_us:.1f} µs | {row.server_us:.1f} µs | {row.memory_mb:.0f} MB |\n"
        )
    say(f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    if wanted.json:
        wanted.json.write_text(json.dumps({"goal": GOAL_PER_SECOND, "rows": [asdict(row) for row in found]}))


if __name__ == "__main__":
    main()
