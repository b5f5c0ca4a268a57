"""What a browser leaves behind: pieces of pictures in its profile folder, whatever they are hidden in."""

from __future__ import annotations

import base64
import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

PIECE = 64


def pieces_of(data: bytes) -> list[bytes]:
    """Return pieces of some bytes from all over them, past what files of this kind have in common."""
    assert len(data) > 4096
    places = np.linspace(1024, len(data) - PIECE - 64, 24).astype(int)
    return [data[place : place + PIECE] for place in places]


def disguises_of(piece: bytes) -> list[bytes]:
    """Return a piece as it is, and in base64 at each of its three alignments, less the uncertain ends."""
    return [piece, *(base64.b64encode(b"\0" * shift + piece)[8:-8] for shift in range(3))]


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield the bytes of a file, and of every gzip and zlib stream in it that opens."""
    yield data
    for start in (b"\x1f\x8b\x08", b"\x78\x9c", b"\x78\x01", b"\x78\xda"):
        at = data.find(start)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(wbits=47).decompress(data[at:], 64 * 1024 * 1024)
            at = data.find(start, at + 1)


def files_with(folder: Path, *pictures: bytes) -> list[str]:
    """Return the files below a folder in which a piece of a picture is, whatever it is hidden in."""
    wanted = [form for picture in pictures for piece in pieces_of(picture) for form in disguises_of(piece)]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [
        path.relative_to(folder).as_posix()
        for path in files
        if any(form in inside for inside in unpacked(path.read_bytes()) for form in wanted)
    ]


def noted(reader: Any) -> list[bytes]:
    """Return a list to which every picture is added that this reader hands out from now on."""
    handed_out: list[bytes] = []
    show = reader.show

    def show_and_note(ticket: str) -> bytes:
        handed_out.append(show(ticket))
        return handed_out[-1]

    reader.show = show_and_note
    return handed_out
