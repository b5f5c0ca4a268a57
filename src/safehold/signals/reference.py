"""The compiled core's functions in NumPy: the oracle of its tests, and the fallback where none was built.

native/pdq.hpp explains the algorithm. Here a picture is read in 64 overlapping strips, one for each row
of the grid, in double precision; memory grows with the width of a strip, not with the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version as installed_version
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Real = NDArray[np.float64]
_Bytes = NDArray[np.uint8]
_Band = tuple[int, _Real]
"""First index, and the weights from there on."""

_GRID = 64
_FREQUENCIES = 16
_SHORTEST_SIDE = 5
_SHORTEST_SCALED_SIDE = 128
_LARGEST_FACTOR = 16
_WIDEST_ROW = 8191
_LUMA = np.array([299, 587, 114], dtype=np.float64) / 1000
_ROWS_AT_ONCE = 1 << 16


def pdq_rgb(pixels: _Bytes, turned: bool = False) -> tuple[bytes, int]:
    """Return (32 bytes, quality 0..100) of pixels (height, width, 3), red green blue, C order.

    turned: 256 bytes instead, the digests of the picture turned in each of `model.signal.TURNS`. A picture
    with a side under 5 pixels has all bits 0 and quality 0. Raises ValueError for an array of another shape,
    kind of number or memory order, or without pixels.
    """
    _need(pixels.ndim == 3 and pixels.shape[2] == 3, "expected pixels of shape (height, width, 3)")
    return _pdq(pixels, lambda strip: strip @ _LUMA, _Size(*pixels.shape[:2]), turned)


def pdq_luma(pixels: _Bytes, turned: bool = False) -> tuple[bytes, int]:
    """Return (32 or 256 bytes, quality) of luma pixels (height, width), C order. Edges as `pdq_rgb`."""
    _need(pixels.ndim == 2, "expected pixels of shape (height, width)")
    return _pdq(pixels, _as_numbers, _Size(*pixels.shape), turned)


def pdq_scaled(
    pixels: _Bytes, height: int, width: int, factor: int, turned: bool = False
) -> tuple[bytes, int]:
    """Return (32 or 256 bytes, quality) of a picture of height x width, scaled down before.

    pixels: (height, width, 3), the first two divided by factor and rounded up, C order, red green blue.
    Raises ValueError for another shape, for a factor beyond 1 to 16, and for less than 128 x 128 pixels where
    factor is not 1.
    """
    _need(pixels.ndim == 3 and pixels.shape[2] == 3, "expected pixels of shape (height, width, 3)")
    _need(1 <= factor <= _LARGEST_FACTOR, "expected a factor of 1 to 16")
    _need(
        pixels.shape[:2] == (-(-height // factor), -(-width // factor)),
        "expected one pixel of each factor x factor",
    )
    _need(
        factor == 1 or min(pixels.shape[:2]) >= _SHORTEST_SCALED_SIDE,
        "expected a scaled picture of at least 128 x 128 pixels",
    )
    return _pdq(pixels, lambda strip: strip @ _LUMA, _Size(height, width, factor), turned)


def hamming_scan(
    query: bytes, table: _Bytes, max_distance: int
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return (row numbers ascending, distances) of the rows within max_distance bits of the query.

    table: (count, bytes), count may be 0. Raises ValueError where the query is not as long as a row, for
    rows of 0 or over 8191 bytes, for a negative distance, and for a table of another kind of number or
    memory order.
    """
    _need(table.ndim == 2, "expected a table of shape (count, bytes)")
    _need_plain_bytes(table)
    _need(0 < table.shape[1] <= _WIDEST_ROW, "expected rows of 1 to 8191 bytes")
    _need(len(query) == table.shape[1], "expected a query as long as the rows of the table")
    _need(max_distance >= 0, "expected max_distance of 0 or more")
    wanted = np.frombuffer(query, dtype=np.uint8)
    distances = np.empty(len(table), dtype=np.uint16)
    for start in range(0, len(table), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        distances[part] = np.bitwise_count(table[part] ^ wanted).sum(axis=1, dtype=np.uint16)
    rows = np.flatnonzero(distances <= max_distance).astype(np.int64)
    return rows, distances[rows]


def version() -> str:
    """Return the version of the installed package."""
    return installed_version("safehold")


def _need(fits: bool, what: str) -> None:
    if not fits:
        raise ValueError(what)


def _need_plain_bytes(array: _Bytes) -> None:
    _need(array.dtype == np.uint8, "expected unsigned 8-bit numbers (uint8)")
    _need(array.flags.c_contiguous, "expected an array in C order")


class _Size(NamedTuple):
    """Of the picture; one pixel of each factor x factor is there."""

    height: int
    width: int
    factor: int = 1


def _as_numbers(strip: _Bytes) -> _Real:
    return strip.astype(np.float64)


def _pdq(pixels: _Bytes, to_luma: Callable[[_Bytes], _Real], size: _Size, turned: bool) -> tuple[bytes, int]:
    _need_plain_bytes(pixels)
    _need(pixels.size > 0, "expected at least one pixel")
    if min(size.height, size.width) < _SHORTEST_SIDE:
        return bytes(256 if turned else 32), 0
    rows, columns = _bands(size.height, size.factor), _bands(size.width, size.factor)
    strips = [weights @ to_luma(pixels[first : first + len(weights)]) for first, weights in rows]
    grid = _shrink_lines(np.stack(strips), columns)
    values = _cosines() @ grid @ _cosines().T
    turns = _TURNS if turned else _TURNS[:1]
    return b"".join(_bits(_turned(values, *turn)) for turn in turns), _quality(grid)


def _shrink_lines(lines: _Real, bands: tuple[_Band, ...]) -> _Real:
    columns = [lines[:, first : first + len(weights)] @ weights for first, weights in bands]
    return np.stack(columns, axis=1)


@lru_cache(maxsize=8)
def _bands(length: int, factor: int) -> tuple[_Band, ...]:
    """Return which pixels of an axis make up each of the 64 samples, and with what weight.

    factor: one pixel is there for so many of the axis; it has the weight of all of them.
    """
    window = (length + 2 * _GRID - 1) // (2 * _GRID)
    centres = ((np.arange(_GRID) + 0.5) * length / _GRID).astype(np.int64)
    return tuple(_gathered(_band(int(centre), length, window), factor) for centre in centres)


def _gathered(band: _Band, factor: int) -> _Band:
    first, weights = band
    place = (first + np.arange(len(weights))) // factor
    shares: _Real = np.bincount(place - place[0], weights).astype(np.float64)
    return int(place[0]), shares


def _band(centre: int, length: int, window: int) -> _Band:
    """Return the box of boxes around one centre, each box cut off at the ends of the axis."""
    ahead = (window + 2) // 2 - 1
    behind = window - ahead - 1
    outer = np.arange(max(centre - behind, 0), min(centre + ahead, length - 1) + 1)
    begin = np.maximum(outer - behind, 0)
    end = np.minimum(outer + ahead, length - 1) + 1
    share = 1.0 / (len(outer) * (end - begin))
    first = int(begin[0])
    steps = np.zeros(int(end[-1]) - first + 1)
    np.add.at(steps, begin - first, share)
    np.add.at(steps, end - first, -share)
    return first, np.cumsum(steps)[:-1]


def _quality(grid: _Real) -> int:
    """Return how many clear steps lie between neighbouring samples, 100 being plenty."""
    down = np.trunc(np.diff(grid, axis=0) * 100 / 255)
    across = np.trunc(np.diff(grid, axis=1) * 100 / 255)
    return min(int(np.abs(down).sum() + np.abs(across).sum()) // 90, 100)


@lru_cache(maxsize=1)
def _cosines() -> _Real:
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    place = 2 * np.arange(_GRID)[None, :] + 1
    cosines: _Real = np.sqrt(2 / _GRID) * np.cos(np.pi / 2 / _GRID * frequency * place)
    return cosines


# Whether the axes are swapped, then the rows mirrored, the columns mirrored, in the order of TURNS.
_TURNS = (
    (False, False, False),
    (True, False, True),
    (False, True, True),
    (True, True, False),
    (False, False, True),
    (False, True, False),
    (True, False, False),
    (True, True, True),
)
_MIRRORED = np.where(np.arange(_FREQUENCIES) % 2, 1.0, -1.0)  # odd frequencies, for the mean is left out


def _turned(values: _Real, swap: bool, mirror_rows: bool, mirror_columns: bool) -> _Real:
    """Return the frequencies of the picture turned: swapped axes swap them, a mirror negates every other."""
    result = values.T if swap else values
    if mirror_rows:
        result = result * _MIRRORED[:, None]
    return result * _MIRRORED if mirror_columns else result


def _bits(values: _Real) -> bytes:
    """Return one bit for each low frequency: above the median or not, the last frequency first."""
    flat = values.ravel()
    median = np.partition(flat, len(flat) // 2 - 1)[len(flat) // 2 - 1]
    return np.packbits((flat > median)[::-1]).tobytes()
