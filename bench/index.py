"""Search near a digest among 256-bit values: by segments, by comparing every row, and by faiss if it is here.

Usage: index.py [ENTRIES]; a million unless told. Times are those of the processor for this thread, so that a
neighbour who takes it away does not count. Run by `make bench`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from safehold.signals import kernels
from safehold.signals.index.rows import sortable
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import parts_for, write_segment

Bytes = NDArray[np.uint8]

RADIUS = 31
MARGIN = 8
"""What a scan asks for besides: what it sees of some bits beyond the farthest list, to count close calls."""
QUERIES, SCANS = 2000, 20


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def changed(rows: Bytes, share: float, random: np.random.Generator) -> Bytes:
    """Return the rows with each bit changed with so much probability."""
    pieces = [rows[start : start + 100_000] for start in range(0, len(rows), 100_000)]
    return np.concatenate(
        [piece ^ np.packbits(random.random((len(piece), 256)) < share, axis=1) for piece in pieces]
    )


def times(search: Callable[[Bytes], object], queries: Bytes) -> str:
    """Return the middle and the slowest hundredth of single searches, in microseconds."""
    taken = []
    for row in queries:
        query = row.reshape(1, -1)
        begun = time.thread_time()
        search(query)
        taken.append(1e6 * (time.thread_time() - begun))
    return f"{np.median(taken):9.1f} {np.quantile(taken, 0.99):9.1f}"


def segment_of(values: Bytes, folder: Path, name: str, random: np.random.Generator) -> Segment:
    """Write and open a segment, and say what that took."""
    ids = random.integers(0, 256, (len(values), 16), dtype=np.uint8)
    ids = ids[np.argsort(sortable(ids))]
    path = folder / name.replace(" ", "-")
    begun = time.thread_time()
    write_segment(path, ids, values, np.zeros(len(values), np.uint64), parts_for(len(values)))
    written = time.thread_time()
    Segment(path)
    checked = time.thread_time()
    segment = Segment(path)
    opened = time.thread_time()
    each = path.stat().st_size / len(values)
    say(f"{name}: written {written - begun:.2f} s, {each:.0f} bytes each;")
    say(f"  opened the first time {checked - written:.3f} s, then {opened - checked:.3f} s")
    return segment


def report(segment: Segment, values: Bytes, random: np.random.Generator) -> None:
    """Time what is far from everything, and what is near something."""
    misses = random.integers(0, 256, (QUERIES, 32), dtype=np.uint8)
    hits = changed(values[random.integers(0, len(values), QUERIES // 2)], 0.03, random)
    found = len(segment.search(hits, RADIUS)[0]) / len(hits)
    for what, queries in (("misses", misses), ("hits", hits)):
        for radius, beyond in ((RADIUS, 0), (RADIUS, MARGIN), (RADIUS + MARGIN, 0)):
            taken = times(partial(segment.search, max_distance=radius, beyond=beyond), queries)
            say(f"  {what:6s} at {radius} bits, {beyond} beyond {taken}")
    say(f"  entries found by each hit: {found:.1f}")


def compare(values: Bytes, queries: Bytes) -> None:
    """Time what looks at every row: our scan, and faiss, one thread each."""
    for name in kernels.instruction_sets():
        scan = partial(kernels.scan_rows, table=values, max_distance=RADIUS, instructions=name)
        say(f"  every row, {name:9s} {times(scan, queries)}")
    try:
        import faiss
    except ImportError:
        say("  faiss is not installed here")
        return
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(values)
    say(f"  faiss, every row     {times(lambda one: flat.range_search(one, RADIUS + 1), queries)}")


def main(count: int) -> None:
    """Measure on unrelated values, then on clusters of twenty near-duplicates."""
    random = np.random.default_rng(1)
    unrelated = random.integers(0, 256, (count, 32), dtype=np.uint8)
    originals = random.integers(0, 256, (-(-count // 20), 32), dtype=np.uint8)
    clustered = changed(np.repeat(originals, 20, axis=0)[:count], 0.025, random)[random.permutation(count)]
    with tempfile.TemporaryDirectory() as folder:
        for name, values in (("unrelated", unrelated), ("clusters of 20", clustered)):
            segment = segment_of(values, Path(folder), name, random)
            say("  microseconds                middle   slowest hundredth")
            report(segment, values, random)
            segment.path.unlink()
    compare(unrelated, unrelated[:SCANS])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
