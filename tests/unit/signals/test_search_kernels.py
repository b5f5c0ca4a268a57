"""Search over 256-bit rows: every set of instructions and NumPy find what counting bits one by one finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from safehold.signals import kernels, reference_search

Pairs = set[tuple[int, int, int]]

SETS = ["", *kernels.instruction_sets()]
PARTS = range(reference_search.FEWEST_PARTS, reference_search.MOST_PARTS + 1)


def rows(count: int, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def flipped(row: NDArray[np.uint8], bits: int, seed: int) -> NDArray[np.uint8]:
    """Return the row with so many of its bits, chosen by the seed, changed."""
    each = np.unpackbits(row)
    each[np.random.default_rng(seed).permutation(256)[:bits]] ^= 1
    return np.packbits(each)


def clusters(seed: int, size: int) -> NDArray[np.uint8]:
    """Return rows at every distance from three bases, so that neighbours are neither all near nor all far."""
    bases = rows(3, seed)
    distances = np.random.default_rng(seed).integers(0, 70, size)
    return np.stack([flipped(bases[k % 3], int(each), seed + k) for k, each in enumerate(distances)])


def tables_of(table: NDArray[np.uint8], parts: int) -> NDArray[np.uint32]:
    return np.concatenate([one for k in range(parts) for one in kernels.part_table(table, k, parts)])


def pairs(found: reference_search.Found) -> Pairs:
    """Return the pairs, having seen that none comes twice."""
    each = list(zip(*(column.tolist() for column in found), strict=True))
    assert len(set(each)) == len(each)
    return set(each)


def by_hand(queries: NDArray[np.uint8], table: NDArray[np.uint8], farthest: int) -> Pairs:
    numbers = [[int.from_bytes(row.tobytes()) for row in each] for each in (queries, table)]
    all_pairs = {
        (q, t, (a ^ b).bit_count()) for q, a in enumerate(numbers[0]) for t, b in enumerate(numbers[1])
    }
    return {pair for pair in all_pairs if pair[2] <= farthest}


@pytest.mark.parametrize("instructions", SETS)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), size=st.integers(1, 90), farthest=st.integers(0, 300))
def test_a_scan_finds_what_counting_by_hand_finds(
    instructions: str, seed: int, size: int, farthest: int
) -> None:
    table = clusters(seed, size)
    queries = np.concatenate([table[:2], clusters(seed, 3)])
    found = kernels.scan_rows(queries, table, farthest, instructions=instructions)
    assert pairs(found) == by_hand(queries, table, farthest)
    assert pairs(reference_search.scan_rows(queries, table, farthest)) == pairs(found)


# Fewer parts have longer keys and so larger tables, which take their time.
@pytest.mark.parametrize(
    "parts", [16, 15, *(pytest.param(parts, marks=pytest.mark.slow) for parts in (14, 13, 12, 11))]
)
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), size=st.integers(1, 120), farthest=st.integers(0, 43))
def test_a_search_by_parts_finds_what_a_scan_finds(parts: int, seed: int, size: int, farthest: int) -> None:
    table = clusters(seed, size)
    queries = np.concatenate([table[:3], clusters(seed, 3)])
    tables = tables_of(table, parts)
    expected = pairs(reference_search.scan_rows(queries, table, farthest))
    for instructions in SETS:
        found = kernels.search_parts(queries, table, tables, parts, farthest, instructions=instructions)
        assert pairs(found) == expected


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    size=st.integers(1, 120),
    farthest=st.integers(0, 43),
    beyond=st.integers(0, 256),
)
def test_what_is_seen_beyond_takes_nothing_from_what_is_within(
    seed: int, size: int, farthest: int, beyond: int
) -> None:
    table = clusters(seed, size)
    queries = np.concatenate([table[:3], clusters(seed, 3)])
    tables = tables_of(table, 16)
    for instructions in SETS:
        found = pairs(
            kernels.search_parts(
                queries, table, tables, 16, farthest, instructions=instructions, beyond=beyond
            )
        )
        assert {pair for pair in found if pair[2] <= farthest} == by_hand(queries, table, farthest)
        assert found <= by_hand(queries, table, farthest + beyond)


@pytest.mark.parametrize("parts", PARTS)
def test_of_what_lies_eight_bits_beyond_ninety_seven_in_a_hundred_are_seen(parts: int) -> None:
    base = rows(1)[0]
    table = np.stack([flipped(base, 32 + k % 8, k) for k in range(4000)])
    _, found, distances = kernels.search_parts(
        base.reshape(1, -1), table, tables_of(table, parts), parts, 31, beyond=8
    )
    assert len(found) >= 0.97 * len(table)
    assert (distances == 32 + found % 8).all()


@pytest.mark.parametrize("parts", PARTS)
def test_a_search_by_parts_is_right_at_each_distance_on_both_sides_of_each_radius(parts: int) -> None:
    base = rows(1)[0]
    table = np.stack([flipped(base, bits, 100 * bits + k) for bits in range(48) for k in range(20)])
    tables = tables_of(table, parts)
    for farthest in range(44):
        _, found, distances = kernels.search_parts(base.reshape(1, -1), table, tables, parts, farthest)
        assert sorted(found.tolist()) == list(range(20 * (farthest + 1)))
        assert (distances == found // 20).all()


@pytest.mark.parametrize(
    ("count", "parts"), [(0, 16), (1, 16), (500, 16), (500, 15), (500, 14), (500, 13), (500, 12)]
)
def test_the_tables_of_a_part_are_those_that_numpy_makes_and_cover_every_bit_once(
    parts: int, count: int
) -> None:
    table = np.concatenate([rows(count), rows(count)])  # everything twice: buckets with more than one row
    covered = [0] * 256
    for index in range(parts):
        first, bits = reference_search.part_at(index, parts)
        covered[first : first + bits] = [each + 1 for each in covered[first : first + bits]]
        for ours, oracle in zip(
            kernels.part_table(table, index, parts),
            reference_search.part_table(table, index, parts),
            strict=True,
        ):
            assert ours.dtype == oracle.dtype == np.uint32
            assert ours.tobytes() == oracle.tobytes()
    assert covered == [1] * 256


def test_tables_with_wrong_numbers_are_searched_without_reading_elsewhere() -> None:
    table, random = rows(300), np.random.default_rng(5)
    for parts in (14, 16):
        length = reference_search.tables_length(len(table), parts)
        for tables in (
            random.integers(0, 2**32, length, dtype=np.uint32),
            np.full(length, 2**32 - 1, np.uint32),
            np.zeros(length, np.uint32),
            np.repeat(np.array([0, 300], np.uint32), [length // 2, length - length // 2]),
        ):
            found = kernels.search_parts(table[:5], table, tables, parts, 31)
            assert {row for _, row, _ in zip(*(c.tolist() for c in found), strict=True)} <= set(range(300))


@pytest.mark.parametrize("threads", [1, 2, 3, 7, 256])
def test_threads_share_the_queries_and_lose_none(threads: int) -> None:
    table, tables = rows(2000), tables_of(rows(2000), 16)
    queries = np.ascontiguousarray(table[::19])
    expected = {(k, 19 * k, 0) for k in range(len(queries))}
    assert pairs(kernels.search_parts(queries, table, tables, 16, 31, threads)) == expected
    assert pairs(kernels.scan_rows(queries, table, 31, threads)) == expected
    assert pairs(kernels.scan_rows(queries[:0], table, 31, threads)) == set()


def test_a_million_equal_rows_are_each_found_once() -> None:
    table = np.zeros((1_000_000, 32), np.uint8)
    _, found, distances = kernels.search_parts(table[:1], table, tables_of(table, 16), 16, 31)
    assert len(found) == len(set(found.tolist())) == len(table)
    assert not distances.any()


@pytest.mark.parametrize("scan", [kernels.scan_rows, reference_search.scan_rows], ids=["native", "numpy"])
@pytest.mark.parametrize(
    "change",
    [
        {"queries": rows(2)[:, :31]},
        {"queries": rows(2).reshape(-1)},
        {"table": rows(2).astype(np.int8)},
        {"table": rows(8)[::2]},
        {"max_distance": -1},
        {"threads": 0},
        {"threads": 257},
        {"instructions": "of another processor"},
    ],
)
def test_a_scan_of_something_else_is_a_value_error(scan: object, change: dict[str, object]) -> None:
    arguments = {"queries": rows(2), "table": rows(2), "max_distance": 31, "threads": 1, "instructions": ""}
    with pytest.raises(ValueError, match="expected"):
        scan(**(arguments | change))  # type: ignore[operator]


@pytest.mark.parametrize(
    "search", [kernels.search_parts, reference_search.search_parts], ids=["native", "numpy"]
)
@pytest.mark.parametrize(
    "change",
    [
        {"parts": 10},
        {"parts": 17},
        {"max_distance": 44},
        {"beyond": -1},
        {"beyond": 257},
        {"table": rows(3)},
        {"tables": tables_of(rows(2), 12).astype(np.int64)},
        {"tables": tables_of(rows(2), 12)[:-1]},
        {"queries": rows(2)[:, :31]},
    ],
)
def test_a_search_by_other_tables_is_a_value_error(search: object, change: dict[str, object]) -> None:
    table = rows(2)
    arguments = {
        "queries": table,
        "table": table,
        "tables": tables_of(table, 12),
        "parts": 12,
        "max_distance": 31,
    }
    with pytest.raises(ValueError, match="expected"):
        search(**(arguments | change))  # type: ignore[operator]


@pytest.mark.parametrize("made", [kernels.part_table, reference_search.part_table], ids=["native", "numpy"])
@pytest.mark.parametrize(("index", "parts"), [(0, 10), (0, 17), (12, 12)])
def test_a_part_that_is_none_is_a_value_error(made: object, index: int, parts: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        made(rows(2), index, parts)  # type: ignore[operator]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**31), count=st.integers(0, 60), cut=st.integers(0, 60), bit=st.integers(0, 63))
def test_a_checksum_adds_up_and_changes_with_any_bit_and_any_place(
    seed: int, count: int, cut: int, bit: int
) -> None:
    words = np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)
    whole, cut = kernels.checksum(words, 7), min(cut, count)
    assert whole == reference_search.checksum(words, 7)
    pieces = kernels.checksum(words[:cut], 7) + kernels.checksum(np.ascontiguousarray(words[cut:]), 7 + cut)
    assert whole == pieces % 2**64
    if count:
        other = words.copy()
        other[seed % count] ^= np.uint64(1 << bit)
        assert kernels.checksum(other, 7) != whole
        assert kernels.checksum(words, 8) != whole
    if count > 1:
        twice = words.copy()
        twice[:2] ^= np.uint64(1 << 63)
        assert kernels.checksum(twice, 7) != whole


@pytest.mark.parametrize("adds", [kernels.checksum, reference_search.checksum], ids=["native", "numpy"])
@pytest.mark.parametrize("words", [np.zeros((2, 2), np.uint64), np.zeros(2, np.int64)])
def test_a_checksum_of_something_else_is_a_value_error(adds: object, words: NDArray[np.uint64]) -> None:
    with pytest.raises(ValueError, match="expected"):
        adds(words, 0)  # type: ignore[operator]
