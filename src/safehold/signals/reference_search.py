"""Search over 256-bit rows in NumPy: the oracle of the compiled core's tests, and the fallback without one.

native/multi_index.hpp explains the search by parts. Here the tables are made in the same form, to the byte,
but a search compares with every row: it finds the same, slower.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from safehold.signals.reference import hamming_scan

Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]
"""Numbers of queries, rows and distances, one of each for every pair that is near; in no particular order."""

ROW_BYTES = 32
FEWEST_PARTS, MOST_PARTS = 11, 16
FARTHEST = 43
MOST_THREADS = 256
_ODD = np.uint64(0x9E3779B97F4A7C15)


def instruction_sets() -> list[str]:
    """Return the names of what the core was compiled for and this processor runs, the best last."""
    return ["plain"]


def scan_rows(
    queries: NDArray[np.uint8],
    table: NDArray[np.uint8],
    max_distance: int,
    threads: int = 1,
    instructions: str = "",
) -> Found:
    """Return every pair of a query and a row within max_distance bits, by comparing each with each.

    queries, table: (count, 32), C order, rows on 8-byte boundaries; either may be empty. threads: 1 to 256,
    which share the queries. instructions: one of `instruction_sets`, empty for the best. Raises ValueError
    for anything else and for a negative distance.
    """
    _need_rows(queries)
    _need_rows(table)
    _need(max_distance >= 0, "expected max_distance of 0 or more")
    _need(1 <= threads <= MOST_THREADS, "expected 1 to 256 threads")
    _need(instructions in ("", *instruction_sets()), "expected a name from instruction_sets()")
    found = [hamming_scan(query.tobytes(), table, max_distance) for query in queries]
    numbers = np.repeat(np.arange(len(queries), dtype=np.int64), [len(rows) for rows, _ in found])
    rows = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in found)])
    return numbers, rows, np.concatenate([np.empty(0, np.uint16), *(distances for _, distances in found)])


def search_parts(
    queries: NDArray[np.uint8],
    table: NDArray[np.uint8],
    tables: NDArray[np.uint32],
    parts: int,
    max_distance: int,
    threads: int = 1,
    instructions: str = "",
    beyond: int = 0,
) -> Found:
    """Return what `scan_rows` returns, found by way of the tables; max_distance is at most 43.

    beyond: 0 to 256; of the rows that lie so many bits farther, those may be returned too that the search
    comes across: here all of them, in the compiled core most.
    tables: for each of 11 to 16 parts its offsets, then its rows, as `part_table` makes them. Whatever
    numbers they hold, nothing outside the arrays is read; wrong ones hide rows. Raises ValueError as
    `scan_rows`, and for tables of another length.
    """
    _need(FEWEST_PARTS <= parts <= MOST_PARTS, "expected 11 to 16 parts")
    _need(max_distance <= FARTHEST, "expected max_distance of at most 43")
    _need_rows(table)
    _need(tables.dtype == np.uint32, "expected unsigned 32-bit numbers (uint32)")
    wanted = tables_length(len(table), parts)
    _need(tables.shape == (wanted,), "expected the tables of as many rows and parts")
    _need(0 <= beyond <= 8 * ROW_BYTES, "expected 0 to 256 bits beyond")
    return scan_rows(queries, table, max_distance + beyond, threads, instructions)


def part_table(
    table: NDArray[np.uint8], index: int, parts: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return (offsets, rows). The rows with key b in the part are rows[offsets[b]:offsets[b + 1]], ascending.

    Raises ValueError where `scan_rows` does for a table, for other than 11 to 16 parts and for a part that
    is none of them.
    """
    _need_rows(table)
    _need(FEWEST_PARTS <= parts <= MOST_PARTS, "expected 11 to 16 parts")
    _need(0 <= index < parts, "expected the number of a part")
    first, bits = part_at(index, parts)
    words = np.ascontiguousarray(table).view("<u8").reshape(-1, ROW_BYTES // 8)
    word, shift = divmod(first, 64)
    keys = words[:, word] >> np.uint64(shift)
    if shift + bits > 64:
        keys |= words[:, word + 1] << np.uint64(64 - shift)
    keys &= np.uint64((1 << bits) - 1)
    sizes = np.bincount(keys.astype(np.int64), minlength=1 << bits)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32)
    return offsets, np.argsort(keys, kind="stable").astype(np.uint32)


def part_at(index: int, parts: int) -> tuple[int, int]:
    """Return (number of the first bit, bits) of a part; the shorter parts come first."""
    bits, longer = divmod(8 * ROW_BYTES, parts)
    shorter = parts - longer
    return index * bits + max(index - shorter, 0), bits + (index >= shorter)


def tables_length(count: int, parts: int) -> int:
    """Return how many 32-bit numbers the tables of all parts take for so many rows."""
    return sum((1 << part_at(index, parts)[1]) + 1 + count for index in range(parts))


def checksum(words: NDArray[np.uint64], position: int) -> int:
    """Return the checksum of words, the first of which is number `position` of the whole.

    native/checksum.hpp says what it is good for. The checksum of the whole is the sum of those of its pieces,
    modulo 2^64. Raises ValueError for another kind of number or more than one dimension.
    """
    _need(words.ndim == 1, "expected an array of one dimension")
    _need(words.dtype == np.uint64, "expected unsigned 64-bit numbers (uint64)")
    numbers = np.arange(len(words), dtype=np.uint64) + np.uint64(position)
    mixed = (words ^ (numbers * _ODD)) * _ODD
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _ODD
    return int((mixed ^ (mixed >> np.uint64(29))).sum(dtype=np.uint64))


def _need(fits: bool, what: str) -> None:
    if not fits:
        raise ValueError(what)


def _need_rows(array: NDArray[np.uint8]) -> None:
    _need(array.ndim == 2 and array.shape[1] == ROW_BYTES, "expected rows of shape (count, 32)")
    _need(array.dtype == np.uint8, "expected unsigned 8-bit numbers (uint8)")
    _need(bool(array.flags.c_contiguous), "expected an array in C order")
