"""How long 1,000 new entries take against what was kept: the goal is 20 million in a minute on one core.

    python bench/lookback.py [--signals 20000000] [--days 30]

Days are written as they are when they are over, with random digests; the search is the one of the product.
What follows a match is no part of it. Each row is named. `make bench` runs a tenth: the time rises in
proportion.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zlib
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np

from safehold.detect.kept_days import LONGEST_REFERENCE, KeptDays
from safehold.signals.index.folder import SEGMENT
from safehold.signals.index.segment_file import parts_for, write_segment

GOAL_SECONDS, GOAL_SIGNALS = 60, 20_000_000
ENTRIES = 1000
DISTANCE = 31
NEWEST = date(2030, 5, 20)


def written(folder: Path, signals: int, days: int) -> np.ndarray:
    """Write the days; return digests of which ten lie near a signal of each day."""
    random = np.random.default_rng(1)
    entries = random.integers(0, 256, (ENTRIES, 32), np.uint8)
    each = signals // days
    for back in range(days):
        day = folder / "uploads" / (NEWEST - timedelta(days=back)).isoformat()
        day.mkdir(parents=True)
        ids = np.sort(random.integers(0, 256, (each, 16), np.uint8).view("S16").reshape(-1))
        values = random.integers(0, 256, (each, 32), np.uint8)
        values[:10] = entries[10 * back : 10 * back + 10]
        values[:10, :3] ^= 0x55
        names = np.frombuffer(ids.tobytes(), np.uint8).reshape(-1, 16)
        tags = np.zeros(each, np.uint64)
        (day / "references").write_bytes(references(names))
        write_segment(day / f"{each}-{uuid4().hex}{SEGMENT}", names, values, tags, parts_for(each))
    return entries


def references(ids: np.ndarray) -> bytes:
    """Return what names the rows, with checksums where something will be found: others are not looked at."""
    rows = np.zeros((len(ids), 15 + LONGEST_REFERENCE + 4), np.uint8)
    rows[:, :15] = ids[:, :15]
    rows[:, 15:27] = np.frombuffer(b"post-1234567", np.uint8)
    for row in rows[:10]:
        row[-4:] = np.frombuffer(zlib.crc32(row[:-4].tobytes()).to_bytes(4, "little"), np.uint8)
    return rows.tobytes()


def main() -> int:
    """Write, look back, print. Exit code 1 where something that is near was not found."""
    options = argparse.ArgumentParser()
    options.add_argument("--signals", type=int, default=GOAL_SIGNALS // 10)
    options.add_argument("--days", type=int, default=3)
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        entries = written(Path(folder), wanted.signals, wanted.days)
        begun, spent = time.perf_counter(), time.process_time()
        kept = KeptDays(Path(folder)).look_back(entries, DISTANCE, today=NEWEST, terms={"uploads": 30})
        found = sum(1 for _ in kept)
        seconds, spent = time.perf_counter() - begun, time.process_time() - spent
    goal = GOAL_SECONDS * wanted.signals / GOAL_SIGNALS
    sys.stdout.write(
        "| Entries | Signals kept | Days | Found | Seconds | Of the processor | Goal |\n"
        "|---|---|---|---|---|---|---|\n"
        f"| {ENTRIES} | {wanted.signals} | {wanted.days} | {found} | {seconds:.2f} | {spent:.2f} "
        f"| {goal:.0f} |\n"
    )
    return 0 if found == 10 * wanted.days else 1


if __name__ == "__main__":
    raise SystemExit(main())
