"""By how much a JPEG is scaled down while it is read, and what is left to the careful reader."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from safehold.signals.pixels import shown_pixels
from safehold.testing.alterations import saved, to_jpeg, turned_with_exif
from safehold.testing.pictures import landscape
from safehold.vault.decoding.jpeg import read_jpeg, scale_of

PICTURE = Image.linear_gradient("L").resize((1100, 1030)).convert("RGB")


@pytest.mark.parametrize(
    ("height", "width", "turned", "factor"),
    [
        (384, 384, False, 1),
        (767, 4000, False, 1),
        (768, 4000, False, 2),
        (769, 771, False, 2),
        (769, 770, True, 1),
        (770, 772, True, 2),
        (1536, 1536, True, 4),
        (1538, 1536, True, 2),
        (3071, 9000, False, 4),
        (3072, 9001, False, 8),
        (100, 20_000, False, 1),
    ],
)
def test_the_short_side_stays_at_384_and_a_turned_picture_leaves_no_rest(
    height: int, width: int, turned: bool, factor: int
) -> None:
    assert scale_of(height, width, turned=turned) == factor


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_what_is_scaled_has_the_size_and_the_side_up_of_the_picture_as_shown() -> None:
    scaled = read_jpeg(to_jpeg(PICTURE), opened(to_jpeg(PICTURE)), scaled=True)
    assert scaled is not None
    assert (scaled.height, scaled.width, scaled.factor, scaled.pixels.shape) == (1030, 1100, 2, (515, 550, 3))
    lying = turned_with_exif(PICTURE.rotate(90, expand=True), 1)
    standing = turned_with_exif(PICTURE, 6)
    for data, size in ((lying, (1100, 1030)), (standing, (1030, 1100))):
        scaled = read_jpeg(data, opened(data), scaled=True)
        assert scaled is not None
        assert (scaled.height, scaled.width) == size
        assert scaled.pixels.shape == (size[0] // scaled.factor, size[1] // scaled.factor, 3)
        dark, light = (scaled.pixels[0].mean(), scaled.pixels[-1].mean())
        assert bool(dark < 40 and light > 200) == (data == standing)


@pytest.mark.parametrize(
    "data",
    [
        to_jpeg(PICTURE)[:-600],
        saved(PICTURE.convert("CMYK"), "JPEG"),
        saved(PICTURE, "JPEG", keep_rgb=True),
    ],
    ids=["cut", "CMYK", "RGB"],
)
def test_what_is_not_quite_a_plain_jpeg_is_not_scaled(data: bytes) -> None:
    assert read_jpeg(data, opened(data), scaled=True) is None


def test_two_readers_that_disagree_about_the_size_are_not_believed() -> None:
    assert read_jpeg(to_jpeg(PICTURE), opened(to_jpeg(PICTURE.resize((64, 64)))), scaled=False) is None


@pytest.mark.parametrize("orientation", [1, 5, 6])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1}], ids=str
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_unscaled_the_pixels_are_those_that_the_careful_reader_sees(
    mode: str, options: dict[str, object], orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = landscape(2, (333, 221)).convert(mode)
    data = saved(photo, "JPEG", quality=80, exif=exif, **options)
    seen = read_jpeg(data, opened(data), scaled=False)
    assert seen is not None
    assert (seen.height, seen.width, seen.factor) == (*seen.pixels.shape[:2], 1)
    assert np.array_equal(seen.pixels, shown_pixels(opened(data)))
