"""A segment is found again as it was written, or it is refused: there is nothing between."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from safehold.model.errors import SegmentDamaged
from safehold.signals import kernels, reference_search
from safehold.signals.index import checked
from safehold.signals.index.rows import sortable
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import (
    PARTIAL,
    Layout,
    check_segment,
    map_segment,
    parts_for,
    write_segment,
)

COUNT, PARTS, PAGE = 40, 16, 4096


def entries(count: int, seed: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint64]]:
    """Return ids in ascending order, values, and tags of three kinds, among them the largest there is."""
    random = np.random.default_rng(seed)
    ids = random.integers(0, 256, (count, 16), dtype=np.uint8)
    ids[:, -3:] = 0  # an id may well end with zeros
    tags = random.choice(np.array([7, 0, 2**64 - 1], np.uint64), count)
    return ids[np.argsort(sortable(ids))], random.integers(0, 256, (count, 32), dtype=np.uint8), tags


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a whole segment."""
    path = tmp_path_factory.mktemp("segment") / "whole.segment"
    write_segment(path, *entries(COUNT), PARTS)
    return path.read_bytes()


def with_page(data: bytes, at: int, form: str, number: int) -> bytes:
    """Return a segment whose first page says something else, with a checksum to match."""
    page = bytearray(data[: PAGE - 8])
    struct.pack_into(form, page, at, number)
    checksum = kernels.checksum(np.frombuffer(bytes(page), np.uint64), 0)
    return bytes(page) + struct.pack("<Q", checksum) + data[PAGE:]


@pytest.mark.parametrize(("count", "parts"), [(0, 16), (1, 16), (3, 15), (1000, 16), (1000, 13)])
def test_a_segment_holds_what_was_written_into_it(tmp_path: Path, count: int, parts: int) -> None:
    ids, values, tags = entries(count)
    path = tmp_path / "one.segment"
    write_segment(path, ids, values, tags, parts)
    assert names_in(tmp_path) == ["one.segment"]
    assert path.stat().st_size == Layout(count, parts, len(np.unique(tags))).length
    mapped = map_segment(path)
    assert (mapped.ids.tobytes(), mapped.values.tobytes(), mapped.parts) == (
        ids.tobytes(),
        values.tobytes(),
        parts,
    )
    assert not mapped.values.flags.writeable
    segment = Segment(path)
    assert segment.tags(np.arange(count)).tolist() == tags.tolist()
    assert segment.counts == Counter(tags.tolist())
    assert segment.tagged(7).tolist() == np.flatnonzero(tags == 7).tolist()
    assert segment.tagged(8).tolist() == []
    for farthest in (0, 31, 39, 43, 44, 256):
        found = Segment(path).search(values[:20], farthest)
        expected = reference_search.scan_rows(values[:20], values, farthest)
        assert sorted(zip(*map(list, found), strict=True)) == sorted(zip(*map(list, expected), strict=True))


def test_nobody_but_its_owner_may_read_a_segment(tmp_path: Path) -> None:
    write_segment(tmp_path / "one", *entries(COUNT), PARTS)
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_every_id_is_found_in_its_row_and_no_other(tmp_path: Path) -> None:
    ids, values, tags = entries(500)
    write_segment(tmp_path / "one", ids[::2], values[::2], tags[::2], 16)
    segment = Segment(tmp_path / "one")
    rows = segment.find(ids)
    assert rows[::2].tolist() == list(range(250))
    assert set(rows[1::2].tolist()) == {-1}
    outside = np.stack([np.zeros(16, np.uint8), np.full(16, 255, np.uint8)])
    assert segment.find(outside).tolist() == [-1, -1]


def vouch_for(path: Path) -> None:
    """Put on record that somebody has read the file as it is now."""
    with path.open("rb") as file:
        checked.put_on_record(path, checked.looks_of(file.fileno()))


