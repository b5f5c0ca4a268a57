"""Files one after the other in a POSIX tar, byte for byte the same for the same files: no clock, no owner."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

_BLOCK = 512
_END = bytes(2 * _BLOCK)


def member(name: str, content: bytes, *, at: int) -> Iterator[bytes]:
    """Yield one file as it stands in a tar. name: ASCII, below 100 characters. at: seconds since 1970.

    It can be read by its owner alone, who is whoever unpacks it.
    """
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(content), at, 0o600
    yield info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    yield content
    yield bytes(-len(content) % _BLOCK)


def end() -> bytes:
    """Return what a tar ends with."""
    return _END
