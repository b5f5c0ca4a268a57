"""A process that merges an index until it is killed, or on a small disk that gets full. Run by its test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import numpy as np

from safehold.model.errors import SegmentNotWritten
from safehold.model.ids import new_id
from safehold.signals.index.segmented import SegmentedIndex

BATCH = 100
SMALL_DISK = "24m"
"""Room for two segments of so few entries, each of them some nine megabytes, and not for three."""


def add_batch(index: SegmentedIndex, number: int) -> list[UUID]:
    """Add a hundred entries that all have the batch's number as their value, and return their ids."""
    ids = [new_id() for _ in range(BATCH)]
    row = np.frombuffer(number.to_bytes(32), np.uint8)
    index.add(ids, np.repeat(row.reshape(1, 32), BATCH, axis=0))
    return ids


def merge_all(index: SegmentedIndex, covers: int) -> None:
    """Merge everything into one segment."""
    merge = index.begin_merge({"batches": covers}, everything=True)
    assert merge is not None
    assert index.finish_merge(merge)


def merge_for_ever(folder: Path) -> None:
    """Add a batch and merge, again and again, from where the index in the folder is."""
    index = SegmentedIndex(folder)
    number = index.covers.get("batches", 0)
    print("merging", flush=True)  # noqa: T201 - the test waits for this line
    while True:
        add_batch(index, number)
        number += 1
        merge_all(index, number)


def fill_the_disk(place: Path) -> None:
    """Merge on a full disk, look that nothing is missing, make room, and merge again."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "none", place], check=True)
    index = SegmentedIndex(place)
    ids = add_batch(index, 0)
    merge_all(index, 1)
    filler = place / "filler"
    segment = next(place.glob("*.segment"))
    filler.write_bytes(bytes(24 * 2**20 - segment.stat().st_size - 3 * 2**20))  # three megabytes are left
    ids += add_batch(index, 1)
    for _ in range(2):
        try:
            merge_all(index, 2)
        except SegmentNotWritten:
            pass
        else:
            raise AssertionError("the disk was not full")
        assert all(index.holds(ids))
        assert len(index.search(bytes(32), 31)) == 2 * BATCH
        assert SegmentedIndex(place).covers == {"batches": 1}
        assert [path.suffix for path in place.iterdir() if path.suffix in (".segment", ".partial")] == [
            ".segment"
        ]
    index.remove(ids[:10])
    filler.unlink()
    merge_all(index, 2)
    assert SegmentedIndex(place).holds(ids) == [False] * 10 + [True] * (2 * BATCH - 10)


if __name__ == "__main__":
    {"merge": merge_for_ever, "fill": fill_the_disk}[sys.argv[1]](Path(sys.argv[2]))
