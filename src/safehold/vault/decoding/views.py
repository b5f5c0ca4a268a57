"""What a person is shown of some media: one JPEG, made anew from pixels, marked for whoever looks at it.

A picture comes as it is shown, at most LONG_SIDE pixels long, without any metadata. What moves comes as a
contact sheet of at most MOST_FRAMES frames in the order of time; above them, larger, those that are wanted:
what matched in it. A frame that is seen otherwise in the colours that its file names, or on black, comes with
that beside it. Damaged media is shown as far as it can
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
"""Frames on a contact sheet, at most, without those that are wanted."""
MOST_WANTED = 2
"""Frames above a contact sheet, at most."""

_TILE = 400
_GREY = (96, 96, 96)
_QUALITY = 85


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    caption: str
    picture: Image.Image

    def beside(self, other: Image.Image) -> _Kept:
        """Return it with another way in which it is seen beside it."""
        both = self.picture.width + other.width, max(self.picture.height, other.height)
        picture = Image.new("RGB", both, _GREY)
        picture.paste(self.picture, (0, 0))
        picture.paste(other, (self.picture.width, 0))
        return replace(self, picture=picture)


class Sheet(Frames):
    """Keeps what a view is made of: the first frame, of more an even choice in small, and what is wanted."""

    def __init__(self, limits: DecodeLimits, wanted: Sequence[int] = ()) -> None:
        super().__init__({}, limits, rendition=False, wanted=wanted[:MOST_WANTED])
        self.takes_scaled = True
        self._kept: list[_Kept] = []
        self._above: list[_Kept] = []
        self._stride = 1

    def add(self, pixels: NDArray[np.uint8], number: int, seconds: float | None = None) -> None:
        """Take a frame. number: its place, from 0. seconds: from the beginning, where it is known."""
        super().add(pixels, number, seconds)
        caption = _caption(number, seconds)
        if number in self.wanted and len(self._above) < MOST_WANTED:
            self._above.append(_Kept(number, caption, _reduced(Image.fromarray(pixels), 2 * _TILE)))
        if (self.count - 1) % self._stride:
            return
        self._kept.append(_Kept(number, caption, _reduced(Image.fromarray(pixels), self._side)))
        if len(self._kept) > 2 * MOST_FRAMES:
            self._kept = self._kept[::2]
            self._stride *= 2

    def enough(self, height: int, width: int) -> bool:
        """Say whether a frame of this size is as large as a view can be."""
        return max(height, width) >= LONG_SIDE

    def add_scaled(self, scaled: Scaled, number: int) -> None:
        """Take the only frame of a picture, of which the decoder left out what no view would show."""
        self.note_size(scaled.height, scaled.width)
        picture = _reduced(Image.fromarray(scaled.pixels), LONG_SIDE)
        self._kept.append(_Kept(number, _caption(number, None), picture))

    def add_look(self, pixels: NDArray[np.uint8], number: int, place: int) -> None:
        """Set another way in which the frame that was added last is seen beside it."""
        super().add_look(pixels, number, place)
        picture = Image.fromarray(pixels)
        if self._above and self._above[-1].number == number:
            self._above[-1] = self._above[-1].beside(_reduced(picture, 2 * _TILE))
        if (self.count - 1) % self._stride == 0 and self._kept:
            self._kept[-1] = self._kept[-1].beside(_reduced(picture, self._side))

    @property
    def _side(self) -> int:
        return LONG_SIDE if self.count == 1 else _TILE

    def picture(self, stamp: Sequence[str]) -> Image.Image | None:
        """Return the frame, or the contact sheet of several, marked; None when nothing was read."""
        if not self._kept:
            return None
        if len(self._kept) == 1:
            return marked(_with_room(_reduced(self._kept[0].picture, LONG_SIDE)), stamp)
        return _contact_sheet(self._above, _even_choice(self._kept, MOST_FRAMES), stamp)


def render(
    data: bytes, *, stamp: Sequence[str], limits: DecodeLimits, wanted: Sequence[int] = ()
) -> Examined:
    """Return the view of `data` as the rendition of what was seen, None where nothing could be read.

    stamp: short lines that mark the picture. wanted: numbers of frames that come first and larger, the most
    wanted first, MOST_WANTED at most. Raises nothing, whatever the bytes are.
    """
    found = sniff(data)
    if found.reading is Reading.NONE:
        return Examined(found.media_type, failure=unreadable(found, None))
    sheet = Sheet(limits.of_codec(found.media_type), wanted)
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


def _even_choice(kept: Sequence[_Kept], most: int) -> list[_Kept]:
    if len(kept) <= most:
        return list(kept)
    return [kept[round(place * (len(kept) - 1) / (most - 1))] for place in range(most)]


def _contact_sheet(above: Sequence[_Kept], kept: Sequence[_Kept], stamp: Sequence[str]) -> Image.Image:
    columns = min(4, math.ceil(math.sqrt(len(kept))))
    below = _laid([one.picture for one in kept], columns, _TILE)
    first = _laid([one.picture for one in above], MOST_WANTED, min(2 * _TILE, LONG_SIDE - below.height))
    size = max(first.width, below.width), first.height + below.height
    sheet = Image.new("RGB", size, _GREY)
    corners = [*first.onto(sheet, 0), *below.onto(sheet, first.height)]
    sheet = marked(_with_room(sheet), stamp)
    for corner, tile in zip(corners, first.tiles, strict=False):
        _frame(sheet, corner, tile)
    for corner, one in zip(corners, (*above, *kept), strict=True):
        _write(sheet, corner, one.caption)
    return sheet


@dataclass(frozen=True, slots=True)
class _Rows:
    """Pictures in rows of equal places."""

    tiles: Sequence[Image.Image]
    columns: int
    place: tuple[int, int]

    @property
    def width(self) -> int:
        return min(self.columns, len(self.tiles)) * self.place[0]

    @property
    def height(self) -> int:
        return math.ceil(len(self.tiles) / self.columns) * self.place[1]

    def onto(self, sheet: Image.Image, top: int) -> list[tuple[int, int]]:
        """Set the pictures onto a sheet from this height on; return their left upper corners."""
        width, height = self.place
        corners = [
            (at % self.columns * width, top + at // self.columns * height) for at in range(len(self.tiles))
        ]
        for corner, tile in zip(corners, self.tiles, strict=True):
            sheet.paste(tile, corner)
        return corners


def _laid(pictures: Sequence[Image.Image], columns: int, side: int) -> _Rows:
    tiles = [_reduced(picture, side) for picture in pictures]
    place = max((tile.width for tile in tiles), default=0), max((tile.height for tile in tiles), default=0)
    return _Rows(tiles, columns, place)


def _frame(sheet: Image.Image, corner: tuple[int, int], tile: Image.Image) -> None:
    left, top = corner
    box = (left, top, left + tile.width - 1, top + tile.height - 1)
    drawing = ImageDraw.Draw(sheet)
    drawing.rectangle(box, outline=(0, 0, 0), width=4)
    drawing.rectangle(box, outline=(255, 255, 255), width=2)


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
