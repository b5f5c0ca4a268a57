"""The blocks of a GIF, from the first to the end mark, without unpacking any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B
_CONTROL = 0xF9


class Block(NamedTuple):
    """One block. is_note: whether it holds a comment, a text or what a program put there. size: in bytes."""

    is_note: bool
    size: int


def blocks(data: bytes) -> Iterator[Block]:
    """Yield the blocks in order until the end mark. Raises IndexError when the data ends before that."""
    at = 13 + _palette(data[10])
    while (kind := data[at]) != _END:
        if kind == _PICTURE:
            end = _end_of_parts(data, at + 11 + _palette(data[at + 9]))
            yield Block(is_note=False, size=end - at)
        elif kind == _EXTENSION:
            end = _end_of_parts(data, at + 2)
            yield Block(is_note=data[at + 1] != _CONTROL, size=end - at)
        else:
            end = at + 1  # stray bytes between blocks are common and harmless
        at = end


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_parts(data: bytes, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1
