"""Still pictures and animations, by Pillow: one named format per job, every frame, header before pixels."""

from __future__ import annotations

import io
from itertools import count

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from safehold.model.media import DecodeFailure, MediaKind
from safehold.signals.appearances import Appearances, looks_one_way
from safehold.vault.decoding.frames import Frames, Unreadable
from safehold.vault.decoding.jpeg import read_jpeg
from safehold.vault.decoding.limits import MAX_TEXT_BYTES, MAX_TEXTS_BYTES
from safehold.vault.decoding.wholeness import is_whole

# Named so that they are loaded before the worker is confined, and no other reader ever is.
PLUGINS = {
    "image/jpeg": (JpegImagePlugin, MpoImagePlugin),
    "image/png": (PngImagePlugin,),
    "image/gif": (GifImagePlugin,),
    "image/webp": (WebPImagePlugin,),
    "image/avif": (AvifImagePlugin,),
    "image/tiff": (TiffImagePlugin,),
    "image/bmp": (BmpImagePlugin,),
}
_FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/avif": ("AVIF",),
    "image/tiff": ("TIFF",),
    "image/bmp": ("BMP",),
}
_MOVING = {"GIF", "PNG", "WEBP", "AVIF"}


def prepare(max_pixels: int) -> None:
    """Set Pillow's process-wide switches. Call once, before the first picture."""
    # Pillow refuses above twice this number, also where a later frame grows; our own check comes first.
    Image.MAX_IMAGE_PIXELS = max_pixels // 2
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    PngImagePlugin.MAX_TEXT_CHUNK = MAX_TEXT_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = MAX_TEXTS_BYTES


def read_image(data: bytes, media_type: str, frames: Frames) -> MediaKind:
    """Hand every frame of a picture to `frames`. Returns IMAGE or ANIMATION.

    Raises Unreadable, or whatever the decoder raises on damaged bytes.
    """
    return read_frames(data, media_type, _FORMATS[media_type], frames)


def read_frames(data: bytes, media_type: str, formats: tuple[str, ...], frames: Frames) -> MediaKind:
    """The same for any formats that Pillow has loaded, tried in turn."""
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except UnidentifiedImageError:
        whole = is_whole(data, media_type)
        raise Unreadable(DecodeFailure.UNSUPPORTED if whole else DecodeFailure.TRUNCATED) from None
    with image:
        if not _read_jpeg(data, image, frames):
            _read_all(image, frames)
        moving = frames.count > 1 and image.format in _MOVING
    return MediaKind.ANIMATION if moving else MediaKind.IMAGE


def _read_jpeg(data: bytes, image: ImageFile.ImageFile, frames: Frames) -> bool:
    """Hand a JPEG to `frames`, scaled down where they take that; where it cannot be, do nothing, say False.

    What looks in more ways than one, or may, is left to the careful reader.
    """
    if image.format != "JPEG" or not looks_one_way(image):
        return False
    frames.make_room(*image.size)
    seen = read_jpeg(data, image, scaled=frames.takes_scaled, enough=frames.enough)
    if seen is None:
        return False
    if frames.takes_scaled:
        frames.add_scaled(seen, 0)
    else:
        frames.add(seen.pixels, 0)
    return True


def _read_all(image: ImageFile.ImageFile, frames: Frames) -> None:
    appearances = Appearances()
    for number in count():
        try:
            image.seek(number)
        except EOFError:
            break
        frames.make_room(*image.size)
        image.load()
        _read_one(image, number, appearances, frames)
    if isinstance(image, PngImagePlugin.PngImageFile) and frames.count < image.n_frames:
        raise Unreadable(DecodeFailure.TRUNCATED)
    if appearances.incomplete:
        raise Unreadable(DecodeFailure.UNSUPPORTED)


def _read_one(image: ImageFile.ImageFile, number: int, appearances: Appearances, frames: Frames) -> None:
    for place, pixels in enumerate(appearances.of(image)):
        if place == 0:
            frames.add(pixels, number)
        else:
            frames.add_look(pixels, number, place)
        del pixels  # a large picture has room for one of them at a time
