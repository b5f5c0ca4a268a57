"""Fingerprints as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

SignalTypeName = NewType("SignalTypeName", str)
"""The storage key of a signal type, such as "pdq". It never changes once released."""

MD5 = SignalTypeName("md5")
SHA1 = SignalTypeName("sha1")
SHA256 = SignalTypeName("sha256")
PDQ = SignalTypeName("pdq")


class Turn(StrEnum):
    """How a picture was turned before it was fingerprinted; rotations are clockwise."""

    NONE = "none"
    ROTATED_90 = "rotated_90"
    ROTATED_180 = "rotated_180"
    ROTATED_270 = "rotated_270"
    MIRRORED = "mirrored"
    FLIPPED = "flipped"
    TRANSPOSED = "transposed"
    TRANSVERSED = "transversed"


TURNS = tuple(Turn)
"""All eight, the picture as it is first: the order in which they are made and sent."""


@dataclass(frozen=True, slots=True, order=True)
class Signal:
    """One fingerprint.

    value: the digest as bytes; its text form is lower-case hex.
    quality: 0 to 100 where the algorithm gives one (pdq), else None. Below 50 a pdq digest
    has little to go on. frame: 0-based frame of an animation or video, 0 for a still picture. turn: how
    the picture was turned for this one.
    """

    signal_type: SignalTypeName
    value: bytes
    quality: int | None = None
    frame: int = 0
    turn: Turn = Turn.NONE

    @property
    def text(self) -> str:
        """The digest as lower-case hex."""
        return self.value.hex()

    def __repr__(self) -> str:
        """Name the type only: a digest must not end up in a log or a traceback."""
        return f"Signal({self.signal_type})"
