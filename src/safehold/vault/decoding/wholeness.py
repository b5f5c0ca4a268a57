"""Does the media reach its own end? Decoders are lenient about lost tails; a silent tail is a silent clear.

Each walk follows the container's own lengths to its end marker and decodes nothing. A file that goes on
after its end mark is whole; boxed containers (MP4, AVIF, HEIF) have none, so strange bytes after their
last box count as one that was cut.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from safehold.vault.decoding.boxes import top_boxes

_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_JPEG_END = 0xD9
_JPEG_BARE = {0x01, 0xD8, *range(0xD0, 0xD8)}
_TIFF_PAGES = 1_000


def is_whole(data: bytes, media_type: str) -> bool:
    """Whether `data`, which begins as `media_type`, has everything that its structure announces.

    True for types whose structure does not say (MPEG transport streams, bitmaps).
    """
    walk = _WALKS.get(media_type)
    try:
        return walk is None or walk(data)
    except (IndexError, struct.error):
        return False  # a length or a marker lies beyond the end


def _jpeg(data: bytes) -> bool:
    at = 2
    while marker := _JPEG_MARKER.search(data, at):
        code, at = marker.group(1)[0], marker.end()
        if code == _JPEG_END:
            return True
        if code not in _JPEG_BARE:
            at += int(struct.unpack_from(">H", data, at)[0])
    return False


def _png(data: bytes) -> bool:
    at = 8
    while True:
        name = data[at + 4 : at + 8]
        at += 12 + int(struct.unpack_from(">I", data, at)[0])
        if at > len(data) or name == b"IEND":
            return at <= len(data)


def _gif(data: bytes) -> bool:
    at = 13 + _gif_palette(data[10])
    while True:
        block = data[at]
        if block == 0x3B:
            return True
        if block == 0x2C:
            at = _gif_blocks(data, at + 11 + _gif_palette(data[at + 9]))
        elif block == 0x21:
            at = _gif_blocks(data, at + 2)
        else:
            at += 1  # stray bytes between blocks are common and harmless


def _gif_palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(data: bytes, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1


def _riff(data: bytes) -> bool:
    return 8 + int(struct.unpack_from("<I", data, 4)[0]) <= len(data)


def _boxes(data: bytes) -> bool:
    found = list(top_boxes(data))
    names = {box.name for box in found}
    end = found[-1].end if found else 0
    if end > len(data) or 0 < len(data) - end < 8:
        return False  # a box, or the head of one, is cut
    return bool(names & {b"moov", b"moof"}) or (b"meta" in names and (b"mdat" in names or b"idat" in data))


def _tiff(data: bytes) -> bool:
    order = "<" if data[:2] == b"II" else ">"
    if data[2 if order == "<" else 3] == 43:
        return True  # BigTIFF: its decoder finds a lost tail by itself
    (at,) = struct.unpack_from(order + "I", data, 4)
    for _ in range(_TIFF_PAGES):
        (entries,) = struct.unpack_from(order + "H", data, at)
        (at,) = struct.unpack_from(order + "I", data, at + 2 + 12 * entries)
        if at == 0:
            break
    return True


def _matroska(data: bytes) -> bool:
    at, size = _ebml(data, 4)
    at += size
    if data[at : at + 4] != b"\x18\x53\x80\x67":
        return False
    at, size = _ebml(data, at + 4)
    return at + size <= len(data)


def _ebml(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length size; all ones means "unknown", counted as nothing. Returns (after it, size)."""
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return at + width, 0 if value == (1 << 7 * width) - 1 else value


_WALKS: dict[str, Callable[[bytes], bool]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _riff,
    "image/tiff": _tiff,
    "image/avif": _boxes,
    "image/heic": _boxes,
    "image/heif": _boxes,
    "audio/mp4": _boxes,
    "video/mp4": _boxes,
    "video/quicktime": _boxes,
    "video/webm": _matroska,
    "video/x-matroska": _matroska,
    "video/x-msvideo": _riff,
}
