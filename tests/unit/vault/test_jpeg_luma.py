"""By how much a JPEG is scaled down while it is read, and what is left to the careful reader."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from safehold.testing.alterations import saved, to_jpeg, turned_with_exif
from safehold.vault.decoding.jpeg_luma import read_luma, scale_of

PICTURE = Image.linear_gradient("L").resize((1100, 1030)).convert("RGB")


@pytest.mark.parametrize(
    ("height", "width", "turned", "factor"),
    [
        (512, 512, False, 1),
        (1023, 4000, False, 1),
        (1024, 4000, False, 2),
        (1025, 1027, False, 2),
        (1025, 1026, True, 1),
        (1026, 1028, True, 2),
        (2048, 2048, True, 4),
        (2050, 2048, True, 2),
        (4095, 9000, False, 4),
        (4096, 9001, False, 8),
        (100, 20_000, False, 1),
    ],
)
def test_the_short_side_stays_at_512_and_a_turned_picture_leaves_no_rest(
    height: int, width: int, turned: bool, factor: int
) -> None:
    assert scale_of(height, width, turned=turned) == factor


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_luma_has_the_size_and_the_side_up_of_the_picture_as_shown() -> None:
    luma = read_luma(to_jpeg(PICTURE), opened(to_jpeg(PICTURE)))
    assert luma is not None
    assert (luma.height, luma.width, luma.factor, luma.pixels.shape) == (1030, 1100, 2, (515, 550))
    lying = turned_with_exif(PICTURE.rotate(90, expand=True), 1)
    standing = turned_with_exif(PICTURE, 6)
    for data, size in ((lying, (1100, 1030)), (standing, (1030, 1100))):
        luma = read_luma(data, opened(data))
        assert luma is not None
        assert (luma.height, luma.width) == size
        assert luma.pixels.shape == (size[0] // luma.factor, size[1] // luma.factor)
        dark, light = (luma.pixels[0].mean(), luma.pixels[-1].mean())
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
def test_what_is_not_quite_a_plain_jpeg_has_no_luma(data: bytes) -> None:
    assert read_luma(data, opened(data)) is None


def test_two_readers_that_disagree_about_the_size_are_not_believed() -> None:
    assert read_luma(to_jpeg(PICTURE), opened(to_jpeg(PICTURE.resize((64, 64))))) is None
