"""How much lies beside the pixels? Counted by the container's own lengths, before a codec sees it."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from safehold.vault.decoding.boxes import first_box
from safehold.vault.decoding.limits import CODECS

_JPEG_SEGMENT = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_JPEG_SCAN = 0xDA
_JPEG_NOTES = {*range(0xE0, 0xF0), 0xFE}
_PNG_NOTES = {b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"sPLT"}
_WEBP_NOTES = {b"ICCP", b"EXIF", b"XMP "}
_TIFF_UNIT = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TIFF_PAGES = 1_000


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


def _tiff(data: bytes) -> int:
    order = "<" if data[:2] == b"II" else ">"
    total = 0
    try:
        (at,) = struct.unpack_from(order + "I", data, 4)
        for _ in range(_TIFF_PAGES):
            (entries,) = struct.unpack_from(order + "H", data, at)
            for kind, count in struct.iter_unpack(order + "2xHI4x", data[at + 2 : at + 2 + 12 * entries]):
                total += _TIFF_UNIT.get(kind, 0) * count
            (at,) = struct.unpack_from(order + "I", data, at + 2 + 12 * entries)
            if at == 0:
                break
    except struct.error:
        pass  # a page lies beyond the end: its reader will say so
    return total


_WALKS: dict[str, Callable[[bytes], int]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/avif": _boxes,
    "image/heic": _boxes,
    "image/heif": _boxes,
    "image/tiff": _tiff,
}
