"""Types of the compiled core (native/*module.cpp). Only safehold.signals.kernels imports it.

Each function raises ValueError for an argument of the wrong shape, type of number or memory order.
"""

import numpy as np
from numpy.typing import NDArray

def pdq_rgb(pixels: NDArray[np.uint8], turned: bool = False) -> tuple[bytes, int]:
    """Return (32 bytes, quality 0..100) of pixels (height, width, 3), red green blue, C order.

    turned: 256 bytes instead, the digests of the picture turned in each of `model.signal.TURNS`.
    """

def pdq_luma(pixels: NDArray[np.uint8], turned: bool = False) -> tuple[bytes, int]:
    """Return (32 or 256 bytes, quality 0..100) of luma pixels (height, width), C order."""

def pdq_scaled(
    pixels: NDArray[np.uint8], height: int, width: int, factor: int, turned: bool = False
) -> tuple[bytes, int]:
    """Return (32 or 256 bytes, quality) of a picture of which one RGB pixel in factor x factor is there."""

def hamming_scan(
    query: bytes, table: NDArray[np.uint8], max_distance: int
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return (row numbers ascending, distances) of the rows within max_distance bits of the query."""

def instruction_sets() -> list[str]:
    """Return the names of the sets of instructions that this processor runs, the best last."""

def scan_rows(
    queries: NDArray[np.uint8],
    table: NDArray[np.uint8],
    max_distance: int,
    threads: int = 1,
    instructions: str = "",
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]:
    """Return (query numbers, row numbers, distances) of all pairs of rows within max_distance bits."""

def search_parts(
    queries: NDArray[np.uint8],
    table: NDArray[np.uint8],
    tables: NDArray[np.uint32],
    parts: int,
    max_distance: int,
    threads: int = 1,
    instructions: str = "",
    beyond: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]:
    """Return what scan_rows returns, by way of the tables of 11 to 16 parts; max_distance at most 43.

    beyond: of the rows that lie so many bits farther, those come as well that the search comes across.
    """

def part_table(
    table: NDArray[np.uint8], index: int, parts: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return (offsets, rows). The rows with key b are rows[offsets[b]:offsets[b + 1]], ascending."""

def checksum(words: NDArray[np.uint64], position: int) -> int:
    """Return the checksum of words, the first of which is number `position` of the whole."""

def version() -> str:
    """Return the version of the package that this core was built for."""
