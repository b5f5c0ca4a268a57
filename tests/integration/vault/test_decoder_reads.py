"""Claims about what the decoder reads: every format, every frame, and the same picture in each."""

import io
from pathlib import Path

import pytest
from PIL import Image

from safehold.model.media import DecodeFailure, Examined, HashMode, MediaKind
from safehold.signals.pdq import Pdq
from safehold.testing.colour_profiles import rgb_profile
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool


def distance(a: Examined, b: Examined) -> int:
    return Pdq().distance(a.signals[0].value, b.signals[0].value)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
        ("HEIF", "image/heic"),
    ],
)
def test_the_same_picture_is_read_alike_in_every_format(decoder, landscape, encode, name, media_type) -> None:
    original = decoder.examine(encode(landscape(), "PNG"))
    seen = decoder.examine(encode(landscape(), name))
    assert (seen.media_type, seen.kind, seen.failure) == (media_type, MediaKind.IMAGE, None)
    assert (seen.width, seen.height, seen.frames) == (400, 300, 1)
    assert distance(original, seen) <= 20
    assert seen.signals[0].quality is not None


def test_a_file_is_read_as_its_bytes_are(decoder, landscape, encode, tmp_path: Path) -> None:
    data = encode(landscape(), "JPEG")
    (tmp_path / "photo.png").write_bytes(data)
    assert decoder.examine_file(tmp_path / "photo.png") == decoder.examine(data)
    assert decoder.examine(memoryview(data)) == decoder.examine(data)
    with pytest.raises(FileNotFoundError):
        decoder.examine_file(tmp_path / "absent")


def test_palette_cmyk_alpha_and_a_turned_camera_change_nothing(decoder, landscape, encode) -> None:
    picture = landscape()
    original = decoder.examine(encode(picture, "PNG"))
    turned = Image.Exif()
    turned[0x0112] = 6
    lying = picture.transpose(Image.Transpose.ROTATE_90)
    copies = {
        "palette": encode(picture.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
        "cmyk": encode(picture.convert("CMYK"), "JPEG"),
        "alpha": encode(picture.convert("RGBA"), "PNG"),
        "turned": encode(lying, "JPEG", exif=turned, quality=95),
    }
    for copy in copies.values():
        seen = decoder.examine(copy)
        assert (seen.width, seen.height, seen.failure) == (400, 300, None)
        assert distance(original, seen) <= 20


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "AVIF"])
def test_every_frame_of_an_animation_is_read(decoder, landscape, encode, name: str) -> None:
    pictures = [landscape(120, 90, seed) for seed in range(12)]
    data = encode(pictures[0], name, save_all=True, append_images=pictures[1:], duration=100)
    seen = decoder.examine(data)
    assert (seen.kind, seen.frames, seen.failure) == (MediaKind.ANIMATION, 12, None)
    assert [signal.frame for signal in seen.signals] == list(range(12))
    for signal, picture in zip(seen.signals, pictures, strict=True):
        alone = decoder.examine(encode(picture, "PNG")).signals[0]
        assert Pdq().distance(signal.value, alone.value) <= 30


def test_frames_that_stay_the_same_are_counted_and_hashed_once(decoder, landscape, encode) -> None:
    first, second = landscape(seed=1), landscape(seed=2)
    data = encode(first, "TIFF", save_all=True, append_images=[first, first, second, first])
    seen = decoder.examine(data)
    assert (seen.frames, [signal.frame for signal in seen.signals]) == (5, [0, 3, 4])


def test_pages_of_a_tiff_and_the_second_picture_of_a_photo_are_read_too(decoder, landscape, encode) -> None:
    first, second = landscape(seed=1), landscape(seed=2)
    for name in ("TIFF", "MPO"):
        seen = decoder.examine(encode(first, name, save_all=True, append_images=[second]))
        assert (seen.kind, seen.frames, seen.failure) == (MediaKind.IMAGE, 2, None)


@pytest.mark.parametrize(
    ("codec", "container", "media_type"),
    [
        ("mpeg4", "mp4", "video/mp4"),
        ("libx264", "mp4", "video/mp4"),
        ("libx264", "mov", "video/quicktime"),
        ("libvpx-vp9", "webm", "video/webm"),
        ("libsvtav1", "mp4", "video/mp4"),
        ("libx264", "matroska", "video/x-matroska"),
        ("mpeg4", "avi", "video/x-msvideo"),
        ("libx264", "mpegts", "video/mp2t"),
    ],
)
def test_a_film_is_looked_at_in_every_second_and_wherever_its_picture_changes(
    decoder, film, codec, container, media_type
) -> None:
    seen = decoder.examine(film(codec, container))
    assert (seen.media_type, seen.kind, seen.failure) == (media_type, MediaKind.VIDEO, None)
    # The first, the last, the five changes, and one by chance in each of six seconds: it may be among them.
    assert (seen.width, seen.height, seen.sampled) == (160, 120, True)
    assert 7 <= seen.frames <= 13
    assert {0, 10, 20, 30, 40, 50} <= {signal.frame for signal in seen.signals}


def test_a_film_without_pictures_has_no_video(decoder, film) -> None:
    seen = decoder.examine(film(sound_only=True))
    assert (seen.failure, seen.frames) == (DecodeFailure.NO_VIDEO, 0)


def test_a_protected_film_is_encrypted(decoder, film) -> None:
    protected = film("libx264", "mp4").replace(b"avc1\0\0\0\0", b"encv\0\0\0\0")
    assert decoder.examine(protected).failure is DecodeFailure.ENCRYPTED


