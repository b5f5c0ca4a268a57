"""How much lies beside the pixels? Counted by the container's own lengths, before a codec sees it."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from safehold.vault.decoding.boxes import first_box
from safehold.vault.decoding.gif import blocks
from safehold.vault.decoding.limits import CODECS
from safehold.vault.decoding.tiff import pages

_JPEG_SEGMENT = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_JPEG_SCAN = 0xDA
_JPEG_NOTES = {*range(0xE0, 0xF0), 0xFE}
_PNG_NOTES = {b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"sPLT"}
_WEBP_NOTES = {b"ICCP", b"EXIF", b"XMP "}
_Size = TypeVar("_Size", int, float)


def has_too_much(data: bytes, media_type: str) -> bool:
    """Whether the metadata of `data`, which begins as `media_type`, is over its codec's limit.

    Damaged bytes are counted as far as they make sense.
    """
    walk = _WALKS.get(media_type)
    return walk is not None and walk(data) > CODECS[media_type].max_metadata_bytes


def _jpeg(data: bytes) -> int:
    at, total = 2, 0
    while (segment := _JPEG_SEGMENT.match(data, at)) and segment.group(1)[0] != _JPEG_SCAN:
        code, at = segment.group(1)[0], segment.end()
        length = int.from_bytes(data[at : at + 2], "big")
        total += length if code in _JPEG_NOTES else 0
        at += max(length, 2)
    return total


def _png(data: bytes) -> int:
    at, total = 8, 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        total += length if data[at + 4 : at + 8] in _PNG_NOTES else 0
        at += 12 + length
    return total


def _webp(data: bytes) -> int:
    at, total = 12, 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        total += length if data[at : at + 4] in _WEBP_NOTES else 0
        at += 8 + length + length % 2
    return total


def _boxes(data: bytes) -> int:
    return len(first_box(data, b"meta"))


def _gif(data: bytes) -> int:
    return sum(_as_far_as_it_goes(block.size for block in blocks(data) if block.is_note))


def _tiff(data: bytes) -> float:
    return sum(_as_far_as_it_goes(pages(data)))


def _as_far_as_it_goes(sizes: Iterator[_Size]) -> Iterator[_Size]:
    # What lies beyond the end is no size: its reader will say that it is not there.
    with suppress(IndexError, struct.error):
        yield from sizes


_WALKS: dict[str, Callable[[bytes], float]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/avif": _boxes,
    "image/heic": _boxes,
    "image/heif": _boxes,
    "image/tiff": _tiff,
}
