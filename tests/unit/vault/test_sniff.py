"""Claims about telling bytes by their beginnings, and about labels that lie."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from safehold.model.media import DecodeFailure
from safehold.vault.decoding.sniff import HEAD_BYTES, UNKNOWN, Reading, sniff, unreadable


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
    ],
)
def test_pictures_are_told_by_their_bytes(name: str, media_type: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "green").save(out, name)
    assert sniff(out.getvalue()).media_type == media_type
    assert sniff(out.getvalue()).reading is Reading.IMAGE


@pytest.mark.parametrize(
    ("head", "media_type", "reading"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic", Reading.HEIF),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heif", Reading.HEIF),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif", Reading.IMAGE),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video/mp4", Reading.VIDEO),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime", Reading.VIDEO),
        (b"\0\0\0\x14ftypM4A \0\0\0\0M4A ", "audio/mp4", Reading.VIDEO),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime", Reading.VIDEO),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm", Reading.VIDEO),
        (b"RIFF\x10\0\0\0AVI LIST", "video/x-msvideo", Reading.VIDEO),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2", Reading.NONE),
        (b"<?xml version='1.0'?>\n<svg xmlns=''>", "image/svg+xml", Reading.NONE),
        (b"%PDF-1.7", "application/pdf", Reading.NONE),
    ],
)
def test_containers_are_told_by_their_brands(head: bytes, media_type: str, reading: Reading) -> None:
    found = sniff(head)
    assert (found.media_type, found.reading) == (media_type, reading)


@pytest.mark.parametrize(
    "text", [b"", b"BM is short for bitmap, and this is prose.", b"GIF87", b"hello", b"\0" * 9]
)
def test_text_and_odd_bytes_are_nothing_we_know(text: bytes) -> None:
    assert sniff(text) == UNKNOWN


@given(st.binary(max_size=2 * HEAD_BYTES))
def test_sniffing_never_fails_and_needs_the_head_alone(data: bytes) -> None:
    assert sniff(data) == sniff(data[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("data", "claimed", "failure"),
    [
        (b"hello", "image/jpeg", DecodeFailure.MISLABELLED),
        (b"hello", " IMAGE/JPEG; q=1", DecodeFailure.MISLABELLED),
        (b"hello", "video/mp4", DecodeFailure.MISLABELLED),
        (b"%PDF-1.7", "image/png", DecodeFailure.MISLABELLED),
        (b"hello", "text/plain", DecodeFailure.UNSUPPORTED),
        (b"hello", None, DecodeFailure.UNSUPPORTED),
        (b"8BPS\0\x01", "image/jpeg", DecodeFailure.UNSUPPORTED),
    ],
)
def test_only_what_is_no_picture_at_all_is_mislabelled(
    data: bytes, claimed: str | None, failure: DecodeFailure
) -> None:
    assert unreadable(sniff(data), claimed) is failure
