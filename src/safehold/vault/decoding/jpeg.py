"""JPEGs by simplejpeg: every pixel in half the time of Pillow, or scaled down while they are decoded.

A lookup does not need every pixel, and reading every one takes two to four times as long. It does need their
colours, though light and dark are all that counts: the luma that is stored may be another picture than is
shown, where colours lie beyond what screens can show. Whatever is not quite right here (damaged data, another
number of colours, an odd size) is left to the careful reader, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import simplejpeg
from PIL import Image, ImageFile

from safehold.signals.pdq import Pdq
from safehold.signals.pixels import is_turned, upright
from safehold.vault.decoding.frames import Scaled

_FACTORS = (8, 4, 2)
_HAS_LUMA = frozenset({"YCbCr", "Gray"})


def enough_to_hash(height: int, width: int) -> bool:
    """Say whether a picture of this size is large enough for a fast signal."""
    return min(height, width) >= Pdq.fast_short_side


def read_jpeg(
    data: bytes,
    image: ImageFile.ImageFile,
    *,
    scaled: bool,
    enough: Callable[[int, int], bool] = enough_to_hash,
) -> Scaled | None:
    """Return `data` as shown, or None where the careful reader must read it.

    image: the same bytes, opened as a JPEG with one picture; only its header is read. scaled: whether the
    decoder may scale it down, as far as `enough` says of height and width, and be quick about colours; else
    the pixels are those that Pillow reads, each of them.
    """
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in _HAS_LUMA or (width, height) != image.size:
            return None
        factor = scale_of(height, width, turned=is_turned(image), enough=enough) if scaled else 1
        rows, columns = -(-height // factor), -(-width // factor)
        pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=rows, min_width=columns, fastupsample=scaled)
    except ValueError:  # it says so of a mere warning too
        return None
    if pixels.shape != (rows, columns, 3):
        return None
    if not is_turned(image):
        return Scaled(pixels, height, width, factor)
    shown = np.asarray(upright(Image.fromarray(pixels), image))
    swapped = shown.shape != pixels.shape
    return Scaled(shown, width if swapped else height, height if swapped else width, factor)


def scale_of(
    height: int, width: int, *, turned: bool, enough: Callable[[int, int], bool] = enough_to_hash
) -> int:
    """Return by how much the decoder may scale a picture of this size down: 1, 2, 4 or 8.

    A picture that is shown turned is scaled only where that leaves no rest: a mirror would move the rest to
    the other end.
    """
    for factor in _FACTORS:
        rest = turned and (height % factor or width % factor)
        if enough(height // factor, width // factor) and not rest:
            return factor
    return 1
