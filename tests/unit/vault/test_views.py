"""What a person is shown: made anew, marked so that a cut does not help, and nothing of the file in it."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.testing.pictures import landscape
from safehold.vault.decoding import heif
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.views import LONG_SIDE, MOST_FRAMES, SHORTEST, render
from safehold.vault.decoding.watermark import OF_SMALL, WINDOW, marked

STAMP = ("a1b2c3d4", "2026-11-22", "05:12Z", "9f8e7d6c")
LIMITS = DecodeLimits()


def encoded(picture: Image.Image, name: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def flat(width: int, height: int, colour: tuple[int, int, int] = (90, 120, 150)) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def shown(
    data: bytes, stamp: tuple[str, ...] = STAMP, *, wanted: tuple[int, ...] = ()
) -> tuple[Examined, Image.Image]:
    seen = render(data, stamp=stamp, limits=LIMITS, wanted=wanted)
    assert seen.rendition is not None
    picture = Image.open(io.BytesIO(seen.rendition))
    picture.load()
    return seen, picture


def ink(picture: Image.Image, colour: tuple[int, int, int]) -> np.ndarray:
    """Return where a flat picture was written on."""
    ground = Image.new("RGB", picture.size, colour)
    return np.asarray(ImageChops.difference(picture, ground).convert("L")) > 12


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (128, 128, 128)])
@pytest.mark.parametrize("size", [(160, 160), (200, 160), (320, 240), (300, 900), (1600, 400), (1600, 1200)])
def test_every_window_of_a_screenshot_holds_one_whole_mark(
    size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    written = ink(marked(flat(*size, colour), STAMP), colour)
    width, height = (min(WINDOW, int(side * OF_SMALL)) for side in size)
    # What is written in the corner, up to where nothing is for a while, is the mark.
    corner = written[:height, :width]
    mark = corner[: first_gap(corner.any(axis=1)), : first_gap(corner.any(axis=0))]
    assert mark.sum() > 100
    rows, columns = mark.shape

    def stands_at(left: int, top: int) -> bool:
        return np.array_equal(written[top : top + rows, left : left + columns], mark)

    lefts = [left for left in range(size[0] - columns + 1) if stands_at(left, 0)]
    tops = [top for top in range(size[1] - rows + 1) if stands_at(0, top)]
    assert all(stands_at(left, top) for left in lefts for top in tops)
    for places, side, window, length in (
        (lefts, size[0], width, columns),
        (tops, size[1], height, rows),
    ):
        for begin in range(side - window + 1):
            assert any(begin <= place <= begin + window - length for place in places), begin


def first_gap(written: np.ndarray) -> int:
    """Return where the first 12 rows or columns begin on which nothing is written."""
    return next(at for at in range(len(written) - 12) if not written[at : at + 12].any())


@pytest.mark.parametrize("ground", ["dark", "light", "grey", "noise", "slope"])
@pytest.mark.parametrize(("size", "most"), [((200, 200), 0.12), ((640, 480), 0.08), ((1600, 1200), 0.08)])
def test_the_mark_leaves_nearly_all_of_a_picture_as_it_is(
    size: tuple[int, int], most: float, ground: str
) -> None:
    made = {
        "dark": flat(*size, (20, 25, 30)),
        "light": flat(*size, (240, 235, 230)),
        "grey": flat(*size, (127, 127, 127)),
        "noise": Image.effect_noise(size, 80).convert("RGB"),
        "slope": Image.linear_gradient("L").resize(size).convert("RGB"),
    }
    difference = ImageChops.difference(made[ground], marked(made[ground], STAMP)).convert("L")
    changed = np.asarray(difference) > 16
    assert 0.003 < changed.mean() <= most


@pytest.mark.parametrize("light", [0, 60, 127, 128, 200, 255])
def test_the_mark_stands_out_from_what_is_under_it_however_light_that_is(light: int) -> None:
    picture = flat(400, 300, (light, light, light))
    assert np.asarray(ImageChops.difference(picture, marked(picture, STAMP))).max() >= 50


def test_each_quarter_of_what_is_shown_is_written_on() -> None:
    _, picture = shown(encoded(flat(1200, 900)))
    written = ink(picture, (90, 120, 150))
    for quarter in (written[:450, :600], written[:450, 600:], written[450:, :600], written[450:, 600:]):
        assert quarter.sum() > 500


def test_another_person_or_minute_makes_another_picture() -> None:
    data = encoded(flat(400, 300))
    assert shown(data)[1].tobytes() != shown(data, ("00000000", *STAMP[1:]))[1].tobytes()


@settings(max_examples=25)
@given(width=st.integers(1, 1900), height=st.integers(1, 1900))
def test_a_view_is_never_longer_than_it_may_be_and_never_too_narrow_for_its_mark(
    width: int, height: int
) -> None:
    seen, picture = shown(encoded(flat(width, height), "BMP"))
    assert max(picture.size) <= max(LONG_SIDE, SHORTEST)
    assert min(picture.size) >= SHORTEST
    assert (seen.width, seen.height) == (width, height)


def test_it_is_shown_the_right_way_up_and_without_what_the_file_says() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "neutral words in the file"
    data = encoded(flat(400, 200), "JPEG", exif=exif, comment=b"neutral words in the file")
    assert b"neutral words" in data
    seen, picture = shown(data)
    assert picture.size == (200, 400)
    assert not picture.getexif()
    assert not {"comment", "icc_profile", "exif", "xmp"} & set(picture.info)
    assert b"neutral words" not in (seen.rendition or b"")


def test_a_picture_of_a_phone_is_shown() -> None:
    heif.prepare()
    seen, picture = shown(encoded(flat(640, 480), "HEIF"))
    assert (seen.media_type, seen.kind) == ("image/heic", MediaKind.IMAGE)
    assert picture.size == (640, 480)


def test_an_animation_is_shown_as_a_sheet_of_frames_in_their_order() -> None:
    frames = [flat(200, 100, (10 * number, 0, 200)) for number in range(24)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    seen, picture = shown(data)
    assert seen.kind is MediaKind.ANIMATION
    assert seen.frames == 24
    assert picture.size == (4 * 200, 3 * 100)
    # The right lower corner of each tile, where neither caption nor mark of its own row begins.
    reds = [picture.getpixel((200 * (n % 4) + 190, 100 * (n // 4) + 95))[0] for n in range(MOST_FRAMES)]
    assert reds == sorted(reds)
    assert reds[-1] - reds[0] > 150


def test_a_picture_that_shows_only_on_black_is_shown_on_black_beside_it() -> None:
    grey = Image.linear_gradient("L").resize((400, 300)).rotate(90)
    picture = Image.merge("LA", (Image.new("L", grey.size, 255), grey))
    seen, sheet = shown(encoded(picture))
    assert (seen.width, seen.height, seen.frames) == (400, 300, 1)
    assert sheet.size == (800, 300)
    light = np.asarray(sheet.convert("L"), dtype=float)
    assert np.median(light[:, :400]) > 250
    assert light[:, 400:].std() > 50


GREY = (96, 96, 96)


@pytest.mark.parametrize("number", [7, 19])
def test_a_frame_of_an_animation_that_matched_stands_above_the_sheet_and_larger(number: int) -> None:
    frames = [flat(1200, 600, (10 * at, 0, 200)) for at in range(24)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    _, picture = shown(data, wanted=(number,))
    assert picture.size == (4 * 400, 400 + 3 * 200)
    red = picture.getpixel((700, 350))[0]
    assert abs(red - 10 * number) < 12
    assert min(picture.getpixel((0, 200))) > 200, "it is framed"
    assert max(abs(a - b) for a, b in zip(picture.getpixel((1500, 200)), GREY, strict=True)) < 12


def test_at_most_two_frames_stand_above_and_what_is_not_there_leaves_the_sheet_as_it_is() -> None:
    frames = [flat(200, 100, (10 * at, 0, 200)) for at in range(24)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    assert shown(data, wanted=(3, 9, 20))[1].size == (4 * 200, 100 + 3 * 100)
    assert shown(data, wanted=(99,))[1].size == shown(data)[1].size == (4 * 200, 3 * 100)


def test_what_shows_only_on_black_is_above_the_sheet_on_black_too() -> None:
    grey = Image.linear_gradient("L").resize((400, 300)).rotate(90)
    hidden = Image.merge("LA", (Image.new("L", grey.size, 255), grey)).convert("RGBA")
    frames = [flat(400, 300).convert("RGBA"), hidden]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=80)
    _, picture = shown(data, wanted=(1,))
    light = np.asarray(picture.convert("L"), dtype=float)[10:290, :]
    assert np.median(light[:, 10:390]) > 250
    assert light[:, 410:790].std() > 50


def film(seconds: int, rate: int = 5, *, form: str = "mp4", codec: str = "mpeg4") -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(seconds * rate):
            pixels = np.full((120, 160, 3), 250 * number // (seconds * rate), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.mark.parametrize("seconds", [6, 90])
def test_a_film_is_shown_from_its_beginning_to_its_end(seconds: int) -> None:
    seen, picture = shown(film(seconds))
    assert seen.kind is MediaKind.VIDEO
    tiles = min(seen.frames, MOST_FRAMES)
    columns = picture.width // 160
    greys = [
        picture.getpixel((160 * (n % columns) + 150, 120 * (n // columns) + 115))[0] for n in range(tiles)
    ]
    assert greys == sorted(greys)
    assert greys[0] < 40
    assert greys[-1] > 180


@pytest.mark.parametrize(
    ("form", "codec"), [("mp4", "libx264"), ("matroska", "mpeg4"), ("mpegts", "libx264")]
)
@pytest.mark.parametrize("seconds", [6, 90])
def test_a_frame_of_a_film_that_matched_is_shown_whatever_chance_picks(
    seconds: int, form: str, codec: str
) -> None:
    data = film(seconds, form=form, codec=codec)
    for share in (0.35, 0.62):
        number = int(share * seconds * 5)
        _, picture = shown(data, wanted=(number,))
        # The only one in the first row: the tiles of the sheet begin below it.
        grey = picture.getpixel((150, 115))[0]
        assert abs(grey - 250 * number / (seconds * 5)) < 8
        assert max(abs(side - 96) for side in picture.getpixel((picture.width - 5, 60))) < 12


@pytest.mark.parametrize(("seconds", "frames"), [(6, {6, 7, 8}), (90, {MOST_FRAMES})])
def test_a_film_that_breaks_off_midway_is_shown_as_far_as_it_goes_and_said_to_be_damaged(
    seconds: int, frames: set[int]
) -> None:
    data = film(seconds, form="matroska")
    whole, _ = shown(data)
    assert whole.failure is None
    assert whole.frames in frames  # the first, the last, and one a second at instants that chance sets
    seen, _ = shown(data[: len(data) // 2])
    assert (seen.kind, seen.failure) == (MediaKind.VIDEO, DecodeFailure.TRUNCATED)
    assert 1 < seen.frames < whole.frames


def test_what_comes_after_a_damaged_part_of_a_film_is_shown() -> None:
    data = bytearray(film(90))
    at, size = data.index(b"mdat") + 4, len(data)
    data[at + size // 3 : at + size // 2] = bytes(size // 2 - size // 3)
    seen, _ = shown(bytes(data))
    assert (seen.kind, seen.failure) == (MediaKind.VIDEO, DecodeFailure.TRUNCATED)
    assert MOST_FRAMES // 2 < seen.frames <= MOST_FRAMES


@pytest.mark.parametrize("seconds", [6, 90])
def test_nothing_is_shown_of_an_encrypted_film_however_long_it_is(seconds: int) -> None:
    data = film(seconds, codec="libx264").replace(b"avc1\0\0\0\0", b"encv\0\0\0\0")
    seen = render(data, stamp=STAMP, limits=LIMITS)
    assert (seen.failure, seen.rendition) == (DecodeFailure.ENCRYPTED, None)


def test_a_picture_that_is_cut_off_is_shown_as_far_as_it_goes() -> None:
    data = encoded(Image.linear_gradient("L").resize((600, 600)).convert("RGB"), "JPEG", quality=95)
    seen, _ = shown(data[: len(data) * 2 // 3])
    assert seen.failure is DecodeFailure.TRUNCATED


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_there_is_an_answer(data: bytes) -> None:
    for begun in (data, b"\xff\xd8\xff" + data, b"GIF89a" + data, b"\0\0\0\x18ftypmp42" + data):
        seen = render(begun, stamp=STAMP, limits=LIMITS)
        assert seen.rendition is None or seen.rendition.startswith(b"\xff\xd8")


@pytest.mark.parametrize("size", [(4000, 3000), (3001, 4003), (3200, 400), (1601, 1201)])
@pytest.mark.parametrize("turned", [1, 6])
def test_a_large_jpeg_is_shown_as_all_of_its_pixels_would_show_it(size: tuple[int, int], turned: int) -> None:
    picture = landscape(3, size)
    exif = Image.Exif()
    exif[0x0112] = turned
    seen, view = shown(encoded(picture, "JPEG", quality=90, exif=exif), ())
    upright = picture if turned == 1 else picture.transpose(Image.Transpose.ROTATE_270)
    assert (seen.width, seen.height) == upright.size
    assert seen.failure is None
    assert max(view.size) == min(LONG_SIDE, max(size))
    small = upright.resize(view.size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    apart = np.asarray(ImageChops.difference(view, small), dtype=float)
    assert apart.mean() < 3
    assert np.percentile(apart, 99) < 24