def test_a_segment_that_somebody_has_read_is_read_again_once_it_was_touched(
    tmp_path: Path, written: bytes
) -> None:
    path = tmp_path / "one.segment"
    path.write_bytes(written[:-1] + bytes([written[-1] ^ 1]))
    vouch_for(path)
    assert len(Segment(path)) == COUNT  # it went by the note: the last byte was not looked at
    with pytest.raises(SegmentDamaged):
        check_segment(path)
    os.utime(path, ns=(0, path.stat().st_mtime_ns))
    with pytest.raises(SegmentDamaged):
        Segment(path)


def test_a_note_of_an_earlier_run_of_the_machine_or_of_another_file_vouches_for_nothing(
    tmp_path: Path, written: bytes
) -> None:
    path, note = tmp_path / "one.segment", tmp_path / ("one.segment" + checked.NOTE)
    path.write_bytes(written[:-1] + bytes([written[-1] ^ 1]))
    vouch_for(path)
    run, rest = note.read_text().split(" ", 1)
    for said in ("another-run " + rest, run, "", "\n"):
        note.write_text(said)
        with pytest.raises(SegmentDamaged):
            Segment(path)
    note.write_bytes(b"\xff\xfe")
    with pytest.raises(SegmentDamaged):
        Segment(path)
    assert names_in(tmp_path) == ["one.segment", "one.segment.checked"]


def test_whoever_reads_a_segment_whole_leaves_a_note_and_a_place_without_room_does_not_matter(
    tmp_path: Path, written: bytes
) -> None:
    path = tmp_path / "one.segment"
    path.write_bytes(written)
    (tmp_path / ("one.segment" + checked.NOTE)).mkdir()
    assert len(Segment(path)) == COUNT
    (tmp_path / ("one.segment" + checked.NOTE)).rmdir()
    Segment(path)
    with path.open("rb") as file:
        assert checked.is_on_record(path, checked.looks_of(file.fileno()))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: b"", "is none"),
        (lambda data: data[:100], "is none"),
        (lambda data: bytes(len(data)), "is none"),
        (lambda data: b"PK\x03\x04" + data[4:], "is none"),
        (lambda data: data.replace(b"\r\n", b"\n", 1), "is none"),
        (lambda data: data[:PAGE], "shorter or longer"),
        (lambda data: data[:-1], "shorter or longer"),
        (lambda data: data[:-8], "shorter or longer"),
        (lambda data: data + b"\0", "shorter or longer"),
        (lambda data: data + bytes(PAGE), "shorter or longer"),
        (lambda data: data[:PAGE] + bytes(len(data) - PAGE), "altered"),
        (lambda data: data[:PAGE] + data[PAGE + 32 : PAGE + 64] + data[PAGE + 32 :], "altered"),
        (lambda data: with_page(data, 8, "<I", 0), "version 0"),
        (lambda data: with_page(data, 8, "<I", 1), "version 1"),
        (lambda data: with_page(data, 12, "<I", 10), "contradicts"),
        (lambda data: with_page(data, 12, "<I", 12), "contradicts"),
        (lambda data: with_page(data, 12, "<I", 2**32 - 1), "contradicts"),
        (lambda data: with_page(data, 16, "<Q", COUNT + 1), "contradicts"),
        (lambda data: with_page(data, 16, "<Q", 2**64 - 1), "contradicts"),
        (lambda data: with_page(data, 24, "<Q", 2), "contradicts"),
        (lambda data: with_page(data, 24, "<Q", 2**16 + 1), "contradicts"),
        (lambda data: with_page(data, 32, "<Q", 2**63), "contradicts"),
        (lambda data: with_page(data, 40, "<Q", 1), "altered"),
        (lambda data: data[:16] + b"\xff" + data[17:], "first page"),
        (lambda data: data[:2000] + b"\x01" + data[2001:], "first page"),
        (lambda data: data[: PAGE - 1] + bytes([data[PAGE - 1] ^ 1]) + data[PAGE:], "first page"),
    ],
)
def test_a_damaged_segment_is_refused_and_left_as_it_is(
    tmp_path: Path, written: bytes, damage: Callable[[bytes], bytes], says: str
) -> None:
    path = tmp_path / "one.segment"
    path.write_bytes(damage(written))
    with pytest.raises(SegmentDamaged, match=says):
        Segment(path)
    assert path.read_bytes() == damage(written)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_segment_with_any_one_bit_changed_is_refused(
    tmp_path: Path, written: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.one_of(st.integers(0, PAGE - 1), st.integers(0, len(written) - 1)))
    bit = data.draw(st.integers(0, 7))
    path = tmp_path / "one.segment"
    path.write_bytes(written[:place] + bytes([written[place] ^ 1 << bit]) + written[place + 1 :])
    with pytest.raises(SegmentDamaged):
        Segment(path)


