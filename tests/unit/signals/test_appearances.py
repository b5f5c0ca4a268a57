"""What a browser shows is compared too: in the colours that a file names, on white and on black."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from safehold.signals.appearances import Appearances, looks_one_way
from safehold.signals.base import MOST_APPEARANCES
from safehold.signals.colours import alters_nothing
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import shown_pixels
from safehold.testing.colour_profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    grey_profile,
    rgb_profile,
    srgb_profile,
)
from safehold.testing.pictures import landscape

SIZES = [(320, 240), (900, 700)]  # looked at whole, and by a sample first


def negative(light: float) -> float:
    return (1 - light) ** 2.2


def opened(picture: Image.Image, name: str = "PNG", **options: object) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return Image.open(file)


def inverted(picture: Image.Image) -> Image.Image:
    return Image.fromarray(255 - np.asarray(picture))


def looks_of(image: Image.Image) -> tuple[list[np.ndarray], bool]:
    appearances = Appearances()
    return list(appearances.of(image)), appearances.incomplete


def distance(shown: np.ndarray, picture: Image.Image) -> int:
    kind = Pdq()
    return kind.distance(kind.of_frame(shown).value, kind.of_frame(np.asarray(picture.convert("RGB"))).value)


def with_gamma(picture: np.ndarray, gamma: float, chromaticity: tuple[int, ...] | None = None) -> Image.Image:
    """Return a PNG of 8 or 16 bits a channel that says that it was stored with this gamma."""
    height, width = picture.shape[:2]
    deep = picture.dtype.itemsize == 2
    rows = b"".join(b"\0" + row.astype(">u2" if deep else "u1").tobytes() for row in picture)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16 if deep else 8, 2, 0, 0, 0)),
        (b"gAMA", struct.pack(">I", round(gamma * 100_000))),
        *([(b"cHRM", struct.pack(">8I", *chromaticity))] if chromaticity else []),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    data = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        data += struct.pack(">I", len(content)) + name + content
        data += struct.pack(">I", zlib.crc32(name + content))
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
def test_a_negative_whose_profile_turns_it_back_is_seen_both_ways(name: str, size: tuple[int, int]) -> None:
    picture = landscape(3, size)
    image = opened(inverted(picture), name, icc_profile=rgb_profile(negative), quality=95)
    (stored, shown), incomplete = looks_of(image)
    assert np.array_equal(stored, shown_pixels(image))
    assert distance(stored, picture) > 200
    assert distance(shown, picture) <= 10
    assert not incomplete


def test_a_grey_negative_and_one_of_few_colours_are_seen_both_ways() -> None:
    picture = landscape(3, (320, 240))
    grey = opened(inverted(picture).convert("L"), icc_profile=grey_profile(negative))
    few = opened(inverted(picture).quantize(200), icc_profile=rgb_profile(negative))
    assert (grey.mode, few.mode) == ("L", "P")
    for image in (grey, few):
        (_, shown), _ = looks_of(image)
        assert distance(shown, picture) <= 14


def test_a_turned_camera_turns_what_is_shown_as_well() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = landscape(3, (320, 240))
    lying = inverted(picture).transpose(Image.Transpose.ROTATE_90)
    (_, shown), _ = looks_of(opened(lying, "JPEG", icc_profile=rgb_profile(negative), exif=exif, quality=95))
    assert shown.shape == (240, 320, 3)
    assert distance(shown, picture) <= 10


@pytest.mark.parametrize(
    "profile", [srgb_profile(), rgb_profile(primaries=DISPLAY_P3), rgb_profile(primaries=ADOBE_RGB)]
)
def test_the_common_profiles_make_no_second_look(profile: bytes) -> None:
    for seed in range(6):
        looks, incomplete = looks_of(opened(landscape(seed, (480, 360)), icc_profile=profile))
        assert len(looks) == 1
        assert not incomplete


def barely(light: float) -> float:
    return light**2.2 if light < 0.5 else light**2.3


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_profile_of_ordinary_screens_alters_nothing_and_no_other_does(mode: str) -> None:
    assert alters_nothing(srgb_profile(), mode)
    for curve in (negative, barely, lambda light: light):
        assert not alters_nothing(rgb_profile(curve), mode)
    for damaged in (None, b"", b"no profile", srgb_profile()[:200]):
        assert not alters_nothing(damaged, mode)


@pytest.mark.parametrize("primaries", [DISPLAY_P3, ADOBE_RGB])
def test_other_primaries_alter_colours_and_leave_grey(primaries: tuple[tuple[float, float], ...]) -> None:
    def screens(light: float) -> float:
        return light / 12.92 if light <= 0.04045 else ((light + 0.055) / 1.055) ** 2.4

    profile = rgb_profile(screens, primaries)
    assert (alters_nothing(profile, "RGB"), alters_nothing(profile, "L")) == (False, True)


def test_a_profile_for_other_colours_alters_nothing_and_one_too_large_to_remember_is_not_judged() -> None:
    assert alters_nothing(grey_profile(negative), "RGB")
    assert not alters_nothing(grey_profile(negative), "L")
    assert not alters_nothing(srgb_profile() + bytes(20_000), "RGB")


def test_a_header_says_whether_what_is_stored_is_all_that_is_shown() -> None:
    picture = landscape(3, (320, 240))
    plain = opened(picture, "JPEG")
    screens, turned_back = (
        opened(picture, "JPEG", icc_profile=profile) for profile in (srgb_profile(), rgb_profile(negative))
    )
    see_through = opened(on_black_alone(picture, "RGBA"))
    looks = [looks_one_way(image) for image in (plain, screens, turned_back, see_through)]
    assert looks == [True, True, False, False]
    assert not looks_one_way(with_gamma(np.asarray(picture), 1 / 3))


def test_a_profile_for_other_colours_than_the_picture_has_is_left_aside_as_viewers_do() -> None:
    image = opened(landscape(3), icc_profile=grey_profile(negative))
    looks, incomplete = looks_of(image)
    assert (len(looks), incomplete) == (1, False)


@pytest.mark.parametrize("profile", [b"no profile", srgb_profile()[:200], bytes(5_000_000)])
def test_a_profile_that_cannot_be_applied_is_told(profile: bytes) -> None:
    image = landscape(3)
    image.info["icc_profile"] = profile
    looks, incomplete = looks_of(image)
    assert (len(looks), incomplete) == (1, True)


def test_a_profile_that_could_not_be_unpacked_is_told() -> None:
    image = landscape(3)
    image.info["icc_profile"] = None
    assert looks_of(image)[1]


def test_pixels_that_a_gamma_brings_back_are_seen_both_ways() -> None:
    picture = landscape(3, (320, 240))
    light = (np.asarray(picture) / 255) ** 3
    (stored, shown), incomplete = looks_of(with_gamma(np.rint(255 * light).astype(np.uint8), 3 / 2.2))
    assert distance(shown, picture) < distance(stored, picture)
    assert distance(shown, picture) <= 16
    assert incomplete  # in the dark, neighbouring steps are shown far apart


def test_what_lies_between_two_of_our_steps_is_not_taken_for_seen() -> None:
    light = (np.asarray(landscape(3, (320, 240))) / 255) ** 20
    image = with_gamma(np.rint(65535 * light).astype(np.uint16), 20 / 2.2)
    assert looks_of(image)[1]


@pytest.mark.parametrize("gamma", [1 / 2.2, 0.45455, 0.45])
def test_the_usual_gamma_changes_nothing(gamma: float) -> None:
    looks, incomplete = looks_of(with_gamma(np.asarray(landscape(3)), gamma))
    assert (len(looks), incomplete) == (1, False)


@pytest.mark.parametrize(
    ("primaries", "told"),
    [
        ((31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000), False),
        ((31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000), False),
        ((31270, 32900, 33000, 33000, 31000, 34000, 30000, 32000), True),
        ((0, 0, 0, 0, 0, 0, 0, 0), True),
    ],
)
def test_primaries_beyond_every_space_in_use_are_told(primaries: tuple[int, ...], told: bool) -> None:
    assert looks_of(with_gamma(np.asarray(landscape(3)), 1 / 2.2, primaries))[1] is told


def on_black_alone(picture: Image.Image, mode: str) -> Image.Image:
    """Return white pixels that show the picture, in grey, where they lie on black."""
    grey = picture.convert("L")
    image = Image.merge("LA", (Image.new("L", grey.size, 255), grey))
    return image if mode == "LA" else image.convert("RGBA")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("mode", "name"), [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "AVIF")]
)
def test_white_pixels_that_show_a_photo_on_black_are_seen_on_black(
    mode: str, name: str, size: tuple[int, int]
) -> None:
    picture = landscape(3, size)
    image = opened(on_black_alone(picture, mode), name)
    (stored, shown), incomplete = looks_of(image)
    assert np.array_equal(stored, shown_pixels(image))
    assert stored.min() > 250
    assert distance(shown, picture.convert("L")) <= 10
    assert not incomplete


@pytest.mark.parametrize("depth", [8, 16])
def test_one_colour_that_stands_for_transparency_is_seen_on_black(depth: int) -> None:
    pattern = np.asarray(landscape(3, (320, 240)).convert("L")) > 110
    top = 2**depth - 1
    image = Image.fromarray(np.where(pattern, top, top - 1).astype(np.uint8 if depth == 8 else np.uint16))
    (_, shown), _ = looks_of(opened(image, transparency=top))
    assert distance(shown, Image.fromarray(~pattern)) <= 4


def test_a_picture_that_lets_nothing_through_is_seen_once() -> None:
    picture = landscape(3, (320, 240))
    picture.putalpha(255)
    assert len(looks_of(opened(picture))[0]) == 1


def test_corners_that_are_cut_off_make_no_second_look() -> None:
    picture = landscape(3, (900, 700))
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(0, (0, 0, 12, 12))
    picture.putalpha(alpha)
    assert len(looks_of(opened(picture))[0]) == 1


def test_profile_and_black_together_are_no_way_past_either() -> None:
    # Black that the profile makes white: on black, and only there and so, it shows the picture.
    picture = landscape(3, (320, 240)).convert("L")
    image = Image.merge("RGBA", (*[Image.new("L", picture.size, 0)] * 3, picture))
    looks, _ = looks_of(opened(image, icc_profile=rgb_profile(negative)))
    assert 1 < len(looks) <= MOST_APPEARANCES
    assert min(distance(shown, picture) for shown in looks) <= 10


def test_what_is_hidden_in_the_mean_of_neighbours_is_found_by_the_sample() -> None:
    # Stored, every block has the same mean; a curve that bends shows how far its pixels are from that.
    picture = np.asarray(landscape(3, (450, 350)).convert("L").resize((900, 700)), dtype=float)
    signs = np.indices(picture.shape).sum(axis=0) % 2 * 2 - 1
    stored = np.clip(128 + signs * picture / 2.1, 0, 255).astype(np.uint8)
    image = opened(Image.fromarray(stored), icc_profile=grey_profile(lambda light: (2 * light - 1) ** 2))
    looks, _ = looks_of(image)
    assert min(distance(shown, Image.fromarray(picture.astype(np.uint8))) for shown in looks) <= 31


def test_every_mode_of_a_picture_is_seen_as_shown_pixels_does_first() -> None:
    for mode in (
        "1",
        "L",
        "P",
        "RGB",
        "RGBA",
        "CMYK",
        "YCbCr",
        "LAB",
        "I",
        "F",
        "I;16",
        "LA",
        "La",
        "PA",
        "RGBa",
    ):
        image = in_mode(mode)
        image.info["icc_profile"] = srgb_profile()
        assert np.array_equal(looks_of(image)[0][0], shown_pixels(image)), mode


def in_mode(mode: str) -> Image.Image:
    picture = landscape(3, (400, 400))
    grey = np.asarray(picture.convert("L"))
    made: dict[str, Callable[[], Image.Image]] = {
        "LAB": lambda: Image.frombytes("LAB", picture.size, picture.tobytes()),
        "I": lambda: Image.fromarray(grey.astype(np.int32)),
        "F": lambda: Image.fromarray(grey.astype(np.float32)),
        "I;16": lambda: Image.fromarray(grey.astype(np.uint16) * 257),
        "La": lambda: picture.convert("LA").convert("La"),
        "LA": lambda: on_black_alone(picture, "LA"),
        "RGBA": lambda: on_black_alone(picture, "RGBA"),
        "RGBa": lambda: on_black_alone(picture, "RGBA").convert("RGBa"),
        "PA": lambda: see_through_palette(picture),
    }
    return made.get(mode, lambda: picture.convert(mode))()


def see_through_palette(picture: Image.Image) -> Image.Image:
    few = picture.quantize(16)
    few.putalpha(128)
    return few
