"""PDQ of a picture turned, from one transform, and of a picture that its decoder has scaled down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from safehold.model.signal import TURNS, Turn
from safehold.signals import kernels, reference
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import shown_pixels
from safehold.testing.pictures import landscape

Pixels = NDArray[np.uint8]

PHOTOS = sorted((Path(__file__).parents[3] / "examples" / "photos").glob("*.jpg"))
BOTH = pytest.mark.parametrize("module", [kernels, reference], ids=["native", "numpy"])
TURNED: dict[Turn, Callable[[Pixels], Pixels]] = {
    Turn.NONE: lambda pixels: pixels,
    Turn.ROTATED_90: lambda pixels: np.rot90(pixels, -1),
    Turn.ROTATED_180: lambda pixels: np.rot90(pixels, 2),
    Turn.ROTATED_270: lambda pixels: np.rot90(pixels, 1),
    Turn.MIRRORED: lambda pixels: pixels[:, ::-1],
    Turn.FLIPPED: lambda pixels: pixels[::-1],
    Turn.TRANSPOSED: lambda pixels: pixels.swapaxes(0, 1),
    Turn.TRANSVERSED: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
}


def differing_bits(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def eight(joined: bytes) -> dict[Turn, bytes]:
    assert len(joined) == 256
    return {turn: joined[32 * k : 32 * k + 32] for k, turn in enumerate(TURNS)}


@BOTH
@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_each_of_the_eight_digests_is_that_of_the_picture_turned(path: Path, module) -> None:
    with Image.open(path) as image:
        pixels = shown_pixels(image)
    alone, quality = module.pdq_rgb(pixels)
    joined, same_quality = module.pdq_rgb(pixels, True)
    digests = eight(joined)
    assert (digests[Turn.NONE], same_quality) == (alone, quality)
    for turn, turned in TURNED.items():
        of_turned = module.pdq_rgb(np.ascontiguousarray(turned(pixels)))[0]
        # The samples of the published grid lie up to a pixel off the middle, so a mirror costs some bits.
        distances = {other: differing_bits(of_turned, digest) for other, digest in digests.items()}
        assert distances[turn] <= 20
        assert min(distances, key=lambda other: distances[other]) is turn


def test_kernel_and_reference_make_the_same_eight_digests() -> None:
    for seed in range(8):
        pixels = np.asarray(landscape(seed, (640, 480)))
        native, numpy = eight(kernels.pdq_rgb(pixels, True)[0]), eight(reference.pdq_rgb(pixels, True)[0])
        assert native == numpy
        grey = np.ascontiguousarray(pixels[..., 1])
        assert kernels.pdq_luma(grey, True) == reference.pdq_luma(grey, True)


@BOTH
def test_a_side_under_five_pixels_gives_no_bits_however_it_is_turned(module) -> None:
    assert module.pdq_rgb(np.full((4, 90, 3), 9, np.uint8), True) == (bytes(256), 0)


def scaled(pixels: Pixels, factor: int) -> Pixels:
    """Return the mean of each factor x factor pixels as RGB; at the far edges of what is left of them."""
    height, width = pixels.shape
    rows = np.add.reduceat(pixels.astype(np.float64), np.arange(0, height, factor), axis=0)
    sums = np.add.reduceat(rows, np.arange(0, width, factor), axis=1)
    ones = np.ones_like(pixels, dtype=np.float64)
    counted = np.add.reduceat(
        np.add.reduceat(ones, np.arange(0, height, factor), axis=0), np.arange(0, width, factor), axis=1
    )
    return np.stack([np.rint(sums / counted).astype(np.uint8)] * 3, axis=2)


@BOTH
@pytest.mark.parametrize("size", [(1024, 1024), (2000, 1500), (1537, 1033), (1031, 2222)], ids=str)
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_a_scaled_picture_has_nearly_the_digest_of_the_whole_one(size, factor: int, module) -> None:
    for seed in range(1, 2 if module is reference else 4):
        whole = np.asarray(landscape(seed, size).convert("L"))
        wanted, _ = module.pdq_luma(whole)
        found, quality = module.pdq_scaled(scaled(whole, factor), *whole.shape, factor)
        assert quality >= Pdq.min_quality
        assert differing_bits(found, wanted) <= (0 if factor == 1 else 6)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    factor=st.integers(2, 16),
    rows=st.integers(128, 400),
    columns=st.integers(128, 400),
    cut=st.integers(0, 15),
)
@example(seed=1, factor=16, rows=128, columns=128, cut=15)
@example(seed=1, factor=2, rows=128, columns=129, cut=1)
def test_kernel_and_reference_agree_on_scaled_noise_of_any_size(
    seed: int, factor: int, rows: int, columns: int, cut: int
) -> None:
    height, width = rows * factor - min(cut, factor - 1), columns * factor
    noise = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    native, native_quality = kernels.pdq_scaled(noise, height, width, factor)
    numpy, numpy_quality = reference.pdq_scaled(noise, height, width, factor)
    assert abs(native_quality - numpy_quality) <= 1
    assert differing_bits(native, numpy) <= 2


@BOTH
@pytest.mark.parametrize(
    ("shape", "height", "width", "factor"),
    [
        ((128, 128, 3), 256, 256, 0),
        ((128, 128, 3), 256, 256, 17),
        ((128, 128, 3), 256, 258, 2),
        ((128, 128, 3), 254, 256, 2),
        ((127, 128, 3), 254, 256, 2),
        ((128, 128), 256, 256, 2),
        ((128, 128, 4), 256, 256, 2),
        ((0, 0, 3), 0, 0, 1),
        ((0, 0, 3), 2**64 - 1, 2**64 - 1, 2),
    ],
    ids=str,
)
def test_what_is_not_a_scaled_picture_is_a_value_error(module, shape, height, width, factor) -> None:
    with pytest.raises(ValueError, match="expected"):
        module.pdq_scaled(np.zeros(shape, np.uint8), height, width, factor)
