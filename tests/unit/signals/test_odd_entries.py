"""What lists should not hold and do: duplicates, plain digests, wrong widths; and radii that cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from safehold.model.ids import new_id
from safehold.signals import kernels
from safehold.signals.index import SegmentedIndex
from safehold.signals.index.rows import Bytes, id_rows
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import parts_for, write_segment

MILLION = 1_000_000
PLAIN = {
    "nothing but zeros": bytes(32),
    "nothing but ones": b"\xff" * 32,
    "one bit": bytes(31) + b"\x01",
    "stripes": b"\xaa" * 32,
    "other stripes": b"\x55" * 32,
    "one half": b"\xff" * 16 + bytes(16),
    "chequered": b"\xcc\x33" * 16,
}


def segment_of(values: Bytes, path: Path) -> Segment:
    count = len(values)
    ids = np.arange(count, dtype=">u8").view(np.uint8).reshape(-1, 8)
    write_segment(path, np.hstack([ids, ids]), values, np.zeros(count, np.uint64), parts_for(count))
    return Segment(path)


def row(value: bytes) -> Bytes:
    return np.frombuffer(value, np.uint8).reshape(1, -1)


def test_a_million_duplicates_are_all_found_and_hide_nothing(tmp_path: Path) -> None:
    same, other = PLAIN["stripes"], np.random.default_rng(1).bytes(32)
    values = np.vstack([np.repeat(row(same), MILLION, axis=0), row(other)])
    segment = segment_of(values, tmp_path / "segment")
    for radius in (0, 31, 39):
        _, rows, distances = segment.search(row(same), radius)
        assert np.array_equal(np.sort(rows), np.arange(MILLION))
        assert not distances.any()
        _, rows, _ = segment.search(row(other), radius)
        assert rows.tolist() == [MILLION]
    assert not len(segment.search(row(PLAIN["nothing but zeros"]), 39)[1])


@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN.keys())
def test_plain_digests_are_found_as_by_comparing_with_all(tmp_path: Path, value: bytes) -> None:
    random = np.random.default_rng(2)
    each = [row(one) for one in PLAIN.values()] * 40
    flips = np.packbits(random.random((len(each), 256)) < 0.08, axis=1)
    values = np.ascontiguousarray(np.vstack([*each, np.vstack(each) ^ flips, flips]))
    segment = segment_of(values, tmp_path / "segment")
    for radius in (0, 15, 31, 43, 44, 128, 255, 256):
        _, rows, distances = segment.search(row(value), radius)
        _, wanted, apart = kernels.scan_rows(row(value), values, radius)
        assert sorted(zip(rows, distances, strict=True)) == sorted(zip(wanted, apart, strict=True))


@pytest.mark.parametrize("width", [0, 1, 31, 33, 64])
def test_digests_of_the_wrong_width_are_refused_and_change_nothing(tmp_path: Path, width: int) -> None:
    index = SegmentedIndex(tmp_path)
    values = np.zeros((1, width), np.uint8)
    with pytest.raises(ValueError, match="32"):
        index.add([new_id()], values)
    with pytest.raises(ValueError, match="32"):
        index.search(bytes(width), 31)
    with pytest.raises(ValueError, match="32"):
        index.search_many(values, 31)
    assert len(index) == 0


@pytest.mark.parametrize("merged", [False, True])
def test_a_radius_out_of_range_is_refused_and_one_beyond_all_bits_finds_everything(
    tmp_path: Path, merged: bool
) -> None:
    index = SegmentedIndex(tmp_path)
    ids = [new_id() for _ in PLAIN]
    index.add_rows(id_rows(ids), np.vstack([row(one) for one in PLAIN.values()]), 0)
    if merged:
        merge = index.begin_merge({}, everything=True)
        assert merge is not None
        assert index.finish_merge(merge)
    for radius in (-1, -(2**40)):
        with pytest.raises(ValueError, match="distance"):
            index.search(bytes(32), radius)
        with pytest.raises(ValueError, match="distance"):
            index.search_many(np.zeros((1, 32), np.uint8), radius)
    for radius in (256, 257, 2**31):
        assert {hit.entry_id for hit in index.search(bytes(32), radius)} == set(ids)
