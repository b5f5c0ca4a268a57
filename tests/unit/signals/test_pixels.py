"""Pixels as a person sees them, whatever way the file stores them."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from safehold.model.signal import Signal
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import shown_pixels
from safehold.testing.alterations import (
    CHANGED,
    SAVED_OTHERWISE,
    Alteration,
    to_transparent_palette_png,
    turned_with_exif,
)
from safehold.testing.pictures import landscape

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "photos").rglob("*.jpg"))
FEW_COLOURS = {"palette png", "transparent palette png", "gif"}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def signal_of(image: Image.Image) -> Signal:
    return Pdq().of_frame(shown_pixels(image))


@cache
def pictures() -> list[tuple[Image.Image, Signal]]:
    photos = [Image.open(path).convert("RGB").resize((480, 360)) for path in EXAMPLES]
    painted = [landscape(seed, (480, 360)) for seed in range(6)]
    return [(picture, signal_of(picture)) for picture in painted + photos]


def moved_by(alteration: Alteration) -> list[int]:
    """Return by how many bits this alteration moves the signal of each picture."""
    return [
        Pdq().distance(signal.value, signal_of(opened(alteration(picture))).value)
        for picture, signal in pictures()
    ]


@pytest.mark.parametrize("way", SAVED_OTHERWISE)
def test_the_same_picture_saved_otherwise_moves_only_a_few_bits(way: str) -> None:
    # Measured on 62 pictures: at most 6 bits, and 14 where a picture is cut down to 256 colours.
    limit = 14 if way in FEW_COLOURS else 6
    assert max(moved_by(SAVED_OTHERWISE[way])) <= limit


@pytest.mark.parametrize("way", CHANGED)
def test_most_lightly_changed_copies_stay_within_the_customary_distance(way: str) -> None:
    distances = moved_by(CHANGED[way])
    within = sum(distance <= Pdq.default_max_distance for distance in distances)
    assert within >= 0.8 * len(distances)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_shown_upright(orientation: int) -> None:
    picture = landscape(7, (320, 200))
    shown = shown_pixels(opened(turned_with_exif(picture, orientation)))
    assert shown.shape == (200, 320, 3)
    assert np.abs(shown.astype(int) - np.asarray(picture)).mean() < 3


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_an_unreadable_exif_block_does_not_hide_the_picture() -> None:
    file = io.BytesIO()
    landscape(7).save(file, "JPEG", quality=90, exif=b"Exif\0\0MM\0\x2a\0\0\xff\xff")
    assert Pdq().distance(signal_of(opened(file.getvalue())).value, signal_of(landscape(7)).value) <= 4


def test_an_orientation_that_does_not_exist_is_ignored() -> None:
    assert shown_pixels(opened(turned_with_exif(landscape(7, (64, 48)), 9))).shape == (48, 64, 3)


def test_transparency_shows_white_and_not_the_colours_hidden_under_it() -> None:
    picture = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    picture.putpixel((3, 4), (10, 20, 30, 255))
    shown = shown_pixels(picture)
    assert shown[4, 3].tolist() == [10, 20, 30]
    assert shown[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La"])
def test_half_transparent_black_is_shown_as_mid_grey(mode: str) -> None:
    straight = "LA" if mode.upper() == "LA" else "RGBA"
    colour = (0, 128) if straight == "LA" else (0, 0, 0, 128)
    picture = Image.new(straight, (4, 4), colour).convert(mode)
    assert abs(int(shown_pixels(picture)[0, 0, 0]) - 127) <= 1


def test_a_palette_picture_with_an_alpha_channel_is_put_on_white() -> None:
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette([0, 0, 0])
    picture.putalpha(128)
    assert picture.mode == "PA"
    assert abs(int(shown_pixels(picture)[0, 0, 0]) - 127) <= 1


def test_a_transparent_palette_colour_is_shown_white() -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((0, 0), 0)
    file = io.BytesIO()
    picture.save(file, "GIF", transparency=0)
    shown = shown_pixels(opened(file.getvalue()))
    assert shown[0, 0].tolist() == [255, 255, 255]
    assert shown[4, 4].tolist() == [0, 0, 255]


def test_a_transparent_colour_of_an_rgb_png_is_shown_white() -> None:
    picture = Image.new("RGB", (4, 4), (1, 2, 3))
    picture.putpixel((0, 0), (9, 9, 9))
    file = io.BytesIO()
    picture.save(file, "PNG", transparency=(1, 2, 3))
    shown = shown_pixels(opened(file.getvalue()))
    assert shown[0, 0].tolist() == [9, 9, 9]
    assert shown[2, 2].tolist() == [255, 255, 255]


def test_a_palette_with_unused_transparency_keeps_its_colours() -> None:
    picture = landscape(2)
    shown = shown_pixels(opened(to_transparent_palette_png(picture)))
    assert np.abs(shown.astype(int) - np.asarray(picture)).mean() < 8


def test_cmyk_inks_are_mixed_as_on_paper() -> None:
    inks = {(0, 0, 0, 0): (255, 255, 255), (255, 0, 0, 0): (0, 255, 255), (0, 0, 0, 255): (0, 0, 0)}
    for ink, colour in inks.items():
        assert tuple(shown_pixels(Image.new("CMYK", (2, 2), ink))[0, 0].tolist()) == colour


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N"])
def test_grey_of_sixteen_bits_is_scaled_to_eight(mode: str) -> None:
    order = ">u2" if mode == "I;16B" else "<u2"
    values = np.array([[0, 257, 32768, 65535]], dtype=order)
    image = Image.frombytes(mode, (4, 1), values.tobytes())
    assert shown_pixels(image)[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize(
    ("mode", "values", "shown"),
    [
        ("I", [0, 100, 255, 7], [0, 100, 255, 7]),
        ("I", [0, 257, 65535, 514], [0, 1, 255, 2]),
        ("I", [-1000, 0, 1000, 0], [0, 128, 255, 128]),
        ("I", [0, 2**31 - 1, 0, 0], [0, 255, 0, 0]),
        ("F", [0.0, 0.5, 1.0, 0.0], [0, 128, 255, 0]),
        ("F", [0.0, 10.0, 255.0, 20.0], [0, 10, 255, 20]),
        ("F", [-1.0, 0.0, 1.0, 0.0], [0, 128, 255, 128]),
        ("F", [float("nan"), 0.0, 1.0, 0.0], [0, 0, 255, 0]),
        ("F", [-5.0, -5.0, -5.0, -5.0], [0, 0, 0, 0]),
    ],
)
def test_deep_grey_is_scaled_by_the_range_it_uses(mode: str, values: list[float], shown: list[int]) -> None:
    kind = np.int32 if mode == "I" else np.float32
    image = Image.fromarray(np.array([values], dtype=kind))
    assert image.mode == mode
    assert shown_pixels(image)[0, :, 0].tolist() == shown


@pytest.mark.parametrize("extreme", [float("inf"), float("-inf"), 3e38, -3e38])
def test_extreme_floating_point_pixels_are_shown_without_a_warning(extreme: float) -> None:
    image = Image.fromarray(np.array([[extreme, 0.0, -extreme, 1.0]], dtype=np.float32))
    assert shown_pixels(image).shape == (1, 4, 3)


def test_lab_is_shown_in_the_colours_it_was_made_from() -> None:
    picture = landscape(4, (64, 48))
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(picture, to_lab)
    assert lab is not None
    assert np.abs(shown_pixels(lab).astype(int) - np.asarray(picture)).mean() < 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBX", "YCbCr", "HSV"])
def test_every_other_mode_is_shown_nearly_as_it_was(mode: str) -> None:
    picture = landscape(4)
    distance = Pdq().distance(signal_of(picture).value, signal_of(picture.convert(mode)).value)
    assert distance <= 14


def test_the_image_itself_is_left_as_it_was() -> None:
    picture = opened(turned_with_exif(landscape(7, (64, 48)), 6))
    shown_pixels(picture)
    assert picture.size == (48, 64)
    assert picture.getexif().get(0x0112) == 6


def test_a_truncated_file_is_an_error_and_not_a_half_picture() -> None:
    data = SAVED_OTHERWISE["png"](landscape(1))
    with pytest.raises((OSError, SyntaxError, ValueError)):
        shown_pixels(opened(data[: len(data) // 2]))
