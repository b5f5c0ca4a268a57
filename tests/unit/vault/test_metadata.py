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

FLOOD = 17 * MEBIBYTE
TYPES = sorted(CODECS)


def picture(name: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(out, name, **options)
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


def heic_with(notes: int) -> bytes:
    brands = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    return brands + struct.pack(">I", notes + 8) + b"meta" + bytes(notes)


MAKERS = {
    "image/jpeg": jpeg_with,
    "image/png": png_with,
    "image/webp": webp_with,
    "image/tiff": tiff_with,
    "image/heic": heic_with,
}


@pytest.mark.parametrize("media_type", MAKERS)
def test_a_flood_of_notes_is_too_much_and_honest_ones_are_not(media_type: str) -> None:
    make = MAKERS[media_type]
    assert has_too_much(make(FLOOD), media_type)
    assert not has_too_much(make(500_000), media_type)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_a_plain_picture_has_not_too_much(name: str) -> None:
    assert not has_too_much(picture(name), f"image/{name.lower()}")


@given(st.binary(max_size=400), st.sampled_from(TYPES))
def test_whatever_the_bytes_are_they_are_counted_without_a_fault(data: bytes, media_type: str) -> None:
    assert has_too_much(data, media_type) in (True, False)


@given(st.binary(max_size=300))
def test_whatever_follows_the_head_of_a_tiff_is_counted(data: bytes) -> None:
    for order in (b"II*\0", b"MM\0*"):
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
