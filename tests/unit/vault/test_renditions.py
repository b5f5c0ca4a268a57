"""Claims about the safe rendition: small, grey, and without the detail by which a face is known."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from safehold.vault.decoding.renditions import LONG_SIDE, blurred_jpeg, small_grey


def grating(cycles: float, width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """Bright and dark bars of full contrast, `cycles` of them across the long side."""
    wave = np.sin(np.linspace(0, 2 * np.pi * cycles, width))
    row = (127.5 + 127.5 * wave).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (height, width, 3)).copy()


def rendered(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.open(io.BytesIO(blurred_jpeg(small_grey(pixels))))


def contrast_left(cycles: float) -> int:
    """Grey steps between the brightest and the darkest bar, away from the edges."""
    grey = np.asarray(rendered(grating(cycles)), dtype=int)
    middle = grey[100:140, 90:230]
    return int(middle.max() - middle.min())


@pytest.mark.parametrize("cycles", [8, 10, 12, 16, 24, 32, 64])
def test_the_detail_that_identifies_a_face_is_gone(cycles: float) -> None:
    # 8 to 16 cycles across a face identify it; no face is wider than the picture.
    assert contrast_left(cycles) <= 4  # of 255, compression noise included


def test_the_lay_out_stays() -> None:
    assert contrast_left(2) > 120


@settings(deadline=None, max_examples=25)
@given(width=st.integers(1, 900), height=st.integers(1, 900))
def test_it_is_small_grey_and_of_the_same_shape(width: int, height: int) -> None:
    picture = rendered(np.full((height, width, 3), 90, dtype=np.uint8))
    assert picture.mode == "L"
    assert max(picture.size) == min(LONG_SIDE, max(width, height))
    scale = min(1, LONG_SIDE / max(width, height))
    assert picture.size == pytest.approx((max(1, width * scale), max(1, height * scale)), abs=0.5)


def test_nothing_but_pixels_is_in_it() -> None:
    picture = rendered(grating(4))
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
