"""PDQ: the compiled kernel, the NumPy reference and the published implementation give the same bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from safehold.signals import kernels, reference
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import shown_pixels
from safehold.testing.pictures import checkerboard, gradient, landscape, plain_grey

Pixels = NDArray[np.uint8]
Kernel = Callable[[Pixels], tuple[bytes, int]]

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "photos").rglob("*.jpg"))
WALLPAPERS = sorted(Path("/usr/share/backgrounds").glob("*_by_*.jpg"))
SIZES = [(640, 480), (64, 64), (63, 65), (65, 63), (127, 128), (128, 129), (129, 257), (17, 400), (401, 23)]
SIZES += [(1023, 767), (100, 100), (1, 300), (4, 4), (5, 5), (5, 900), (900, 5), (2001, 64)]
KERNELS = [kernels.pdq_rgb, reference.pdq_rgb]


def published(pixels: Pixels) -> tuple[bytes, int]:
    bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return np.packbits(bits.astype(np.uint8)).tobytes(), quality


def differing_bits(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def assert_same_as_published(pixels: Pixels, kernel: Kernel) -> None:
    wanted, wanted_quality = published(pixels)
    found, quality = kernel(pixels)
    assert abs(quality - wanted_quality) <= 1
    if wanted_quality >= Pdq.min_quality:
        assert differing_bits(found, wanted) == 0


@pytest.mark.parametrize("kernel", KERNELS, ids=["native", "numpy"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_painted_landscapes_have_the_published_bits_at_every_size(
    size: tuple[int, int], kernel: Kernel
) -> None:
    for seed in range(4):
        assert_same_as_published(np.asarray(landscape(seed, size)), kernel)


@pytest.mark.parametrize("kernel", KERNELS, ids=["native", "numpy"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_photos_of_the_repository_have_the_published_bits(path: Path, kernel: Kernel) -> None:
    with Image.open(path) as image:
        assert_same_as_published(shown_pixels(image), kernel)


@pytest.mark.skipif(not WALLPAPERS, reason="the Debian package lomiri-wallpapers-16.04 is not installed")
@pytest.mark.parametrize("kernel", KERNELS, ids=["native", "numpy"])
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] * bool(at % 5)) for at, path in enumerate(WALLPAPERS)],
)
def test_large_photos_have_the_published_bits_at_full_and_odd_sizes(path: Path, kernel: Kernel) -> None:
    with Image.open(path) as image:
        assert_same_as_published(shown_pixels(image), kernel)
        assert_same_as_published(shown_pixels(image.resize((1155, 577))), kernel)


@pytest.mark.parametrize("kernel", [kernels.pdq_luma, reference.pdq_luma], ids=["native", "numpy"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_luma_has_the_published_bits_of_the_grey_picture(size: tuple[int, int], kernel: Kernel) -> None:
    for seed in range(4):
        grey = np.asarray(landscape(seed, size).convert("L"))
        as_rgb = np.repeat(grey[..., None], 3, axis=2)
        assert_same_as_published(as_rgb, lambda _, grey=grey: kernel(grey))


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), width=st.integers(1, 700), height=st.integers(1, 700))
@example(seed=1, width=1, height=1)
@example(seed=1, width=5, height=700)
@example(seed=0, width=5, height=8)
def test_kernel_and_reference_agree_on_noise_of_any_size(seed: int, width: int, height: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    (native, native_quality), (numpy, numpy_quality) = kernels.pdq_rgb(noise), reference.pdq_rgb(noise)
    assert abs(native_quality - numpy_quality) <= 1
    if native_quality >= Pdq.min_quality and min(width, height) >= 64:
        # A coefficient may lie on the median to within rounding; then two bits change places. Where the
        # 64 samples of an axis repeat fewer rows than that, coefficients are equal in whole groups.
        assert differing_bits(native, numpy) <= 2


HOSTILE_SHAPES = [
    (1, 1, 3),
    (2, 3, 3),
    (4, 1_000_000, 3),
    (5, 1_000_000, 3),
    (1_000_000, 5, 3),
    (1, 70_000, 3),
]


@pytest.mark.parametrize("kernel", KERNELS, ids=["native", "numpy"])
@pytest.mark.parametrize("shape", HOSTILE_SHAPES, ids=str)
def test_extreme_shapes_are_answered(shape: tuple[int, int, int], kernel: Kernel) -> None:
    digest, quality = kernel(np.full(shape, 200, dtype=np.uint8))
    assert len(digest) == 32
    assert quality == 0


@pytest.mark.parametrize("kernel", KERNELS, ids=["native", "numpy"])
@pytest.mark.parametrize("side", [(4, 200), (200, 4)])
def test_a_side_under_five_pixels_gives_no_bits_and_no_quality(kernel: Kernel, side: tuple[int, int]) -> None:
    assert kernel(np.asarray(landscape(1, side))) == (bytes(32), 0)


@pytest.mark.parametrize("module", [kernels, reference], ids=["native", "numpy"])
@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((0, 9, 3), np.uint8),
        np.zeros((9, 0, 3), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9), np.uint8),
        np.zeros((), np.uint8),
        np.zeros((9, 9, 3, 1), np.uint8),
        np.zeros((9, 9, 3), np.int8),
        np.zeros((9, 9, 3), np.float32),
        np.zeros((9, 9, 3), bool),
        np.zeros((3, 9, 9), np.uint8).transpose(1, 2, 0),
        np.zeros((18, 9, 3), np.uint8)[::2],
        np.zeros((9, 9, 3), np.uint8)[::-1],
    ],
    ids=lambda pixels: f"{pixels.shape}-{pixels.dtype}",
)
def test_what_is_not_rgb_pixels_is_a_value_error(module: object, pixels: Pixels) -> None:
    with pytest.raises(ValueError, match="expected"):
        module.pdq_rgb(pixels)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kernel", [kernels.pdq_luma, reference.pdq_luma], ids=["native", "numpy"])
def test_what_is_not_luma_is_a_value_error(kernel: Kernel) -> None:
    for pixels in (np.zeros((9, 9, 3), np.uint8), np.zeros((0, 9), np.uint8), np.zeros((9, 9), np.int16)):
        with pytest.raises(ValueError, match="expected"):
            kernel(pixels)


def test_read_only_and_strided_pixels_are_taken_by_the_signal_type() -> None:
    pixels = np.asarray(landscape(3)).copy()
    wanted = Pdq().of_frame(pixels)
    pixels.flags.writeable = False
    assert Pdq().of_frame(pixels) == wanted
    assert Pdq().of_frame(np.asfortranarray(pixels)) == wanted
    assert Pdq().of_frame(pixels[::-1][::-1]) == wanted


def test_quality_tells_plain_pictures_from_detailed_ones() -> None:
    qualities = [Pdq().of_frame(np.asarray(make())).quality for make in (plain_grey, gradient, checkerboard)]
    assert qualities[0] == 0
    assert qualities[1] is not None
    assert qualities[1] < Pdq.min_quality
    assert qualities[2] == 100


def test_painted_landscapes_are_detailed_and_far_apart() -> None:
    signals = [Pdq().of_frame(np.asarray(landscape(seed))) for seed in range(25)]
    assert all((signal.quality or 0) >= Pdq.min_quality for signal in signals)
    apart = [Pdq().distance(a.value, b.value) for a in signals for b in signals if a is not b]
    assert min(apart) > 60


def test_a_mirrored_landscape_is_another_picture() -> None:
    pixels = np.asarray(landscape(5))
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    assert Pdq().distance(Pdq().of_frame(pixels).value, Pdq().of_frame(mirrored).value) > 60
