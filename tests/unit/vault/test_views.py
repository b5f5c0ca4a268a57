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
from safehold.vault.decoding import heif
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.views import LONG_SIDE, MOST_FRAMES, SHORTEST, render
from safehold.vault.decoding.watermark import marked

STAMP = ("a1b2c3d4", "2026-11-22", "05:12Z", "9f8e7d6c")
LIMITS = DecodeLimits()


def encoded(picture: Image.Image, name: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def flat(width: int, height: int, colour: tuple[int, int, int] = (90, 120, 150)) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def shown(data: bytes, stamp: tuple[str, ...] = STAMP) -> tuple[Examined, Image.Image]:
    seen = render(data, stamp=stamp, limits=LIMITS)
    assert seen.rendition is not None
    picture = Image.open(io.BytesIO(seen.rendition))
    picture.load()
    return seen, picture


def ink(picture: Image.Image, colour: tuple[int, int, int]) -> np.ndarray:
    """Return where a flat picture was written on."""
    ground = Image.new("RGB", picture.size, colour)
    return np.asarray(ImageChops.difference(picture, ground).convert("L")) > 12


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (128, 128, 128)])
@pytest.mark.parametrize("size", [(320, 240), (1600, 1200), (1600, 400), (300, 900), (160, 160)])
def test_every_window_of_a_quarter_holds_one_whole_mark(
    size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    picture = marked(flat(*size, colour), STAMP)
    written = ink(picture, colour)
    # The mark at the corner, cut out, is found whole in each window: at every place where it was repeated.
    width, height = size
    step_x, step_y = round(width * 0.26), round(height * 0.26)
    mark = written[:step_y, :step_x]
    assert mark.sum() > 20
    mark_width = np.flatnonzero(mark.any(axis=0)).max() + 1
    mark_height = np.flatnonzero(mark.any(axis=1)).max() + 1
    for left in range(0, width - width // 2 + 1, max(1, width // 16)):
        for top in range(0, height - height // 2 + 1, max(1, height // 16)):
            first_x, first_y = -(-left // step_x) * step_x, -(-top // step_y) * step_y
            assert first_x + mark_width <= left + width // 2, (left, top)
            assert first_y + mark_height <= top + height // 2, (left, top)
            found = written[first_y : first_y + mark_height, first_x : first_x + mark_width]
            assert (found == mark[:mark_height, :mark_width]).all(), (left, top)


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


def film(seconds: int, rate: int = 5) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=rate)
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


def test_a_picture_that_is_cut_off_is_shown_as_far_as_it_goes() -> None:
    data = encoded(Image.linear_gradient("L").resize((600, 600)).convert("RGB"), "JPEG", quality=95)
    seen, _ = shown(data[: len(data) * 2 // 3])
    assert seen.failure is DecodeFailure.TRUNCATED


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_there_is_an_answer(data: bytes) -> None:
    for begun in (data, b"\xff\xd8\xff" + data, b"GIF89a" + data, b"\0\0\0\x18ftypmp42" + data):
        seen = render(begun, stamp=STAMP, limits=LIMITS)
        assert seen.rendition is None or seen.rendition.startswith(b"\xff\xd8")