def test_protected_pictures_and_web_films_are_encrypted(decoder) -> None:
    brands = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    picture = brands + b"\0\0\0\x18meta\0\0\0\0\0\0\0\x0cipro\0\0\0\0"
    encoding = b"\x6d\x80\x89\x62\x40\x86\x50\x35\x83\x47\xe1\x05"
    web_film = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x8c" + encoding
    for data in (picture, web_film):
        assert decoder.examine(data).failure is DecodeFailure.ENCRYPTED
    in_the_film_itself = brands + b"\0\0\0\x0cmdatipro"
    assert decoder.examine(in_the_film_itself).failure is not DecodeFailure.ENCRYPTED


def test_a_photo_of_50_megapixels_is_read(decoder, landscape, encode) -> None:
    seen = decoder.examine(encode(landscape(8192, 6144), "JPEG"), rendition=True)
    assert (seen.width, seen.height, seen.failure) == (8192, 6144, None)
    assert seen.rendition


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("PNG", {"compress_level": 1}),
        ("WEBP", {"quality": 60, "method": 0}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {"quality": 40, "speed": 10}),
        ("HEIF", {"quality": 30}),
        ("BMP", {}),
    ],
)
def test_a_photo_of_50_megapixels_is_read_in_every_format(decoder, landscape, encode, name, options) -> None:
    seen = decoder.examine(encode(landscape(8192, 6144), name, **options))
    assert (seen.width, seen.height, seen.failure) == (8192, 6144, None)
    assert seen.signals


def test_a_rendition_is_small_and_made_only_when_asked_for(decoder, landscape, encode) -> None:
    data = encode(landscape(1200, 900), "WEBP")
    assert decoder.examine(data).rendition is None
    rendition = decoder.examine(data, rendition=True).rendition
    with Image.open(io.BytesIO(rendition)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "L", (320, 240))


def test_the_rendition_of_a_film_is_not_its_black_beginning(decoder, landscape, encode) -> None:
    black = Image.new("RGB", (400, 300))
    data = encode(black, "PNG", save_all=True, append_images=[landscape()], duration=100)
    with Image.open(io.BytesIO(decoder.examine(data, rendition=True).rendition)) as picture:
        assert picture.getextrema()[1] > 60


def test_a_readable_picture_of_another_type_than_claimed_is_read(decoder, landscape, encode, film) -> None:
    for claimed in ("image/png", "text/plain", "video/mp4", "nonsense"):
        assert decoder.examine(encode(landscape(), "JPEG"), claimed_type=claimed).failure is None
    assert decoder.examine(film(), claimed_type="image/jpeg").failure is None


def test_an_animation_beyond_the_frame_limit_gives_what_was_read_and_says_so(landscape, encode) -> None:
    pictures = [landscape(60, 40, seed) for seed in range(8)]
    data = encode(pictures[0], "GIF", save_all=True, append_images=pictures[1:])
    with DecoderPool(limits=DecodeLimits(max_frames=8)) as enough:
        assert enough.examine(data).failure is None
    with DecoderPool(limits=DecodeLimits(max_frames=5)) as short:
        seen = short.examine(data)
    assert (seen.failure, seen.frames, len(seen.signals)) == (DecodeFailure.LIMIT, 5, 5)


@pytest.mark.parametrize("mode", HashMode)
def test_a_walled_in_worker_sees_what_a_profile_or_a_black_page_shows(
    decoder, landscape, encode, mode: HashMode
) -> None:
    assert decoder.confinement.whole
    picture = landscape(900, 700)
    original = decoder.examine(encode(picture, "PNG")).signals[0].value
    inverted = Image.eval(picture, lambda value: 255 - value)
    unseen = Image.merge("LA", (Image.new("L", picture.size, 255), picture.convert("L")))
    for data in (
        encode(inverted, "JPEG", quality=95, icc_profile=rgb_profile(lambda light: (1 - light) ** 2.2)),
        encode(inverted, "HEIF", quality=95, icc_profile=rgb_profile(lambda light: (1 - light) ** 2.2)),
        encode(unseen, "PNG"),
    ):
        seen = decoder.examine(data, mode=mode)
        assert (seen.kind, seen.frames, seen.failure) == (MediaKind.IMAGE, 1, None)
        assert [signal.frame for signal in seen.signals] == [0, 0]
        stored, shown = (Pdq().distance(original, signal.value) for signal in seen.signals)
        assert shown <= 20 < stored


@pytest.mark.parametrize("mode", HashMode)
@pytest.mark.parametrize("name", ["PNG", "JPEG"])
def test_a_profile_that_cannot_be_applied_is_a_failure_beside_what_was_read(
    decoder, landscape, encode, name: str, mode: HashMode
) -> None:
    data = encode(landscape(), name, icc_profile=b"nothing that is a profile")
    seen = decoder.examine(data, mode=mode)
    assert (seen.frames, seen.failure) == (1, DecodeFailure.UNSUPPORTED)
    assert len(seen.signals) == 1


def test_a_look_that_stays_the_same_in_an_animation_is_compared_once(decoder, landscape, encode) -> None:
    pictures = [Image.merge("LA", (Image.new("L", (120, 90), 255), landscape(120, 90).convert("L")))]
    pictures += [landscape(120, 90, seed).convert("RGBA") for seed in (2, 3)]
    data = encode(
        pictures[0].convert("RGBA"), "WEBP", save_all=True, append_images=pictures[1:], lossless=True
    )
    seen = decoder.examine(data)
    assert (seen.kind, seen.frames, seen.failure) == (MediaKind.ANIMATION, 3, None)
    assert [signal.frame for signal in seen.signals] == [0, 0, 1, 2]
