"""Steps: for each of 16 x 16 places of a picture, whether it is brighter than its neighbour to the right.

A small fingerprint that shows what a signal type needs. It survives scaling and re-encoding and little else;
for real work take PDQ, or put the algorithm that you hold a licence for into `of_frame`.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from safehold.model.signal import Signal, SignalTypeName
from safehold.signals.base import HexDigest

_ROWS, _COLUMNS = 16, 17
_LUMA = np.array([0.299, 0.587, 0.114])
_FULL_CONTRAST = 64.0


class Steps(HexDigest):
    """Which places of a picture are brighter than their neighbours."""

    name: ClassVar[SignalTypeName] = SignalTypeName("steps")
    digest_bytes: ClassVar[int] = _ROWS * (_COLUMNS - 1) // 8
    default_max_distance: ClassVar[int] = 24
    min_quality: ClassVar[int] = 20
    examples: ClassVar[tuple[str, ...]] = ("00ff" * 16, "a5" * 32)

    def of_frame(self, pixels: NDArray[np.uint8], frame: int = 0) -> Signal:
        """Return the digest and quality (0..100) of pixels (height, width, 3) or (height, width).

        Raises ValueError for another shape or kind of number, or without pixels.
        """
        grid = _means(_luma(pixels))
        brighter = grid[:, :-1] > grid[:, 1:]
        quality = min(100, round(100 * float(grid.std()) / _FULL_CONTRAST))
        return Signal(self.name, np.packbits(brighter).tobytes(), quality, frame)


def _luma(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    if pixels.dtype != np.uint8 or pixels.size == 0:
        raise ValueError("expected pixels of unsigned 8-bit numbers")
    if pixels.ndim == 2:
        return pixels.astype(np.float64)
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError("expected pixels of shape (height, width, 3) or (height, width)")
    # Whole grey values, so that grey RGB and luma of one picture fall on the same side of every step.
    return np.asarray(np.rint(pixels @ _LUMA), dtype=np.float64)


def _means(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each of 16 x 17 parts; on a side with fewer pixels parts share them."""
    for axis, parts in ((0, _ROWS), (1, _COLUMNS)):
        length = luma.shape[axis]
        begin = np.arange(parts) * length // parts
        end = np.maximum(np.arange(1, parts + 1) * length // parts, begin + 1)
        sums = np.insert(np.cumsum(luma, axis=axis), 0, 0.0, axis=axis)
        widths = (end - begin).reshape((-1, 1) if axis == 0 else (1, -1))
        luma = (np.take(sums, end, axis=axis) - np.take(sums, begin, axis=axis)) / widths
    return luma
