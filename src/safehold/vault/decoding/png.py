"""The chunks of a PNG: do they say one thing to every reader? Where readers differ, ours saw one side."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_ONCE = (b"acTL", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"tRNS")
"""What may be there once, before the pixels. Readers take the first or the last, or leave late ones aside."""
_DEEP_COLOUR = (16, 2)


class Chunk(NamedTuple):
    """One chunk: its four-letter name, and where its content begins and ends."""

    name: bytes
    start: int
    end: int


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks from the first to IEND. Raises struct.error when the data ends before that."""
    at, name = 8, b""
    while name != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        name, start = data[at + 4 : at + 8], at + 8
        at = start + length + 4
        if at > len(data):
            raise struct.error
        yield Chunk(name, start, start + length)


def is_plain(data: bytes) -> bool:
    """Whether every frame is announced, and nothing that changes what is shown comes twice or too late.

    An animation must say before its first pixels how many frames there are, and have just so many. One colour
    that stands for transparency is not told apart by us in a picture of 16 bits a channel. Raises
    struct.error when the data ends before IEND.
    """
    every = list(chunks(data))
    names = [chunk.name for chunk in every]
    before = names[: names.index(b"IDAT")] if b"IDAT" in names else names
    if any(names.count(name) > 1 or (name in names and name not in before) for name in _ONCE):
        return False
    if b"tRNS" in names and tuple(data[24:26]) == _DEEP_COLOUR:
        return False
    announced = next((data[chunk.start : chunk.start + 4] for chunk in every if chunk.name == b"acTL"), None)
    frames = names.count(b"fcTL")
    if announced is None:
        return not frames and b"fdAT" not in names
    return frames == int.from_bytes(announced, "big") > 0
