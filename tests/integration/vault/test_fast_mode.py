"""Claims about fast signals: made behind the same walls, near the exact ones, and never of what is broken."""

import io
from pathlib import Path

import pytest
from PIL import Image

from safehold.model.media import DecodeFailure, Examined, HashMode
from safehold.model.signal import TURNS, Turn
from safehold.signals.pdq import Pdq
from safehold.testing.alterations import SAVED_OTHERWISE, to_jpeg, turned_with_exif
from safehold.testing.colour_profiles import rgb_profile, srgb_profile
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

PHOTOS = sorted((Path(__file__).parents[3] / "examples" / "photos").rglob("*.jpg"))
MOST_BITS = 16
"""What fast signals of a JPEG of quality 80 and above may differ in."""


def negative(light: float) -> float:
    return (1 - light) ** 2.2


def distance(a: Examined, b: Examined) -> int:
    return Pdq().distance(a.signals[0].value, b.signals[0].value)


def both(decoder: DecoderPool, data: bytes) -> tuple[Examined, Examined]:
    return decoder.examine(data, mode=HashMode.FAST), decoder.examine(data)


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_a_fast_signal_is_near_the_exact_one(decoder: DecoderPool, path: Path) -> None:
    fast, exact = both(decoder, path.read_bytes())
    assert (fast.mode, exact.mode) == (HashMode.FAST, HashMode.EXACT)
    assert (fast.width, fast.height, fast.frames) == (exact.width, exact.height, 1)
    assert distance(fast, exact) <= MOST_BITS
    assert decoder.examine_file(path, mode=HashMode.FAST) == fast


@pytest.mark.parametrize("size", [(3000, 2000), (2051, 1027), (1024, 1023), (512, 4099)], ids=str)
def test_a_large_photo_scaled_down_by_the_decoder_keeps_its_signal(decoder, size) -> None:
    with Image.open(PHOTOS[0]) as photo:
        fast, exact = both(decoder, to_jpeg(photo.resize(size), 85))
    assert fast.mode is HashMode.FAST
    assert (fast.width, fast.height) == size
    assert distance(fast, exact) <= MOST_BITS


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(400, 300), (2048, 1536), (2050, 1537)], ids=str)
def test_a_turned_camera_changes_nothing(decoder, orientation: int, size: tuple[int, int]) -> None:
    with Image.open(PHOTOS[0]) as photo:
        fast, exact = both(decoder, turned_with_exif(photo.resize(size), orientation))
    assert fast.mode is HashMode.FAST
    assert (fast.width, fast.height) == (exact.width, exact.height) == size
    assert distance(fast, exact) <= MOST_BITS


@pytest.mark.parametrize("name", sorted(SAVED_OTHERWISE))
def test_what_has_no_luma_of_its_own_is_read_exactly(decoder: DecoderPool, name: str) -> None:
    with Image.open(PHOTOS[0]) as photo:
        fast, exact = both(decoder, SAVED_OTHERWISE[name](photo.resize((600, 400))))
    if name in {"jpeg", "progressive jpeg", "grey jpeg", "turned jpeg"}:
        assert fast.mode is HashMode.FAST
        assert distance(fast, exact) <= MOST_BITS
    else:
        assert fast == exact


def test_a_jpeg_that_keeps_red_green_and_blue_and_one_of_two_pictures_are_read_exactly(
    decoder, encode, landscape
) -> None:
    fast, exact = both(decoder, encode(landscape(), "JPEG", keep_rgb=True))
    assert fast == exact
    fast, exact = both(decoder, encode(landscape(), "MPO", save_all=True, append_images=[landscape(seed=2)]))
    assert fast == exact
    assert fast.frames == 2


@pytest.mark.parametrize(
    "profile", [rgb_profile(negative), srgb_profile()[:200], b""], ids=["negative", "cut", "none"]
)
def test_a_jpeg_that_names_its_colours_is_seen_in_as_many_ways_as_in_exact_mode(
    decoder, landscape, encode, profile: bytes
) -> None:
    data = encode(landscape(1200, 900), "JPEG", icc_profile=profile)
    fast, exact = decoder.examine(data, mode=HashMode.FAST, turned=True), decoder.examine(data, turned=True)
    if profile:
        assert fast == exact
        assert len(fast.turned) == 7 * len(fast.signals)
        assert (len(fast.signals), fast.failure) in {(2, None), (1, DecodeFailure.UNSUPPORTED)}
    else:
        assert fast.mode is HashMode.FAST


