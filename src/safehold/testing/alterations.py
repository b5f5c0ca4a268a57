"""What happens to pictures on their way: each alteration takes a picture and returns the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Alteration = Callable[[Image.Image], bytes]

_ORIENTATION_TAG = 0x0112


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """Return the picture as a file of the format, such as "PNG"; options go to Pillow."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def to_jpeg(image: Image.Image, quality: int = 75) -> bytes:
    """Return an RGB JPEG of the given quality, 1 to 95."""
    return saved(image.convert("RGB"), "JPEG", quality=quality)


def to_progressive_jpeg(image: Image.Image) -> bytes:
    """Return a progressive RGB JPEG."""
    return saved(image.convert("RGB"), "JPEG", quality=85, progressive=True)


def to_grey_jpeg(image: Image.Image) -> bytes:
    """Return a JPEG without colour."""
    return saved(image.convert("L"), "JPEG", quality=85)


def to_cmyk_jpeg(image: Image.Image) -> bytes:
    """Return a CMYK JPEG with Adobe's marker and inverted inks, as image editors write it."""
    return saved(image.convert("RGB").convert("CMYK"), "JPEG", quality=90)


def to_cmyk_tiff(image: Image.Image) -> bytes:
    """Return a CMYK TIFF, whose inks are not inverted."""
    return saved(image.convert("RGB").convert("CMYK"), "TIFF")


def to_png(image: Image.Image) -> bytes:
    """Return an RGB PNG: the same pixels."""
    return saved(image.convert("RGB"), "PNG")


def to_palette_png(image: Image.Image) -> bytes:
    """Return a PNG of at most 256 colours."""
    return saved(image.convert("RGB").quantize(256), "PNG")


def to_transparent_palette_png(image: Image.Image) -> bytes:
    """Return a PNG of at most 255 colours whose unused last colour is transparent."""
    return saved(image.convert("RGB").quantize(255), "PNG", transparency=255)


def to_gif(image: Image.Image) -> bytes:
    """Return a still GIF of at most 256 colours."""
    return saved(image.convert("RGB"), "GIF")


def to_rgba_png(image: Image.Image) -> bytes:
    """Return a PNG with an alpha channel that hides nothing."""
    return saved(image.convert("RGBA"), "PNG")


def to_grey_alpha_png(image: Image.Image) -> bytes:
    """Return a PNG of grey and alpha that hides nothing."""
    return saved(image.convert("L").convert("LA"), "PNG")


def to_deep_grey_png(image: Image.Image) -> bytes:
    """Return a PNG of 16-bit grey."""
    grey = np.asarray(image.convert("L"), dtype=np.uint16) * 257
    return saved(Image.fromarray(grey), "PNG")


def to_float_tiff(image: Image.Image) -> bytes:
    """Return a TIFF of floating-point grey, 0 to 1."""
    grey = np.asarray(image.convert("L"), dtype=np.float32) / 255
    return saved(Image.fromarray(grey), "TIFF")


def to_one_bit_png(image: Image.Image) -> bytes:
    """Return a PNG of black and white dots."""
    return saved(image.convert("1"), "PNG")


def to_webp(image: Image.Image) -> bytes:
    """Return a lossy WebP."""
    return saved(image.convert("RGB"), "WEBP", quality=80)


def to_bmp(image: Image.Image) -> bytes:
    """Return an RGB BMP: the same pixels."""
    return saved(image.convert("RGB"), "BMP")


def turned_with_exif(image: Image.Image, orientation: int = 6) -> bytes:
    """Return a JPEG stored turned or mirrored, with the EXIF orientation (1 to 8) that undoes it."""
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = orientation
    turned = image.convert("RGB")
    if orientation in stored:
        turned = turned.transpose(stored[orientation])
    return saved(turned, "JPEG", quality=90, exif=exif)


def resized(image: Image.Image, factor: float = 0.5) -> bytes:
    """Return a JPEG with both sides multiplied by the factor, at least one pixel."""
    width, height = (max(1, round(side * factor)) for side in image.size)
    return to_jpeg(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), 85)


def cropped(image: Image.Image, percent: float = 1.0) -> bytes:
    """Return a JPEG without a border of `percent` of the width and height on each side, under 50."""
    dx, dy = (round(side * percent / 100) for side in image.size)
    return to_jpeg(image.crop((dx, dy, image.width - dx, image.height - dy)), 85)


def brightened(image: Image.Image, factor: float = 1.2) -> bytes:
    """Return a JPEG with all brightness multiplied by the factor; below 1 it is darkened."""
    return to_jpeg(ImageEnhance.Brightness(image.convert("RGB")).enhance(factor), 85)


def written_on(image: Image.Image, text: str = "holiday 2019") -> bytes:
    """Return a JPEG with a line of text in the lower left corner, a twentieth of the height high."""
    marked = image.convert("RGB")
    place = (image.width // 40, image.height - image.height // 12)
    font = ImageFont.load_default(size=max(8, image.height // 20))
    ImageDraw.Draw(marked).text(place, text, fill="white", font=font, stroke_fill="black", stroke_width=1)
    return to_jpeg(marked, 85)


SAVED_OTHERWISE: dict[str, Alteration] = {
    "jpeg": to_jpeg,
    "progressive jpeg": to_progressive_jpeg,
    "grey jpeg": to_grey_jpeg,
    "cmyk jpeg": to_cmyk_jpeg,
    "cmyk tiff": to_cmyk_tiff,
    "png": to_png,
    "palette png": to_palette_png,
    "transparent palette png": to_transparent_palette_png,
    "gif": to_gif,
    "rgba png": to_rgba_png,
    "grey alpha png": to_grey_alpha_png,
    "16-bit grey png": to_deep_grey_png,
    "float tiff": to_float_tiff,
    "webp": to_webp,
    "bmp": to_bmp,
    "turned jpeg": turned_with_exif,
}
"""The same picture to the eye, stored in another way."""

CHANGED: dict[str, Alteration] = {
    "half size": resized,
    "cropped": cropped,
    "brightened": brightened,
    "written on": written_on,
    "black and white dots": to_one_bit_png,
}
"""A picture that a person would call a copy."""
