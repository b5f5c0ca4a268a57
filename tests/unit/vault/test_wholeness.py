"""Claims about lost tails: every cut of a file whose structure has an end is noticed, and nothing else is."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from safehold.vault.decoding.png import chunks
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


def an_animation() -> list[tuple[bytes, bytes]]:
    """Return the chunks of a PNG of two frames."""
    second = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    data = a_picture("PNG", save_all=True, append_images=[second], duration=100)
    return [(chunk.name, data[chunk.start : chunk.end]) for chunk in chunks(data)]


def png_of(parts: list[tuple[bytes, bytes]]) -> bytes:
    data = b"\x89PNG\r\n\x1a\n"
    for name, content in parts:
        data += (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )
    return data


def test_an_animation_that_every_reader_takes_for_one_is_whole() -> None:
    assert [name for name, _ in an_animation()].count(b"fcTL") == 2
    assert is_whole(png_of(an_animation()), "image/png")
    apart = a_picture("PNG", save_all=True, default_image=True, append_images=[Image.new("RGB", (64, 48))])
    assert is_whole(apart, "image/png")


@pytest.mark.parametrize("announced", [0, 1, 3, 2**31 + 1])
def test_frames_of_a_png_that_are_not_announced_as_they_are_make_it_not_whole(announced: int) -> None:
    parts = [(n, struct.pack(">II", announced, 0) if n == b"acTL" else c) for n, c in an_animation()]
    assert not is_whole(png_of(parts), "image/png")


@pytest.mark.parametrize("place", ["nowhere", "twice", "late"])
def test_an_animation_that_readers_may_take_for_a_still_picture_is_not_whole(place: str) -> None:
    parts = an_animation()
    control = next(part for part in parts if part[0] == b"acTL")
    kept = [part for part in parts if part is not control]
    made = {
        "nowhere": kept,
        "twice": [parts[0], control, control, *kept[1:]],
        "late": [*kept[:-1], control, kept[-1]],
    }
    assert not is_whole(png_of(made[place]), "image/png")


@pytest.mark.parametrize("name", [b"gAMA", b"sRGB", b"iCCP", b"cHRM", b"tRNS"])
@pytest.mark.parametrize("place", [1, -1])
def test_what_changes_colours_may_not_come_twice_or_after_the_pixels(name: bytes, place: int) -> None:
    parts = [part for part in an_animation() if part[0] in {b"IHDR", b"IDAT", b"IEND"}]
    once = [parts[0], (name, b"\0"), *parts[1:]]
    assert is_whole(png_of(once), "image/png")
    assert not is_whole(png_of([*once[:place], (name, b"\1"), *once[place:]]), "image/png")


def test_one_transparent_colour_of_a_deep_picture_is_not_read_by_us() -> None:
    parts = [part for part in an_animation() if part[0] in {b"IHDR", b"IDAT", b"IEND"}]
    deep = parts[0][1][:8] + b"\x10" + parts[0][1][9:]
    assert not is_whole(png_of([(b"IHDR", deep), (b"tRNS", bytes(6)), *parts[1:]]), "image/png")
