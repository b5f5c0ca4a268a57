"""Claims about lost tails: every cut of a file whose structure has an end is noticed, and nothing else is."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from safehold.vault.decoding.sniff import sniff
from safehold.vault.decoding.wholeness import is_whole

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")


def a_picture(name: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture = Image.radial_gradient("L").resize((64, 48)).convert("RGB")
    picture.save(out, name, **options)
    return out.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_is_noticed_and_the_whole_file_is_whole(name: str) -> None:
    data = a_picture(name)
    media_type = sniff(data).media_type
    assert is_whole(data, media_type)
    assert not [cut for cut in range(12, len(data)) if is_whole(data[:cut], media_type)]


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP"])
def test_bytes_after_the_end_do_no_harm(name: str) -> None:
    data = a_picture(name)
    assert is_whole(data + b"some more, such as a phone's moving picture", sniff(data).media_type)


def test_the_thumbnail_inside_a_photo_is_not_taken_for_its_end() -> None:
    exif = Image.Exif()
    exif[0x010E] = "x" * 200
    thumbnail = a_picture("JPEG")
    data = a_picture("JPEG", exif=exif.tobytes() + thumbnail)
    inside = data.index(thumbnail) + len(thumbnail)
    assert is_whole(data, "image/jpeg")
    assert not is_whole(data[:inside], "image/jpeg")


def test_progressive_and_restarted_scans_are_followed() -> None:
    for options in ({"progressive": True}, {"restart_marker_rows": 1}, {"progressive": True, "quality": 100}):
        data = a_picture("JPEG", **options)
        assert is_whole(data, "image/jpeg")
        assert not is_whole(data[:-2], "image/jpeg")


def test_a_tiff_whose_directory_is_cut_off_is_not_whole() -> None:
    data = a_picture("TIFF")
    assert is_whole(data, "image/tiff")
    assert not is_whole(data[:20], "image/tiff")
    at_the_end = b"II*\0" + (len(data) + 400).to_bytes(4, "little") + data[8:]
    assert not is_whole(at_the_end, "image/tiff")


def test_a_big_tiff_is_held_to_the_same() -> None:
    data = a_picture("TIFF", big_tiff=True)
    assert data[2] == 43
    assert is_whole(data, "image/tiff")
    assert not is_whole(data[:20], "image/tiff")
    at_the_end = data[:8] + (len(data) + 400).to_bytes(8, "little") + data[16:]
    assert not is_whole(at_the_end, "image/tiff")


@given(
    media_type=st.sampled_from(
        ["image/jpeg", "image/png", "image/gif", "image/tiff", "video/mp4", "video/webm"]
    ),
    data=st.binary(),
)
def test_no_bytes_make_the_walk_fail_or_hang(media_type: str, data: bytes) -> None:
    assert is_whole(data, media_type) in (True, False)


def test_types_without_an_end_mark_are_taken_as_they_are() -> None:
    assert is_whole(b"G" * 188, "video/mp2t")
