"""What an index of many entries takes: to write, to open, and of the memory of a host.

Usage, by `holding` alone: python -m safehold.testing.bench.segments FOLDER. It is one of the processes that
share an index: it says when it is ready to open it, opens it at a line of input, and merges at the next.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np

from safehold.signals.index import SegmentedIndex
from safehold.signals.index.folder import SEGMENT, Contents, write_contents
from safehold.signals.index.segment_file import parts_for, write_segment
from safehold.signals.index.segmented import MERGE_FROM
from safehold.testing.bench import made_up
from safehold.testing.bench.made_up import Bytes
from safehold.testing.bench.processes import proportional
from safehold.testing.bench.report import Row, unmeasured

TEN_MILLION = 10_000_000
PROCESSES = 4
OPEN, MERGE = "open", "merge"
_GOALS = (
    ("built from digests", "s", 60.0),
    ("opened by the next process, processor time", "s", 0.1),
    (f"memory of {PROCESSES} processes together", "MB", 1500.0),
    (f"memory of {PROCESSES} processes during a merge", "MB", 3000.0),
)
_TAG = 1
_SEARCHES, _RADIUS = 2000, 31
_LOOK_EVERY = 0.02


def written(folder: Path, values: Bytes, random: np.random.Generator, names: Bytes | None = None) -> Path:
    """Write these digests into one segment, as a merge does. names: their ids, ascending. Return its path."""
    if names is None:
        names = made_up.ids_for(len(values), random)
    file = folder / f"{uuid4().hex}{SEGMENT}"
    write_segment(file, names, values, np.full(len(values), _TAG, np.uint64), parts_for(len(values)))
    write_contents(folder, Contents(uuid4().hex, {}, {file.name: ()}))
    return file


def holding(count: int) -> Iterator[Row]:
    """Measure an index of so many entries, shared by four processes; the goals are for ten million."""
    random = np.random.default_rng(4)
    values = made_up.unrelated(count, random)
    with TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.perf_counter()
        file = written(folder, values, random)
        del values
        built = time.perf_counter()
        SegmentedIndex(folder)
        checked = time.perf_counter() - built
        size = file.stat().st_size / count
        opened, steady, merging = _shared(folder)
    yield Row(f"{count:,} entries: on disk, each", size, "bytes")
    yield Row(f"{count:,} entries: read whole and opened, once a start", checked, "s")
    figures = (built - begun, opened, steady, merging)
    for (what, unit, goal), figure in zip(_GOALS, figures, strict=True):
        row = f"{count:,} entries: {what}"
        yield Row(row, figure, unit, goal if count == TEN_MILLION else None, at_most=True)


def later() -> Iterator[Row]:
    """Yield the goals, unmeasured."""
    for what, unit, goal in _GOALS:
        yield unmeasured(
            f"{TEN_MILLION:,} entries: {what}", unit, "needs more entries (--full)", goal, at_most=True
        )


def _shared(folder: Path) -> tuple[float, float, float]:
    """Return processor seconds to open, in the middle, and megabytes: steadily and at most in a merge."""
    command = [sys.executable, "-m", "safehold.testing.bench.segments", str(folder)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(PROCESSES)
        ]
        pids = [process.pid for process in running]
        for process in running:
            _told(process)
        before = _memory(pids)
        opened = [float(_told(process, OPEN)) for process in running]
        steady = _memory(pids) - before
        most = steady
        with ThreadPoolExecutor(1) as waiting:
            merged = waiting.submit(_told, running[0], MERGE)
            while not merged.done():
                most = max(most, _memory(pids) - before)
                time.sleep(_LOOK_EVERY)
            merged.result()
        for process in running:
            process.communicate()
    return float(np.median(opened)), steady, most


def _told(process: subprocess.Popen[str], order: str | None = None) -> str:
    """Give an order, if any, and return the next line that the process says."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("expected a process with pipes")
    if order is not None:
        process.stdin.write(order + "\n")
        process.stdin.flush()
    return process.stdout.readline()


def _memory(pids: list[int]) -> float:
    return sum(proportional(pid) for pid in pids)


def share(folder: Path) -> None:
    """Be one of the processes that share the index in a folder, until the input ends."""
    random = np.random.default_rng(5)
    _say("ready")
    index: SegmentedIndex | None = None
    for order in sys.stdin:
        if index is None or order.strip() == OPEN:
            begun = time.thread_time()
            index = SegmentedIndex(folder)
            opened = time.thread_time() - begun
            for query in made_up.unrelated(_SEARCHES, random):
                index.search(query.tobytes(), _RADIUS)
            _say(str(opened))
        else:
            ids = made_up.ids_for(MERGE_FROM, random)
            ids[:, 0] = 1  # none that is there already
            index.add_rows(ids, made_up.unrelated(MERGE_FROM, random), _TAG)
            merge = index.begin_merge({}, everything=True)
            if merge is None or not index.finish_merge(merge):
                raise SystemExit("the merge was not written")
            _say("merged")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    share(Path(sys.argv[1]))
