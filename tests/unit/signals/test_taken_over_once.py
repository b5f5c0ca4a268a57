"""What lies in a folder is read when it is another one than before, and not again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from safehold.model.errors import SegmentDamaged
from safehold.model.ids import new_id
from safehold.signals.index.segmented import SegmentedIndex

CONTENTS = "contents.json"


def merge_one(index: SegmentedIndex, covers: int) -> None:
    index.add([new_id()], np.zeros((1, 32), np.uint8))
    begun = index.begin_merge({"list": covers})
    assert begun is not None
    assert index.finish_merge(begun)


def test_contents_that_were_taken_over_are_read_again_only_when_they_are_others(tmp_path: Path) -> None:
    one, other = SegmentedIndex(tmp_path), SegmentedIndex(tmp_path)
    merge_one(one, 1)
    assert other.adopt()
    whole = (tmp_path / CONTENTS).read_bytes()
    checksum, _, _ = whole.partition(b"\n")
    # Whoever reads on behind the checksum that it knows fails.
    (tmp_path / CONTENTS).write_bytes(checksum + b"\n{}")
    assert not other.adopt()
    with pytest.raises(SegmentDamaged):
        SegmentedIndex(tmp_path)
    (tmp_path / CONTENTS).write_bytes(whole)
    merge_one(one, 2)
    assert other.adopt()
    assert len(other) == 2


@pytest.mark.parametrize("damage", [b"", b"not what was written"])
def test_contents_that_were_damaged_since_are_refused_each_time_until_they_are_mended(
    tmp_path: Path, damage: bytes
) -> None:
    one, other = SegmentedIndex(tmp_path), SegmentedIndex(tmp_path)
    merge_one(one, 1)
    whole = (tmp_path / CONTENTS).read_bytes()
    (tmp_path / CONTENTS).write_bytes(damage)
    for _ in range(2):
        with pytest.raises(SegmentDamaged):
            other.adopt()
    (tmp_path / CONTENTS).write_bytes(whole)
    assert other.adopt()
