"""Cryptographic digests: MD5, SHA-1 and SHA-256 find copies that are the same to the last byte."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

from safehold.model.signal import MD5, SHA1, SHA256, Signal, SignalTypeName
from safehold.signals.base import HexDigest

_READ_BYTES = 1 << 20


class _ByteDigest(HexDigest):
    """A digest that hashlib knows by the name of its signal type."""

    default_max_distance: ClassVar[int] = 0

    def of_bytes(self, data: bytes) -> Signal:
        """Return the digest of the bytes, which may be empty."""
        return Signal(self.name, hashlib.new(self.name, data, usedforsecurity=False).digest())


class Md5(_ByteDigest):
    """MD5, because most lists still carry it. Broken against forgers; here a copy is found, not trusted."""

    name: ClassVar[SignalTypeName] = MD5
    digest_bytes: ClassVar[int] = 16
    examples: ClassVar[tuple[str, ...]] = ("d41d8cd98f00b204e9800998ecf8427e",)


class Sha1(_ByteDigest):
    """SHA-1, for the lists that carry it; the same warning as for MD5."""

    name: ClassVar[SignalTypeName] = SHA1
    digest_bytes: ClassVar[int] = 20
    examples: ClassVar[tuple[str, ...]] = ("da39a3ee5e6b4b0d3255bfef95601890afd80709",)


class Sha256(_ByteDigest):
    """SHA-256: what we key media by, and the digest to prefer."""

    name: ClassVar[SignalTypeName] = SHA256
    digest_bytes: ClassVar[int] = 32
    examples: ClassVar[tuple[str, ...]] = (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )


BYTE_SIGNALS: tuple[_ByteDigest, ...] = (Md5(), Sha1(), Sha256())


def digest_bytes(data: bytes) -> tuple[Signal, ...]:
    """Return the MD5, SHA-1 and SHA-256 signals of the bytes, in this order."""
    return tuple(kind.of_bytes(data) for kind in BYTE_SIGNALS)


def digest_file(path: Path) -> tuple[Signal, ...]:
    """Return the MD5, SHA-1 and SHA-256 signals of a file of any size, in this order, reading it once.

    Memory stays at one megabyte. Raises OSError where the file cannot be read.
    """
    running = [hashlib.new(kind.name, usedforsecurity=False) for kind in BYTE_SIGNALS]
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            for digest in running:
                digest.update(part)
    return tuple(
        Signal(kind.name, digest.digest()) for kind, digest in zip(BYTE_SIGNALS, running, strict=True)
    )