def test_a_jpeg_that_names_the_colours_of_ordinary_screens_is_read_fast(decoder, landscape, encode) -> None:
    fast, exact = both(decoder, encode(landscape(1200, 900), "JPEG", icc_profile=srgb_profile()))
    assert (fast.mode, exact.mode, len(exact.signals)) == (HashMode.FAST, HashMode.EXACT, 1)
    assert distance(fast, exact) <= MOST_BITS


@pytest.mark.parametrize("size", [(600, 450), (1200, 900)], ids=str)
def test_a_photo_drawn_in_colours_beyond_the_screens_is_no_way_past(
    decoder, landscape, encode, size: tuple[int, int]
) -> None:
    """Its luma is one even grey; what screens cut off makes the photo visible, and is compared."""
    photo = landscape(*size)
    colour = photo.convert("L").point(lambda light: 128 + light // 2)
    hidden = Image.merge("YCbCr", (Image.new("L", photo.size, 230), colour, colour))
    fast, exact = both(decoder, encode(hidden, "JPEG", quality=92))
    assert fast.mode is HashMode.FAST
    assert distance(fast, exact) <= MOST_BITS
    negative_of_it = decoder.examine(encode(photo.point(lambda light: 255 - light), "PNG"))
    assert distance(fast, negative_of_it) <= Pdq.default_max_distance


def test_a_profile_in_pieces_of_which_one_is_missing_is_no_way_past(decoder, landscape, encode) -> None:
    """Readers that take what there is would show something else."""
    data = encode(landscape(1200, 900), "JPEG", icc_profile=rgb_profile(negative) + bytes(70_000))
    missing = data.replace(b"ICC_PROFILE\x00\x02\x02", b"XCC_PROFILE\x00\x02\x02")
    assert missing != data
    fast, exact = both(decoder, missing)
    assert fast == exact
    assert fast.mode is HashMode.EXACT


def test_a_cut_jpeg_is_truncated_wherever_it_is_cut(decoder, landscape, encode) -> None:
    for options in ({}, {"progressive": True}):
        data = encode(landscape(1200, 900), "JPEG", **options)
        for share in (0.2, 0.5, 0.9, 0.999):
            fast, exact = both(decoder, data[: int(len(data) * share)])
            assert fast.failure is DecodeFailure.TRUNCATED
            assert fast == exact


def test_a_jpeg_with_a_hole_in_it_is_read_as_carefully_as_in_exact_mode(decoder, landscape, encode) -> None:
    data = encode(landscape(1200, 900), "JPEG")
    middle = len(data) // 2
    for broken in (data[:middle] + b"\xff\xd9", data[:middle] + data[middle + 999 :]):
        fast, exact = both(decoder, broken)
        assert fast == exact
        assert fast.mode is HashMode.EXACT


def test_limits_hold_in_fast_mode(landscape, encode) -> None:
    with DecoderPool(limits=DecodeLimits(max_pixels=99_999)) as pool:
        seen = pool.examine(encode(landscape(400, 250), "JPEG"), mode=HashMode.FAST)
        assert seen.failure is DecodeFailure.LIMIT


def test_the_walls_are_the_same_and_a_rendition_is_made_exactly(decoder, landscape, encode) -> None:
    assert decoder.confinement.whole
    seen = decoder.examine(encode(landscape(), "JPEG"), mode=HashMode.FAST, rendition=True)
    assert seen.mode is HashMode.EXACT
    assert seen.rendition is not None


@pytest.mark.parametrize("mode", HashMode)
def test_seven_turned_signals_come_where_they_are_asked_for(decoder, landscape, encode, mode) -> None:
    data = encode(landscape(), "JPEG", quality=90)
    assert decoder.examine(data, mode=mode).turned == ()
    seen = decoder.examine(data, mode=mode, turned=True)
    assert seen.signals == decoder.examine(data, mode=mode).signals
    assert [signal.turn for signal in seen.turned] == list(TURNS[1:])
    mirrored = decoder.examine(encode(landscape().transpose(Image.Transpose.FLIP_LEFT_RIGHT), "PNG"))
    distances = {one.turn: Pdq().distance(one.value, mirrored.signals[0].value) for one in seen.turned}
    assert distances[Turn.MIRRORED] <= 20
    assert min(distances.values()) == distances[Turn.MIRRORED]


def test_every_frame_that_is_hashed_is_hashed_turned_too(decoder, landscape) -> None:
    first, second = landscape(seed=1), landscape(seed=2)
    out = io.BytesIO()
    first.save(out, "TIFF", save_all=True, append_images=[first, second])
    seen = decoder.examine(out.getvalue(), turned=True)
    assert [signal.frame for signal in seen.signals] == [0, 2]
    assert [signal.frame for signal in seen.turned] == [0] * 7 + [2] * 7
