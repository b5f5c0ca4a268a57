"""From a decoded picture to the pixels that a person would see, whatever the file's way of storing them.

A copy saved as GIF, as CMYK JPEG or with a turned camera looks the same, so it must be fingerprinted the
same. Lists are made of these pixels. What a viewer makes of them by an embedded colour profile or on a dark
page is for `appearances`.
"""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_ORIENTATION_TAG = 0x0112
_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_CUSTOMARY_MAXIMA = (1, 255, 65535)
_LARGEST = float(np.finfo(np.float32).max)


def shown_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return (height, width, 3) RGB pixels of the picture's current frame as it is shown.

    EXIF orientation is applied. Palettes are looked up. CMYK is mixed as ink on paper; Pillow has already
    undone the inversion that JPEG files use. Transparency is put on white, because that is what lies
    behind a picture on most pages and on paper; colours hidden under full transparency do not count.
    Grey of 16 or 32 bits and floating-point grey are scaled to 8 bits. The image is loaded, not changed.

    Raises what Pillow raises where the picture's data is broken (OSError, SyntaxError, ValueError).
    """
    image.load()
    return np.asarray(upright(_as_rgb(image), image))


def upright(shown: Image.Image, image: Image.Image) -> Image.Image:
    """Return what was made of `image` turned as its EXIF orientation asks; itself where it asks nothing."""
    turn = _UPRIGHT.get(_orientation(image))
    return shown if turn is None else shown.transpose(turn)


def as_opaque(image: Image.Image) -> Image.Image:
    """Return the stored colours in mode L, RGB or CMYK, those that transparency hides included."""
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    if _is_deep(image):
        return _deep_grey(image)
    if image.mode in {"1", "LA", "La"}:
        return (image.convert("LA") if image.mode == "La" else image).convert("L")
    return (as_rgba(image) if image.has_transparency_data else image).convert("RGB")


def as_rgba(image: Image.Image) -> Image.Image:
    """Return a picture that has transparency in mode RGBA, not premultiplied."""
    if _is_deep(image):
        rgba = _deep_grey(image).convert("RGBA")
        seen = np.asarray(image) != image.info.get("transparency")
        rgba.putalpha(Image.fromarray(seen.astype(np.uint8) * 255))
        return rgba
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def is_turned(image: Image.Image) -> bool:
    """Say whether the picture is shown turned or mirrored. Nothing is loaded."""
    return _orientation(image) in _UPRIGHT


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 where there is none or it cannot be read (Pillow may warn then)."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except (ValueError, TypeError, KeyError, SyntaxError, OSError, struct.error):
        return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    if image.mode == "RGB" and not image.has_transparency_data:
        return image  # convert() would copy it
    if _is_deep(image):
        return _deep_grey(image).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, as_rgba(image)).convert("RGB")
    return image.convert("RGB")


def _is_deep(image: Image.Image) -> bool:
    return image.mode in {"I", "F"} or image.mode.startswith("I;16")


def _deep_grey(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=_LARGEST, neginf=-_LARGEST)
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    else:
        low, high = _range_of(values)
    scaled = (values - low) * (255.0 / (high - low))
    return Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8))


def _range_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return which values stand for black and white; files of these kinds do not say.

    Where all values fit one of the customary ranges (0 to 1, 8 bits, 16 bits) it is taken, the smallest
    first; else the darkest pixel is black and the brightest white.
    """
    low, high = float(values.min()), float(values.max())
    if low >= 0:
        for maximum in _CUSTOMARY_MAXIMA:
            if high <= maximum:
                return 0.0, float(maximum)
    return low, max(high, np.nextafter(low, np.inf))


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    shown = ImageCms.applyTransform(image, _lab_transform())
    assert shown is not None  # only an in-place transform returns None
    return shown


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    lab, screen = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, screen, "LAB", "RGB")
