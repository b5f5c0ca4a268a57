"""What a classifier is handed of some media: a few frames, small, as raw pixels. They are never kept.

A frame comes as it is shown, its longer side at most LONG_SIDE pixels, never enlarged and never framed: bars
of one colour mislead classifiers. Plain frames are left out, for the same reason. Of a film an even choice
comes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from safehold.model.media import DecodeFailure, Examined
from safehold.vault.decoding.examine import read_into
from safehold.vault.decoding.frames import Frames, Scaled
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.sniff import Reading, sniff, unreadable

LONG_SIDE = 512
"""Pixels of the longer side of a sample, at most."""
MOST = 8
"""Samples of one media, at most."""

PLAIN = 4.0
"""A frame whose grey values deviate by no more than this many steps of 256 shows nothing."""

Pixels = NDArray[np.uint8]
"""A frame: (height, width, 3), RGB."""


class BadSamples(ValueError):
    """The bytes are not samples as `packed` writes them."""


class Sampler(Frames):
    """Keeps an even choice of the frames that show something, in small."""

    def __init__(self, limits: DecodeLimits) -> None:
        super().__init__({}, limits, rendition=False)
        self.takes_scaled = True
        self._kept: list[Pixels] = []
        self._seen, self._stride = 0, 1

    def add(self, pixels: Pixels, number: int, seconds: float | None = None) -> None:
        """Take a frame. number, seconds: of no interest here."""
        super().add(pixels, number, seconds)
        self._keep(pixels)

    def enough(self, height: int, width: int) -> bool:
        """Say whether a frame of this size is as large as a sample can be."""
        return max(height, width) >= LONG_SIDE

    def add_scaled(self, scaled: Scaled, number: int) -> None:
        """Take the only frame of a picture, of which the decoder left out what no sample would show."""
        self.note_size(scaled.height, scaled.width)
        self._keep(scaled.pixels)

    def samples(self) -> list[Pixels]:
        """Return the choice, in the order of the film."""
        if len(self._kept) <= MOST:
            return self._kept
        return [self._kept[round(place * (len(self._kept) - 1) / (MOST - 1))] for place in range(MOST)]

    def _keep(self, pixels: Pixels) -> None:
        small = _reduced(pixels)
        if is_plain(small):
            return
        self._seen += 1
        if (self._seen - 1) % self._stride:
            return
        self._kept.append(small)
        if len(self._kept) > 2 * MOST:
            self._kept = self._kept[::2]
            self._stride *= 2


def is_plain(pixels: Pixels) -> bool:
    """Say whether a frame shows next to nothing, as one of a single colour does."""
    return float(pixels.mean(axis=2).std()) <= PLAIN


def take(data: bytes, limits: DecodeLimits) -> Examined:
    """Return the samples of `data`, packed, as the rendition of what was seen; None where there are none.

    Raises nothing, whatever the bytes are.
    """
    found = sniff(data)
    if found.reading is Reading.NONE:
        return Examined(found.media_type, failure=unreadable(found, None))
    sampler = Sampler(limits.of_codec(found.media_type))
    kind, failure = read_into(data, found, sampler)
    samples = sampler.samples()
    return Examined(
        media_type=found.media_type,
        kind=kind,
        width=sampler.width,
        height=sampler.height,
        frames=sampler.count,
        failure=failure or (None if sampler.count else DecodeFailure.TRUNCATED),
        rendition=packed(samples) if samples else None,
    )


def packed(samples: Sequence[Pixels]) -> bytes:
    """Return samples as bytes: how many, the height and width of each, then their pixels."""
    sizes = [side for each in samples for side in each.shape[:2]]
    head = struct.pack(f"<H{len(sizes)}H", len(samples), *sizes)
    return head + b"".join(np.ascontiguousarray(each).tobytes() for each in samples)


def unpacked(raw: bytes) -> list[Pixels]:
    """Return the samples that a worker packed, which may have been taken over. Raises BadSamples."""
    if len(raw) < 2:
        raise BadSamples("no number of samples")
    [count] = struct.unpack_from("<H", raw)
    start = 2 + 4 * count
    if not 0 < count <= MOST or len(raw) < start:
        raise BadSamples("not as many samples as there can be")
    sides = struct.unpack_from(f"<{2 * count}H", raw, 2)
    if not all(0 < side <= LONG_SIDE for side in sides):
        raise BadSamples("a size that no sample has")
    sizes = list(zip(sides[::2], sides[1::2], strict=True))
    if len(raw) - start != sum(3 * height * width for height, width in sizes):
        raise BadSamples("more or less pixels than their sizes say")
    samples = []
    for height, width in sizes:
        end = start + 3 * height * width
        samples.append(np.frombuffer(raw[start:end], dtype=np.uint8).reshape(height, width, 3))
        start = end
    return samples


def _reduced(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = LONG_SIDE / max(height, width)
    if scale >= 1:
        return np.array(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(small, dtype=np.uint8)
