"""Indexes find exactly what comparing with every entry finds, through any sequence of changes."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from safehold.model.ids import new_id
from safehold.signals import kernels, reference
from safehold.signals.digests import Md5, Sha256
from safehold.signals.index import ExactIndex, FlatIndex, Hit, SegmentedIndex, index_for
from safehold.signals.index.base import SignalIndex
from safehold.signals.pdq import Pdq

WIDTH = 32


def table(values: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(values), dtype=np.uint8).reshape(len(values), -1).copy()


def flipped(value: bytes, bits: int) -> bytes:
    """Return the value with its first `bits` bits changed."""
    mask = ((1 << bits) - 1) << (8 * len(value) - bits)
    return (int.from_bytes(value) ^ mask).to_bytes(len(value))


def tag_of(value: bytes) -> int:
    """Return the tag that an entry with this value has in these tests."""
    return value[-1] << 56


def by_comparing_all(entries: dict[UUID, bytes], value: bytes, max_distance: int) -> list[Hit]:
    distances = {one: (int.from_bytes(value) ^ int.from_bytes(v)).bit_count() for one, v in entries.items()}
    hits = [
        Hit(one, distance, tag_of(entries[one]))
        for one, distance in distances.items()
        if distance <= max_distance
    ]
    return sorted(hits, key=lambda hit: (hit.distance, hit.entry_id))


BASES = [bytes(WIDTH), bytes([255] * WIDTH), bytes(range(WIDTH))]
VALUES = st.builds(flipped, st.sampled_from(BASES), st.integers(0, 8 * WIDTH))


class AnyIndex(RuleBasedStateMachine):
    """Adds and removals in any order, on each kind of index at once, checked against a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.segmented = SegmentedIndex(Path(self.folder.name))
        self.indexes: list[SignalIndex] = [FlatIndex(WIDTH), ExactIndex(WIDTH), self.segmented]
        self.entries: dict[UUID, bytes] = {}
        self.gone: list[UUID] = []

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(everything=st.booleans())
    def merge(self, everything: bool) -> None:
        merge = self.segmented.begin_merge({}, everything=everything)
        assert merge is not None
        assert self.segmented.finish_merge(merge)

    @rule(values=st.lists(VALUES, max_size=40))
    def add(self, values: list[bytes]) -> None:
        self.entries |= (batch := {new_id(): value for value in values})
        for tag in {tag_of(value) for value in values}:
            ids = [one for one, value in batch.items() if tag_of(value) == tag]
            for index in self.indexes:
                index.add(ids, table([batch[one] for one in ids]), tag)
        for index in self.indexes:
            index.add([], np.empty((0, WIDTH), np.uint8))

    @rule(value=VALUES)
    def remove_tagged(self, value: bytes) -> None:
        for index in self.indexes:
            index.remove_tagged(tag_of(value))
        self.entries = {one: v for one, v in self.entries.items() if tag_of(v) != tag_of(value)}

    @invariant()
    def says_what_it_holds(self) -> None:
        for index in self.indexes:
            assert index.counts == Counter(map(tag_of, self.entries.values()))
            assert index.holds([*self.entries, new_id()]) == [True] * len(self.entries) + [False]

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        known = [*self.entries, *self.gone[-2:], new_id()]
        chosen = data.draw(st.lists(st.sampled_from(known), max_size=10))
        for index in self.indexes:
            index.remove(chosen)
        self.gone += [one for one in set(chosen) if self.entries.pop(one, None)]

    @rule(value=VALUES, max_distance=st.integers(0, 8 * WIDTH + 5))
    def search(self, value: bytes, max_distance: int) -> None:
        wanted = by_comparing_all(self.entries, value, max_distance)
        for index in self.indexes:
            assert index.search(value, max_distance) == wanted

    @rule(values=st.lists(VALUES, max_size=8), max_distance=st.integers(0, 8 * WIDTH))
    def search_many(self, values: list[bytes], max_distance: int) -> None:
        wanted = [by_comparing_all(self.entries, value, max_distance) for value in values]
        rows = table(values) if values else np.empty((0, WIDTH), np.uint8)
        for index in self.indexes:
            assert index.search_many(rows, max_distance) == wanted
            assert (
                index.search_many(rows, max_distance // 2, beyond=max_distance - max_distance // 2) == wanted
            )

    @rule(data=st.data())
    def add_again(self, data: st.DataObject) -> None:
        if not self.entries:
            return
        one = data.draw(st.sampled_from(list(self.entries)))
        for index in self.indexes:
            with pytest.raises(ValueError, match="already"):
                index.add([new_id(), one], table([bytes(WIDTH), bytes(WIDTH)]))

    @invariant()
    def lengths_agree(self) -> None:
        assert {len(index) for index in self.indexes} == {len(self.entries)}


TestAnyIndex = AnyIndex.TestCase
TestAnyIndex.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("scan", [kernels.hamming_scan, reference.hamming_scan], ids=["native", "numpy"])
@pytest.mark.parametrize("width", [1, 7, 8, 15, 16, 20, 31, 32, 33, 40, 64, 100])
def test_a_scan_finds_each_distance_once_at_every_width(scan: object, width: int) -> None:
    query = np.random.default_rng(width).bytes(width)
    rows = table([flipped(query, bits) for bits in range(8 * width + 1)])
    for limit in (0, 1, 31, 4 * width, 8 * width, 8 * width + 100):
        found, distances = scan(query, rows, limit)  # type: ignore[operator]
        assert found.dtype == np.int64
        assert distances.dtype == np.uint16
        assert found.tolist() == distances.tolist() == list(range(min(limit, 8 * width) + 1))


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 300), limit=st.integers(0, 260))
def test_compiled_and_reference_scans_agree(seed: int, count: int, limit: int) -> None:
    random = np.random.default_rng(seed)
    rows, query = random.integers(0, 256, (count, WIDTH), dtype=np.uint8), random.bytes(WIDTH)
    for one, other in zip(
        kernels.hamming_scan(query, rows, limit), reference.hamming_scan(query, rows, limit), strict=True
    ):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("scan", [kernels.hamming_scan, reference.hamming_scan], ids=["native", "numpy"])
