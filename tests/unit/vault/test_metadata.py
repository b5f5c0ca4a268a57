"""Claims about what lies beside the pixels: honest notes pass, a flood does not, damage is no excuse."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from safehold.vault.decoding.limits import CODECS, FILM_PIXELS, MEBIBYTE, DecodeLimits
from safehold.vault.decoding.metadata import has_too_much
from safehold.vault.decoding.sniff import sniff

FLOOD = 17 * MEBIBYTE
TYPES = sorted(CODECS)


def picture(name: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(out, name, **options)
    return out.getvalue()


def picture_of(frames: list[Image.Image]) -> bytes:
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def jpeg_with(notes: int) -> bytes:
    data = picture("JPEG")
    segment = b"\xff\xe1\xff\xff" + bytes(65_533)
    return data[:2] + segment * (notes // 65_535) + data[2:]


def png_with(notes: int) -> bytes:
    data = picture("PNG")
    body = b"note\0" + bytes(notes)
    crc = zlib.crc32(b"tEXt" + body).to_bytes(4, "big")
    return data[:33] + len(body).to_bytes(4, "big") + b"tEXt" + body + crc + data[33:]


def webp_with(notes: int) -> bytes:
    data = picture("WEBP")
    return data[:12] + b"EXIF" + notes.to_bytes(4, "little") + bytes(notes) + data[12:]


def tiff_with(notes: int) -> bytes:
    """Every entry names the same few bytes, and all of them together a flood."""
    entry = struct.pack("<HHII", 0x9286, 1, 60_000, 8)
    count = notes // 60_000
    return (
        b"II*\0"
        + struct.pack("<I", 60_008)
        + bytes(60_000)
        + struct.pack("<H", count)
        + entry * count
        + bytes(4)
    )


def big_tiff_with(notes: int) -> bytes:
    """The same in the form for files over 4 GiB, in the other order of bytes."""
    entry = struct.pack(">HHQQ", 0x9286, 1, 60_000, 16)
    count = notes // 60_000
    head = b"MM\0+" + struct.pack(">HHQ", 8, 0, 60_016)
    return head + bytes(60_000) + struct.pack(">Q", count) + entry * count + bytes(8)


def gif_with(notes: int, label: bytes = b"\xfe") -> bytes:
    part = b"\xff" + b"n" * 255
    return picture("GIF")[:-1] + (b"!" + label + part * 100 + b"\0") * (notes // 25_500) + b";"


def heic_with(notes: int) -> bytes:
    brands = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    return brands + struct.pack(">I", notes + 8) + b"meta" + bytes(notes)


MAKERS = {
    "image/jpeg": jpeg_with,
    "image/png": png_with,
    "image/webp": webp_with,
    "image/tiff": tiff_with,
    "image/tiff, big": big_tiff_with,
    "image/gif": gif_with,
    "image/gif, of programs": lambda notes: gif_with(notes, b"\xff"),
    "image/heic": heic_with,
}


@pytest.mark.parametrize("made", MAKERS)
def test_a_flood_of_notes_is_too_much_and_honest_ones_are_not(made: str) -> None:
    make, media_type = MAKERS[made], made.partition(",")[0]
    assert sniff(make(500_000)).media_type == media_type
    assert has_too_much(make(FLOOD), media_type)
    assert not has_too_much(make(500_000), media_type)


def test_the_frames_of_a_gif_are_no_notes() -> None:
    frames = [Image.effect_noise((900, 900), 90 + number).convert("P") for number in range(40)]
    data = picture_of(frames)
    assert len(data) > FLOOD
    assert not has_too_much(data, "image/gif")


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_a_plain_picture_has_not_too_much(name: str) -> None:
    assert not has_too_much(picture(name), f"image/{name.lower()}")


@given(st.binary(max_size=400), st.sampled_from(TYPES))
def test_whatever_the_bytes_are_they_are_counted_without_a_fault(data: bytes, media_type: str) -> None:
    assert has_too_much(data, media_type) in (True, False)


def test_pages_in_a_circle_are_counted_to_an_end() -> None:
    entries = struct.pack("<HHII", 0x9286, 0, 0, 8) * 65_535
    data = b"II*\0" + struct.pack("<IH", 8, 65_535) + entries + struct.pack("<I", 8)
    assert not has_too_much(data, "image/tiff")


@given(st.binary(max_size=300))
def test_whatever_follows_the_head_of_a_tiff_is_counted(data: bytes) -> None:
    for order in (b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"):
        assert has_too_much(order + data, "image/tiff") in (True, False)


@pytest.mark.parametrize("media_type", [kind for kind in TYPES if kind != "image/gif"])
def test_an_honest_photo_of_50_megapixels_is_within_the_limits_of_its_codec(media_type: str) -> None:
    limits = DecodeLimits().of_codec(media_type)
    assert limits.max_pixels >= 8192 * 6144
    assert limits.max_frames >= 1


def test_a_codecs_limits_only_narrow_those_of_the_job() -> None:
    small = DecodeLimits(max_pixels=1_000, max_frames=2)
    for media_type in (*TYPES, "video/mp4"):
        assert small.of_codec(media_type).max_pixels == 1_000
        assert small.of_codec(media_type).max_frames <= 2
        assert small.of_codec(media_type).max_bytes == small.max_bytes
    assert DecodeLimits(max_pixels=10**9).of_codec("video/mp4").max_pixels == FILM_PIXELS
    assert all(codec.why for codec in CODECS.values())
