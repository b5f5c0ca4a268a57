"""PDQ: 256 bits that stay nearly the same when a picture is scaled, re-encoded or written on.

native/pdq.hpp explains the algorithm. Unrelated pictures differ in about 128 bits, copies in few; up to
31 is the customary limit, which unrelated pictures of enough detail practically never reach. Cropping
hurts it most: a border of 2 % taken from each side moves a photo by some 40 bits.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from safehold.model.signal import PDQ, TURNS, Signal, SignalTypeName
from safehold.signals import kernels
from safehold.signals.base import HexDigest


class Pdq(HexDigest):
    """The picture fingerprint that platforms and hotlines share."""

    name: ClassVar[SignalTypeName] = PDQ
    digest_bytes: ClassVar[int] = 32
    default_max_distance: ClassVar[int] = 31
    min_quality: ClassVar[int] = 50
    fast_short_side: ClassVar[int] = 384
    """Pixels: a decoder may scale a picture down to this for `of_scaled`. Below it the errors grow tails."""
    examples: ClassVar[tuple[str, ...]] = (
        "7c5f113a88018ebb3bcbb819b9ac561758c5f3260fa051a70b3fbc0e21df55b8",
        "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0ff0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0",
    )

    def of_frame(self, pixels: NDArray[np.uint8], frame: int = 0) -> Signal:
        """Return the digest and quality (0..100) of pixels as shown.

        pixels: (height, width, 3) RGB or (height, width) luma, 8 bits each, in any memory order.
        A picture with a side under 5 pixels has all bits 0 and quality 0. The pixels are not
        changed. Raises ValueError for another shape or kind of number, or without pixels.
        """
        plain = np.ascontiguousarray(pixels)
        digest, quality = kernels.pdq_luma(plain) if plain.ndim == 2 else kernels.pdq_rgb(plain)
        return Signal(self.name, digest, quality, frame)

    def of_scaled(
        self, pixels: NDArray[np.uint8], size: tuple[int, int], factor: int, frame: int = 0
    ) -> Signal:
        """Return nearly the signal of `of_frame`, from what a JPEG decoder gives at half the cost or less.

        pixels: (height, width, 3) RGB, one of each factor x factor of a picture of this size, its height
        and width.
        Raises ValueError where they do not fit each other.
        """
        digest, quality = kernels.pdq_scaled(np.ascontiguousarray(pixels), *size, factor)
        return Signal(self.name, digest, quality, frame)

    def turned_frame(self, pixels: NDArray[np.uint8], frame: int = 0) -> tuple[Signal, ...]:
        """Return the signals of the picture turned in each of TURNS, the first as `of_frame` returns it.

        They come from one transform. A picture that is turned first may differ by some bits, since the
        published grid is not quite symmetrical. Raises as `of_frame` does.
        """
        plain = np.ascontiguousarray(pixels)
        joined, quality = kernels.pdq_luma(plain, True) if plain.ndim == 2 else kernels.pdq_rgb(plain, True)
        return self._eight(joined, quality, frame)

    def turned_scaled(
        self, pixels: NDArray[np.uint8], size: tuple[int, int], factor: int, frame: int = 0
    ) -> tuple[Signal, ...]:
        """Return the same for what `of_scaled` takes."""
        joined, quality = kernels.pdq_scaled(np.ascontiguousarray(pixels), *size, factor, True)
        return self._eight(joined, quality, frame)

    def _eight(self, joined: bytes, quality: int, frame: int) -> tuple[Signal, ...]:
        width = self.digest_bytes
        return tuple(
            Signal(self.name, joined[width * place : width * (place + 1)], quality, frame, turn)
            for place, turn in enumerate(TURNS)
        )