@pytest.mark.parametrize(
    ("query", "rows", "limit"),
    [
        (bytes(31), np.zeros((3, 32), np.uint8), 1),
        (bytes(32), np.zeros((3, 32), np.uint8), -1),
        (b"", np.zeros((3, 0), np.uint8), 1),
        (bytes(9000), np.zeros((3, 9000), np.uint8), 1),
        (bytes(32), np.zeros((3, 32), np.int8), 1),
        (bytes(32), np.zeros(32, np.uint8), 1),
        (bytes(32), np.zeros((6, 32), np.uint8)[::2], 1),
        (bytes(32), np.zeros((32, 32), np.uint8).T[:, ::-1], 1),
    ],
)
def test_a_scan_of_something_else_is_a_value_error(
    scan: object, query: bytes, rows: NDArray[np.uint8], limit: int
) -> None:
    with pytest.raises(ValueError, match="expected"):
        scan(query, rows, limit)  # type: ignore[operator]


@pytest.mark.parametrize("make", [FlatIndex, ExactIndex])
def test_a_refused_batch_changes_nothing(make: type[FlatIndex] | type[ExactIndex]) -> None:
    index, twice = make(WIDTH), new_id()
    for ids, values in (
        ([twice, twice], np.zeros((2, WIDTH), np.uint8)),
        ([new_id()], np.zeros((2, WIDTH), np.uint8)),
        ([new_id()], np.zeros((1, WIDTH - 1), np.uint8)),
        ([new_id()], np.zeros((1, WIDTH), np.int8)),
    ):
        with pytest.raises(ValueError):
            index.add(ids, values)
    assert len(index) == 0
    assert index.search(bytes(WIDTH), 8 * WIDTH) == []


@pytest.mark.parametrize("make", [FlatIndex, ExactIndex])
def test_a_digest_of_another_length_or_a_negative_distance_is_refused(
    make: type[FlatIndex] | type[ExactIndex],
) -> None:
    with pytest.raises(ValueError, match="bytes"):
        make(WIDTH).search(bytes(WIDTH + 1), 0)
    with pytest.raises(ValueError, match="max_distance"):
        make(WIDTH).search(bytes(WIDTH), -1)


def test_values_changed_after_adding_do_not_change_the_index() -> None:
    values = np.zeros((1, WIDTH), np.uint8)
    index, one = FlatIndex(WIDTH), new_id()
    index.add([one], values)
    values[:] = 255
    assert index.search(bytes(WIDTH), 0) == [Hit(one, 0)]


def test_the_kind_of_signal_decides_the_kind_of_index() -> None:
    assert isinstance(index_for(Pdq()), FlatIndex)
    assert isinstance(index_for(Sha256()), ExactIndex)
    assert isinstance(index_for(Md5()), ExactIndex)


def test_readers_see_whole_batches_while_a_writer_adds_and_removes() -> None:
    index, batch_size, done = FlatIndex(WIDTH), 50, threading.Event()
    seen: set[int] = set()
    broken: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                seen.add(len(index.search(bytes(WIDTH), 0)))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            broken.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    batches: list[list[UUID]] = []
    for _ in range(25):
        batches.append([new_id() for _ in range(batch_size)])
        index.add(batches[-1], np.zeros((batch_size, WIDTH), np.uint8))
        if len(batches) > 3:
            index.remove(batches.pop(0))
    done.set()
    for reader in readers:
        reader.join()
    assert broken == []
    assert all(count % batch_size == 0 for count in seen)
    assert len(index.search(bytes(WIDTH), 0)) == 3 * batch_size
