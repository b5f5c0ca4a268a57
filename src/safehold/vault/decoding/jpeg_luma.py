"""The luma of a JPEG, scaled down while it is decoded: no colour is made that a lookup does not need.

Reading every pixel in colour takes two to three times as long. Whatever is not quite right here (damaged
data, another number of colours, an odd size) is left to the careful reader, which says what is wrong with it.
"""

from __future__ import annotations

import simplejpeg
from PIL import ImageFile

from safehold.signals.pdq import Pdq
from safehold.signals.pixels import is_turned, shown_luma
from safehold.vault.decoding.frames import Luma

_FACTORS = (8, 4, 2)
_HAS_LUMA = frozenset({"YCbCr", "Gray"})


def read_luma(data: bytes, image: ImageFile.ImageFile) -> Luma | None:
    """Return the luma of `data` as shown, or None where it must be read in full.

    image: the same bytes, opened as a JPEG with one picture; only its header is read. The short side is at
    least Pdq.fast_short_side, or that of the picture itself where it is smaller.
    """
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in _HAS_LUMA or (width, height) != image.size:
            return None
        factor = scale_of(height, width, turned=is_turned(image))
        rows, columns = -(-height // factor), -(-width // factor)
        luma = simplejpeg.decode_jpeg(data, "GRAY", min_height=rows, min_width=columns)
    except ValueError:  # it says so of a mere warning too
        return None
    if luma.shape != (rows, columns, 1):
        return None
    shown = shown_luma(luma[..., 0], image)
    upright = shown.shape == luma.shape[:2]
    return Luma(shown, height if upright else width, width if upright else height, factor)


def scale_of(height: int, width: int, *, turned: bool) -> int:
    """Return by how much the decoder may scale a picture of this size down: 1, 2, 4 or 8.

    A picture that is shown turned is scaled only where that leaves no rest: a mirror would move the rest to
    the other end.
    """
    for factor in _FACTORS:
        rest = turned and (height % factor or width % factor)
        if min(height, width) // factor >= Pdq.fast_short_side and not rest:
            return factor
    return 1
