"""Types of the compiled core (native/module.cpp). Only safehold.signals.kernels imports it.

Each function raises ValueError for an argument of the wrong shape, type of number or memory order.
"""

import numpy as np
from numpy.typing import NDArray

def pdq_rgb(pixels: NDArray[np.uint8]) -> tuple[bytes, int]:
    """Return (32 bytes, quality 0..100) of pixels (height, width, 3), red green blue, C order."""

def pdq_luma(pixels: NDArray[np.uint8]) -> tuple[bytes, int]:
    """Return (32 bytes, quality 0..100) of luma pixels (height, width), C order."""

def hamming_scan(
    query: bytes, table: NDArray[np.uint8], max_distance: int
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return (row numbers ascending, distances) of the rows within max_distance bits of the query."""

def version() -> str:
    """Return the version of the package that this core was built for."""