def test_a_missing_segment_or_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(SegmentDamaged, match="cannot be read"):
            Segment(path)


WITHOUT_THE_COMPILED_CORE = """
import sys
sys.modules["safehold._native"] = None
from pathlib import Path
import numpy as np
from safehold.signals import kernels
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import write_segment
assert kernels.kernel() == "numpy"
whole, anew = Path(sys.argv[1]), Path(sys.argv[2])
segment = Segment(whole)
write_segment(anew, segment.ids, segment.values, segment.tags(np.arange(len(segment))), 16)
for farthest in (0, 31, 256):
    assert 0 in segment.search(segment.values[:1], farthest)[1]
"""


def test_without_the_compiled_core_a_segment_is_read_and_written_to_the_same_byte(
    tmp_path: Path, written: bytes
) -> None:
    (tmp_path / "one").write_bytes(written)
    command = [sys.executable, "-c", WITHOUT_THE_COMPILED_CORE, str(tmp_path / "one"), str(tmp_path / "two")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert (tmp_path / "two").read_bytes() == written


def test_a_segment_that_is_unlinked_is_searched_by_whoever_has_it_mapped(tmp_path: Path) -> None:
    ids, values, tags = entries(COUNT)
    write_segment(tmp_path / "one", ids, values, tags, PARTS)
    segment = Segment(tmp_path / "one")
    (tmp_path / "one").unlink()
    assert len(segment.search(values, 0)[0]) == COUNT


def test_a_segment_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    ids, values, tags = entries(COUNT)
    with pytest.raises(ValueError, match="expected"):
        write_segment(tmp_path / "one", ids, values, tags, 99)
    (tmp_path / ("two" + PARTIAL)).mkdir()
    with pytest.raises(OSError, match="exists"):
        write_segment(tmp_path / "two", ids, values, tags, 16)
    assert names_in(tmp_path) == ["two" + PARTIAL]


@pytest.mark.parametrize(
    ("count", "parts"), [(0, 16), (199_999, 16), (200_000, 12), (2_999_999, 12), (3_000_000, 11), (10**8, 11)]
)
def test_larger_segments_are_cut_into_fewer_parts(count: int, parts: int) -> None:
    assert parts_for(count) == parts


@pytest.mark.slow
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_first_page_that_says_anything_at_all_is_refused_or_says_what_was_written(
    tmp_path: Path, written: bytes, data: st.DataObject
) -> None:
    changed = written
    fields = ((8, "<I", 2**32), (12, "<I", 2**32), (16, "<Q", 2**64), (24, "<Q", 2**64), (32, "<Q", 2**64))
    for at, form, most in fields:
        if data.draw(st.booleans()):
            near = st.integers(0, 4 * COUNT)
            number = data.draw(st.one_of(near, st.integers(0, most - 1)))
            changed = with_page(changed, at, form, number)
    length = data.draw(st.one_of(st.just(len(changed)), st.integers(0, len(changed) + PAGE)))
    path = tmp_path / "one.segment"
    path.write_bytes(changed[:length].ljust(length, b"\0"))
    try:
        mapped = map_segment(path)
    except SegmentDamaged:
        assert path.read_bytes() != written
        return
    # A file of the right length with the right sum has the right tables, whatever else was drawn.
    assert (mapped.parts, len(mapped.values)) == (PARTS, COUNT)


@pytest.mark.slow
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=2 * PAGE))
def test_a_file_of_any_bytes_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "one.segment"
    path.write_bytes(data)
    with pytest.raises(SegmentDamaged):
        map_segment(path)
