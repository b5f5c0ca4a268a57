"""What a signal type is: one way to make a fingerprint, to write it down and to compare two of them.

A signal type is pure: no clock, no network, no settings. One file each; a foreign one is a class that
fits these protocols and passes `safehold.testing.signal_type_kit.check_signal_type`.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from safehold.model.errors import BadDigest
from safehold.model.signal import Signal, SignalTypeName

MOST_APPEARANCES = 6
"""In how many ways one frame may be shown, and so fingerprinted by one signal type, at most."""


@runtime_checkable
class SignalType(Protocol):
    """One fingerprint algorithm.

    digest_bytes: length of every digest. default_max_distance: differing bits, inclusive, up to which
    two digests are taken to be of the same picture; 0 where only equal digests mean anything.
    examples: valid digests as text, for tests and help pages.
    """

    name: ClassVar[SignalTypeName]
    digest_bytes: ClassVar[int]
    default_max_distance: ClassVar[int]
    examples: ClassVar[tuple[str, ...]]

    def parse(self, text: str) -> bytes:
        """Return the digest that the text writes in hexadecimal, in either case.

        Raises BadDigest for another length or other characters, surrounding spaces included.
        """
        ...

    def distance(self, a: bytes, b: bytes) -> int:
        """Return the number of differing bits, 0 to 8 * digest_bytes.

        Raises BadDigest where one of them is not digest_bytes long.
        """
        ...


@runtime_checkable
class ByteSignal(SignalType, Protocol):
    """A fingerprint of bytes as they are: another byte, another digest."""

    def of_bytes(self, data: bytes) -> Signal:
        """Return the digest of the bytes, which may be empty. Quality is None."""
        ...


@runtime_checkable
class FrameSignal(SignalType, Protocol):
    """A fingerprint of how a picture looks: much the same picture, much the same digest.

    min_quality: below it a digest says too little to rely on.
    """

    min_quality: ClassVar[int]

    def of_frame(self, pixels: NDArray[np.uint8], frame: int = 0) -> Signal:
        """Return the digest and quality (0..100) of pixels as shown.

        pixels: (height, width, 3) RGB or (height, width) luma, 8 bits each, in any memory order.
        frame: 0-based number of the frame in an animation or video, carried into the signal. The pixels
        are not changed. Raises ValueError for another shape or kind of number, or without pixels.
        """
        ...


class HexDigest:
    """Reading and comparing digests of a fixed length; the part that all our signal types share."""

    name: ClassVar[SignalTypeName]
    digest_bytes: ClassVar[int]

    def parse(self, text: str) -> bytes:
        """Return the digest that the text writes in hexadecimal, in either case; else raise BadDigest."""
        try:
            digest = bytes.fromhex(text)
        except ValueError:
            digest = b""
        # It passes over spaces, so a text of the right length may make fewer bytes.
        if len(digest) != self.digest_bytes or len(text) != 2 * self.digest_bytes:
            raise BadDigest(self.name, length=len(text), expected=2 * self.digest_bytes)
        return digest

    def distance(self, a: bytes, b: bytes) -> int:
        """Return the number of differing bits; raise BadDigest for a digest of another length."""
        for digest in (a, b):
            if len(digest) != self.digest_bytes:
                raise BadDigest(self.name, length=2 * len(digest), expected=2 * self.digest_bytes)
        return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()
