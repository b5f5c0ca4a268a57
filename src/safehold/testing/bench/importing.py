"""How fast a list file is loaded into an embedded database, durable as in production, and at what cost.

The clock counts what the neighbours of a busy machine do; processor time an entry does not, so both are told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.lists.file_import import FileImport
from safehold.lists.ledger import NewList, add_list
from safehold.model.clock import utc_now
from safehold.model.hash_list import HashList, Purpose
from safehold.model.permissions import system_actor
from safehold.signals.pdq import Pdq
from safehold.storage.database import Database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing.bench.processes import MEGABYTE, processor_seconds, tree
from safehold.testing.bench.report import Row

GOAL = 50_000.0
"""Entries a second."""
LIST = "bench"
_AGAIN = 100_000
_ACTOR = system_actor("bench")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """How long a file took: by the clock, and of the processors here and in the database, in seconds."""

    entries: int
    seconds: float
    here: float
    server: float


def new_list(database: Database) -> HashList:
    """Add the list that is measured with."""
    with database.begin() as tx:
        return add_list(tx, NewList(name=LIST, purpose=Purpose.CSAM), actor=_ACTOR, now=utc_now())


def importing(database: Database, server: EmbeddedServer, folder: Path, entries: int) -> Iterator[Row]:
    """Load a file of so many random digests into the list, then the beginning of the same file again."""
    loading = FileImport(
        database=database,
        kinds={Pdq.name: Pdq()},
        actor=_ACTOR,
        record=Recorder({}, Queue(database.driver_url)).record,
        clock=utc_now,
    )
    path = _file(folder / "list.jsonl", entries)
    before = _forget_peak()
    first = _load(loading, path, server)
    most = _memory("VmHWM") - before
    if first.entries != entries:
        raise SystemExit(f"{first.entries} of {entries} entries arrived")
    again = _load(loading, _beginning_of(path, min(entries, _AGAIN)), server)
    for what, loaded, goal in (("first", first, GOAL), ("loaded again", again, None)):
        of = f"{loaded.entries:,} entries, {what}"
        yield Row(f"{of}: a second", loaded.entries / loaded.seconds, "/s", goal)
        yield Row(f"{of}: processor time here, each", 1e6 * loaded.here / loaded.entries, "us")
        yield Row(f"{of}: of the database, each", 1e6 * loaded.server / loaded.entries, "us")
    yield Row(f"{entries:,} entries, first: memory of this process besides", most / MEGABYTE, "MB")
    path.unlink()


def _load(loading: FileImport, path: Path, server: EmbeddedServer) -> _Loaded:
    begun, here, there = time.perf_counter(), time.process_time(), _server_seconds(server)
    report = loading.run(LIST, path)
    taken = time.perf_counter() - begun
    return _Loaded(
        report.added + report.known, taken, time.process_time() - here, _server_seconds(server) - there
    )


def _forget_peak() -> int:
    """Let the most memory that this process ever had be what it has now; return that, in bytes."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _server_seconds(server: EmbeddedServer) -> float:
    """Return the processor time of the database so far: of what runs, and of what has ended."""
    root = server.pid()
    return 0.0 if root is None else processor_seconds(tree(root))


def _file(path: Path, entries: int) -> Path:
    """Write a list file of random digests."""
    with path.open("w") as file:
        for _ in range(entries):
            file.write(f'{{"signal_type": "pdq", "value": "{os.urandom(32).hex()}"}}\n')
    return path


def _beginning_of(path: Path, lines: int) -> Path:
    beginning = path.with_stem("beginning")
    with path.open() as file, beginning.open("w") as copy:
        copy.writelines(islice(file, lines))
    return beginning
