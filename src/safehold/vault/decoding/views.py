"""What a person is shown of some media: one JPEG, made anew from pixels, marked for whoever looks at it.

A picture comes as it is shown, at most LONG_SIDE pixels long, without any metadata. What moves comes as a
contact sheet of at most MOST_FRAMES frames in the order of time. A frame that is seen otherwise in the
colours that its file names, or on black, comes with that beside it. Damaged media is shown as far as it can
be read: a person has to decide about it too.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFile, ImageFont

from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.vault.decoding import film_sheet
from safehold.vault.decoding.examine import read_into
from safehold.vault.decoding.frames import Frames, Scaled, Unreadable
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.sniff import Reading, Sniffed, sniff, unreadable
from safehold.vault.decoding.watermark import marked

LONG_SIDE = 1600
"""Pixels of the longer side of a view, at most."""
SHORTEST = 160
"""A narrower picture is set on grey of at least so many pixels, so that the mark has room."""
MOST_FRAMES = 12
"""Frames on a contact sheet, at most."""

_TILE = 400
_GREY = (96, 96, 96)
_QUALITY = 85


@dataclass(frozen=True, slots=True)
class _Kept:
    caption: str
    picture: Image.Image


class Sheet(Frames):
    """Keeps what a view is made of: the first frame, and of more frames an even choice in small."""

    def __init__(self, limits: DecodeLimits) -> None:
        super().__init__({}, limits, rendition=False)
        self.takes_scaled = True
        self._kept: list[_Kept] = []
        self._stride = 1

    def add(self, pixels: NDArray[np.uint8], number: int, seconds: float | None = None) -> None:
        """Take a frame. number: its place, from 0. seconds: from the beginning, where it is known."""
        super().add(pixels, number, seconds)
        if (self.count - 1) % self._stride:
            return
        self._kept.append(_Kept(_caption(number, seconds), _reduced(Image.fromarray(pixels), self._side)))
        if len(self._kept) > 2 * MOST_FRAMES:
            self._kept = self._kept[::2]
            self._stride *= 2

    def enough(self, height: int, width: int) -> bool:
        """Say whether a frame of this size is as large as a view can be."""
        return max(height, width) >= LONG_SIDE

    def add_scaled(self, scaled: Scaled, number: int) -> None:
        """Take the only frame of a picture, of which the decoder left out what no view would show."""
        self.note_size(scaled.height, scaled.width)
        self._kept.append(_Kept(_caption(number, None), _reduced(Image.fromarray(scaled.pixels), LONG_SIDE)))

    def add_look(self, pixels: NDArray[np.uint8], number: int, place: int) -> None:
        """Set another way in which the frame that was added last is seen beside it."""
        super().add_look(pixels, number, place)
        if (self.count - 1) % self._stride or not self._kept:
            return
        kept, other = self._kept[-1], _reduced(Image.fromarray(pixels), self._side)
        self._kept[-1] = replace(kept, picture=_beside(kept.picture, other))

    @property
    def _side(self) -> int:
        return LONG_SIDE if self.count == 1 else _TILE

    def picture(self, stamp: Sequence[str]) -> Image.Image | None:
        """Return the frame, or the contact sheet of several, marked; None when nothing was read."""
        if not self._kept:
            return None
        if len(self._kept) == 1:
            return marked(_with_room(_reduced(self._kept[0].picture, LONG_SIDE)), stamp)
        return _contact_sheet(_even_choice(self._kept, MOST_FRAMES), stamp)


def render(data: bytes, *, stamp: Sequence[str], limits: DecodeLimits) -> Examined:
    """Return the view of `data` as the rendition of what was seen, None where nothing could be read.

    stamp: short lines that mark the picture. Raises nothing, whatever the bytes are.
    """
    found = sniff(data)
    if found.reading is Reading.NONE:
        return Examined(found.media_type, failure=unreadable(found, None))
    sheet = Sheet(limits.of_codec(found.media_type))
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        kind, failure = _read(data, found, sheet)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return _seen(found.media_type, kind, failure, sheet, stamp)


def _read(data: bytes, found: Sniffed, sheet: Sheet) -> tuple[MediaKind, DecodeFailure | None]:
    try:
        if found.reading is Reading.VIDEO and film_sheet.read(data, found, sheet, MOST_FRAMES):
            return MediaKind.VIDEO, None
    except Unreadable as reason:
        return MediaKind.VIDEO, reason.failure
    return read_into(data, found, sheet)


def _seen(
    media_type: str, kind: MediaKind, failure: DecodeFailure | None, sheet: Sheet, stamp: Sequence[str]
) -> Examined:
    picture = sheet.picture(stamp)
    return Examined(
        media_type=media_type,
        kind=kind,
        width=sheet.width,
        height=sheet.height,
        frames=sheet.count,
        failure=failure,
        rendition=None if picture is None else _jpeg(picture),
    )


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _reduced(picture: Image.Image, side: int) -> Image.Image:
    scale = side / max(picture.size)
    if scale >= 1:
        return picture.copy()
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _with_room(picture: Image.Image) -> Image.Image:
    size = (max(picture.width, SHORTEST), max(picture.height, SHORTEST))
    if size == picture.size:
        return picture
    wider = Image.new("RGB", size, _GREY)
    wider.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return wider


def _beside(first: Image.Image, second: Image.Image) -> Image.Image:
    both = Image.new("RGB", (first.width + second.width, max(first.height, second.height)), _GREY)
    both.paste(first, (0, 0))
    both.paste(second, (first.width, 0))
    return both


def _even_choice(kept: Sequence[_Kept], most: int) -> list[_Kept]:
    if len(kept) <= most:
        return list(kept)
    return [kept[round(place * (len(kept) - 1) / (most - 1))] for place in range(most)]


def _contact_sheet(kept: Sequence[_Kept], stamp: Sequence[str]) -> Image.Image:
    columns = min(4, math.ceil(math.sqrt(len(kept))))
    rows = math.ceil(len(kept) / columns)
    tiles = [_reduced(one.picture, _TILE) for one in kept]
    width, height = max(tile.width for tile in tiles), max(tile.height for tile in tiles)
    corners = [(place % columns * width, place // columns * height) for place in range(len(kept))]
    sheet = Image.new("RGB", (columns * width, rows * height), _GREY)
    for corner, tile in zip(corners, tiles, strict=True):
        sheet.paste(tile, corner)
    sheet = marked(_with_room(sheet), stamp)
    for corner, one in zip(corners, kept, strict=True):
        _write(sheet, corner, one.caption)
    return sheet


def _write(sheet: Image.Image, corner: tuple[int, int], caption: str) -> None:
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    left, top, right, bottom = drawing.textbbox((corner[0] + 4, corner[1] + 2), caption, font=font)
    drawing.rectangle((left - 4, top - 2, right + 4, bottom + 2), fill=(0, 0, 0))
    drawing.text((corner[0] + 4, corner[1] + 2), caption, font=font, fill=(255, 255, 255))


def _caption(number: int, seconds: float | None) -> str:
    if seconds is None:
        return f"#{number + 1}"
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
