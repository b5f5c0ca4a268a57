"""How long after its commit an entry is matched by each of four processes, while all of them answer.

A writer commits a hundred entries a second: each by itself, or those that are due together where the machine
does not keep up. The processes share one index folder. Much of what is measured is how busy the machine is.

Usage, by `spreading` alone: python -m safehold.testing.bench.spreading URL FOLDER SECONDS, one of the four.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

import numpy as np

from safehold.app.plugins import signal_types
from safehold.detect.following import ListFollower
from safehold.detect.host_indexes import HostIndexes
from safehold.detect.known import KnownLists
from safehold.model.hash_list import Entry, HashList
from safehold.model.ids import EntryId, new_id
from safehold.model.signal import PDQ, Signal
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database
from safehold.testing.bench.report import Row, unmeasured

PROCESSES, EACH_SECOND = 4, 100
GOALS = {1_000_000: 1.0, 10_000_000: 2.0}
"""By how many entries there are: seconds within which all but a hundredth are matched everywhere."""
_AWAITED = 100
"""New entries that a process looks for at once, from the next one on."""
_PAUSE = 0.002
"""Seconds between two searches of a process, which shares its core with others."""
_LONGER = 10.0
"""Seconds that the processes go on answering after the last commit is due."""


def spreading(database: Database, url: str, folder: Path, of: HashList, seconds: float) -> Iterator[Row]:
    """Let processes answer from a list that is in the database, write to it, and tell when each knew.

    folder: where the index will be. seconds: for how long to write.
    """
    begun = time.monotonic()
    with _opened(url, folder) as first:
        first.ensure()
        count = sum(sum(each.held.values()) for each in first.known.lists)
    yield Row(f"{count:,} entries: read by the first process, and merged", time.monotonic() - begun, "s")
    command = [sys.executable, "-m", "safehold.testing.bench.spreading", url, str(folder)]
    command.append(str(seconds + _LONGER))
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    outputs = [process.stdout for process in processes if process.stdout is not None]
    waits = [json.loads(output.readline())["opened"] for output in outputs]
    committed, commits = _write(database, of, seconds)
    told = [json.loads(output.readline()) for output in outputs]
    for process in processes:
        process.communicate()
    yield Row(f"{count:,} entries: opened by {PROCESSES} processes at once, the last", max(waits), "s")
    yield Row("commits a second", commits / seconds, "/s")
    yield from _rows(count, committed, told, seconds)


def later(count: int) -> Iterator[Row]:
    """Yield the goal for a size that is not measured now."""
    yield unmeasured(_slowest(count), "s", "needs more entries (--full)", GOALS[count], at_most=True)


def _rows(
    count: int, committed: list[float], told: list[dict[str, list[float]]], seconds: float
) -> Iterator[Row]:
    delays = [seen - at for each in told for at, seen in zip(committed, each["found"], strict=False)]
    searches = [taken for each in told for taken in each["searches"]]
    missing = sum(len(committed) - len(each["found"]) for each in told)
    yield Row("entries committed a second", len(committed) / seconds, "/s")
    yield Row("from commit to match everywhere, middle", float(np.median(delays)), "s")
    goal = max((goal for size, goal in GOALS.items() if size <= count), default=None)
    yield Row(_slowest(count), float(np.quantile(delays, 0.99)), "s", goal, at_most=True)
    yield Row("entries that some process did not match in time", missing, "", 0.0, at_most=True)
    yield Row("a search meanwhile, middle", 1000 * float(np.median(searches)), "ms")
    yield Row("a search meanwhile, slowest hundredth", 1000 * float(np.quantile(searches, 0.99)), "ms")
    yield Row("a search meanwhile, slowest", 1000 * max(searches), "ms")


def _slowest(count: int) -> str:
    return f"{count:,} entries: from commit to match, slowest hundredth"


def _new_value(number: int) -> bytes:
    """Return the digest of the entry with this number among those that are added while all answer."""
    return np.random.default_rng((7, number)).bytes(32)


@contextmanager
def _opened(url: str, folder: Path) -> Iterator[ListFollower]:
    """Yield what follows the lists of a database, in segments of a folder."""
    kinds = {kind.name: kind for kind in signal_types(())}
    database = Database(url)
    follower = ListFollower(KnownLists(kinds, HostIndexes(kinds, folder, database)), database)
    try:
        yield follower
    finally:
        follower.close()
        database.close()


def answer(url: str, folder: Path, seconds: float) -> None:
    """Search for the next new entries again and again; print when each was found, and what searches took."""
    begun = time.monotonic()
    with _opened(url, folder) as follower:
        follower.start(patience=170)
        _say(json.dumps({"opened": time.monotonic() - begun}))
        found, searches = _search(follower, seconds)
    _say(json.dumps({"found": found, "searches": searches}))


def _search(follower: ListFollower, seconds: float) -> tuple[list[float], list[float]]:
    """Return when each new entry was found, and how long searches took that found none.

    Of each that is found something is asked of the database, as in a scan: so those that are awaited are
    looked for together, lest this be behind where the lists are not.
    """
    found: list[float] = []
    searches: list[float] = []
    end = time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        hit = follower.known.look([Signal(PDQ, _new_value(len(found)))], rehearsal=False).matches
        after = time.monotonic()
        if hit:
            awaited = [[Signal(PDQ, _new_value(len(found) + number))] for number in range(_AWAITED)]
            looked = follower.known.look_many(awaited, rehearsal=False)
            # In the order of their commits, which is that in which they are loaded.
            found += [time.monotonic()] * len(list(takewhile(lambda each: each.matches, looked)))
        else:
            searches.append(after - before)
        time.sleep(_PAUSE)
    return found, searches


def _write(database: Database, of: HashList, seconds: float) -> tuple[list[float], int]:
    """Commit new entries as they are due; return when the commit of each had returned, and how many were."""
    committed: list[float] = []
    commits, begun = 0, time.monotonic()
    while (now := time.monotonic()) < begun + seconds:
        due = 1 + int((now - begun) * EACH_SECOND)
        if due <= len(committed):
            time.sleep(begun + len(committed) / EACH_SECOND - now)
            continue
        entries = [
            Entry(id=EntryId(new_id()), list_id=of.id, signal_type=PDQ, value=_new_value(number))
            for number in range(len(committed), due)
        ]
        with database.begin() as tx:
            list_rows.add_entries(tx, of.id, entries, now=datetime.now(UTC))
        committed += [time.monotonic()] * len(entries)
        commits += 1
    return committed, commits


def _say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    answer(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
