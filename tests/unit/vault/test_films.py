"""Claims about what is seen of a film: nothing that it shows for long enough is passed over in silence."""

import io
import random
import struct

import av
import numpy as np
import pytest
from PIL import Image

from safehold.model.media import DecodeFailure, MediaKind
from safehold.model.signal import PDQ, Signal
from safehold.signals.pdq import Pdq
from safehold.vault.decoding.examine import read_into
from safehold.vault.decoding.film_sheet import read as read_sheet
from safehold.vault.decoding.frames import Frames
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.sniff import sniff
from safehold.vault.decoding.video import sketch_of

RATE = 5


def picture(seed: int) -> Image.Image:
    """Broad patches; another seed is another picture."""
    chance = np.random.default_rng(seed)
    patches = chance.integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((160, 120), Image.Resampling.BICUBIC)


USUAL, OTHER = picture(1), picture(2)


def film(
    pictures: list[Image.Image], codec: str = "mpeg4", form: str = "mp4", *, every_key: int = 1
) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.gop_size = every_key
        stream.codec_context.max_b_frames = 0
        for one in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(one), format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def look(
    data: bytes, seed: int = 1, **limits: float
) -> tuple[Frames, tuple[MediaKind, DecodeFailure | None]]:
    frames = Frames({PDQ: Pdq()}, DecodeLimits(**limits), rendition=False, chance=random.Random(seed))
    return frames, read_into(data, sniff(data), frames)


def shows(frames: Frames, wanted: Image.Image) -> bool:
    aim = Pdq().of_frame(np.asarray(wanted)).value
    return any(Pdq().distance(signal.value, aim) <= 31 for signal in frames.signals)


def test_a_film_that_shows_something_else_between_the_seconds_is_seen_through() -> None:
    """One harmless frame at each whole second and four others after it: the old choice saw only the first."""
    data = film([OTHER if number % RATE else USUAL for number in range(30)])
    for seed in range(5):
        frames, seen = look(data, seed)
        assert seen == (MediaKind.VIDEO, None)
        assert shows(frames, USUAL)
        assert shows(frames, OTHER)


@pytest.mark.parametrize("place", [1, 23, 58, 59])
def test_a_single_frame_that_looks_different_is_looked_at_wherever_it_stands(place: int) -> None:
    for codec, form in (("mpeg4", "mp4"), ("libx264", "matroska"), ("libvpx", "webm")):
        frames, seen = look(film([OTHER if n == place else USUAL for n in range(60)], codec, form))
        assert seen == (MediaKind.VIDEO, None)
        assert shows(frames, OTHER)


def test_when_there_is_no_room_for_what_looks_new_chance_still_finds_most_of_it() -> None:
    # Limits that leave room for one frame a second and no more.
    data = film([OTHER if number % RATE else USUAL for number in range(30)])
    found = [shows(look(data, seed, max_frames=9)[0], OTHER) for seed in range(20)]
    assert all(found)
    frames, seen = look(data, max_frames=9)
    assert seen == (MediaKind.VIDEO, None)
    assert frames.count <= 9


def test_pictures_that_all_differ_do_not_use_up_the_frames_that_one_a_second_needs() -> None:
    frames, seen = look(film([picture(seed) for seed in range(60)]), max_frames=30)
    assert seen == (MediaKind.VIDEO, None)
    assert 15 <= frames.count <= 30
    assert max(signal.frame for signal in frames.signals) == 59


def test_a_film_that_keeps_the_length_from_us_leaves_half_of_the_room_to_one_a_second() -> None:
    data = film([picture(seed) for seed in range(60)], form="matroska")
    # What says how long it is becomes filling.
    frames, seen = look(data.replace(b"\x44\x89\x88", b"\xec\x89\x88"), max_frames=40)
    assert seen == (MediaKind.VIDEO, None)
    assert 20 < frames.count <= 40
    assert max(signal.frame for signal in frames.signals) == 59


def late_at_first(data: bytes, milliseconds: int) -> bytes:
    """Give the first block of the first cluster of a WebM another time."""
    cluster = data.index(b"\x1f\x43\xb6\x75")
    block = data.index(b"\xa3", cluster + 8)
    at = block + 1 + _length_of_size(data[block + 1]) + 1
    assert struct.unpack(">h", data[at : at + 2]) == (0,)
    return data[:at] + struct.pack(">h", milliseconds) + data[at + 2 :]


def _length_of_size(first: int) -> int:
    return 9 - first.bit_length()


def test_a_first_frame_that_claims_to_come_late_hides_none_of_those_after_it() -> None:
    grey = [Image.new("RGB", (160, 120), (shade, shade, shade)) for shade in range(40, 220, 6)]
    plain = film(grey, "libvpx", "webm")
    for data in (plain, late_at_first(plain, 30_000)):
        frames, seen = look(data)
        assert seen == (MediaKind.VIDEO, None)
        assert len(grey) / RATE <= frames.count <= len(grey) / RATE + 2
        assert frames.sampled


def test_a_view_shows_the_frames_after_a_late_first_one_too() -> None:
    data = late_at_first(film([picture(n // 10) for n in range(150)], "libvpx", "webm"), 30_000)
    frames = Frames({PDQ: Pdq()}, DecodeLimits(), rendition=False)
    assert read_sheet(data, sniff(data), frames, 12)
    assert frames.count > 6


def test_what_was_left_out_is_said_and_a_film_of_one_frame_leaves_out_none() -> None:
    assert look(film([USUAL] * 30))[0].sampled
    assert not look(film([USUAL]))[0].sampled
    assert not look(film([picture(seed) for seed in range(10)]))[0].sampled


def test_the_same_chance_sees_the_same_frames() -> None:
    data = film([picture(number // 3) for number in range(60)])
    assert look(data, 4)[0].signals == look(data, 4)[0].signals


def test_the_first_and_the_last_frame_are_looked_at() -> None:
    for seed in range(5):
        frames, _ = look(film([picture(0), *[picture(1)] * 7, picture(2)]), seed, max_frames=4)
        assert shows(frames, picture(0))
        assert shows(frames, picture(2))


@pytest.mark.parametrize(
    "form", ["yuv420p", "yuvj444p", "nv12", "yuv420p10le", "rgb24", "gbrp", "gray", "pal8"]
)
def test_a_sketch_shows_what_the_frame_shows_in_every_form(form: str) -> None:
    pixels = np.asarray(picture(3).resize((150, 110)))
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    made = sketch_of(frame if form == "rgb24" else _as(frame, form))
    assert isinstance(made, Signal)
    assert Pdq().distance(made.value, Pdq().of_frame(pixels).value) <= 24


def _as(frame: av.VideoFrame, form: str) -> av.VideoFrame:
    return frame.reformat(format="rgb8" if form == "pal8" else form)


def test_nobody_can_know_which_frames_of_a_long_film_a_view_shows() -> None:
    data = film([picture(number) for number in range(150)])
    shown = []
    for seed in (1, 1, 2):
        frames = Frames({PDQ: Pdq()}, DecodeLimits(), rendition=False, chance=random.Random(seed))
        assert read_sheet(data, sniff(data), frames, 12)
        assert frames.count == 12
        assert shows(frames, picture(0))
        shown.append(frames.signals)
    assert shown[0] == shown[1] != shown[2]
