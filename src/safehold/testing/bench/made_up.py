"""Digests to measure with: 256-bit values that resemble nothing, or each other as copies of pictures do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

BITS, ROW_BYTES = 256, 32
_NEAR = 0.025
"""The share of bits in which two members of a cluster differ from their original: some 6 of 256."""
_AT_ONCE = 100_000


def unrelated(count: int, random: np.random.Generator) -> Bytes:
    """Return so many digests, (count, 32); real ones of PDQ are spread as evenly."""
    return random.integers(0, 256, (count, ROW_BYTES), dtype=np.uint8)


def clusters(count: int, each: int, random: np.random.Generator) -> Bytes:
    """Return so many digests in clusters of near-duplicates, in no order."""
    originals = unrelated(-(-count // each), random)
    return changed(np.repeat(originals, each, axis=0)[:count], _NEAR, random)[random.permutation(count)]


def changed(rows: Bytes, share: float, random: np.random.Generator) -> Bytes:
    """Return the rows with each bit changed with so much probability."""
    pieces = [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
    return np.concatenate(
        [piece ^ np.packbits(random.random((len(piece), BITS)) < share, axis=1) for piece in pieces]
    )


def at_distance(rows: Bytes, bits: int, random: np.random.Generator) -> Bytes:
    """Return the rows with exactly so many bits of each changed."""
    flips = np.zeros((len(rows), BITS), np.uint8)
    flips[:, :bits] = 1
    return rows ^ np.packbits(random.permuted(flips, axis=1), axis=1)


def ids_for(count: int, random: np.random.Generator) -> Bytes:
    """Return ids, (count, 16), each once, in ascending order."""
    numbers = np.arange(count, dtype=">u8").view(np.uint8).reshape(-1, 8)
    return np.concatenate([numbers, random.integers(0, 256, (count, 8), dtype=np.uint8)], axis=1)
