"""The boxes of ISO media files (MP4, QuickTime, HEIF, AVIF), as far as their outermost row."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """One box: its four-letter name, and where it begins and ends. The end may lie beyond the data."""

    name: bytes
    start: int
    end: int


def top_boxes(data: bytes) -> Iterator[Box]:
    """Yield the outermost boxes in order, until one that is cut or no box at all.

    Raises struct.error when the data ends inside the 64-bit length of a box.
    """
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int(struct.unpack_from(">Q", data, at + 8)[0])
        elif size == 0:
            size = len(data) - at
        if size < 8:
            return
        yield Box(data[at + 4 : at + 8], at, at + size)
        at += size


def first_box(data: bytes, name: bytes) -> bytes:
    """Return the first outermost box of that name with all that is in it, or nothing where there is none."""
    try:
        return next((data[box.start : box.end] for box in top_boxes(data) if box.name == name), b"")
    except struct.error:
        return b""
