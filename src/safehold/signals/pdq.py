"""PDQ: 256 bits that stay nearly the same when a picture is scaled, re-encoded or written on.

native/pdq.hpp explains the algorithm. Unrelated pictures differ in about 128 bits, copies in few; up to
31 is the customary limit, which unrelated pictures of enough detail practically never reach. Cropping
hurts it most: a border of 2 % taken from each side moves a photo by some 40 bits.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from safehold.model.signal import PDQ, Signal, SignalTypeName
from safehold.signals import kernels
from safehold.signals.base import HexDigest


class Pdq(HexDigest):
    """The picture fingerprint that platforms and hotlines share."""

    name: ClassVar[SignalTypeName] = PDQ
    digest_bytes: ClassVar[int] = 32
    default_max_distance: ClassVar[int] = 31
    min_quality: ClassVar[int] = 50
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
