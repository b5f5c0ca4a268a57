"""Claims about bytes that mean harm: each has an answer, none is taken for clear, the parent lives on."""

import random
import time
import zlib

import pytest
from PIL import Image

from safehold.model.media import DecodeFailure, Examined
from safehold.model.signal import PDQ
from safehold.signals.pdq import Pdq
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "HEIF"]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(width: int, height: int, depth: int, colour: int, *chunks: bytes) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header = png_chunk(b"IHDR", size + bytes([depth, colour, 0, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + png_chunk(b"IEND", b"")


def read(data: bytes) -> Examined:
    """Read bytes that were made here, in this process: each broken file else costs a worker."""
    return examine(data, claimed_type=None, rendition=False, kinds=Kinds({PDQ: Pdq()}), limits=DecodeLimits())


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF"])
def test_every_cut_of_a_picture_is_truncated_and_never_clear(landscape, encode, name: str) -> None:
    data = encode(landscape(60, 45), name)
    for cut in range(12, len(data), 1 if name == "JPEG" else 7):
        assert read(data[:cut]).failure is DecodeFailure.TRUNCATED, cut


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 95}, {"restart_marker_rows": 1}])
def test_every_cut_of_other_kinds_of_jpeg_is_truncated(landscape, encode, options) -> None:
    data = encode(landscape(60, 45), "JPEG", **options)
    cuts = [*range(12, len(data), 13), *range(len(data) - 20, len(data))]
    assert {read(data[:cut]).failure for cut in cuts} == {DecodeFailure.TRUNCATED}


@pytest.mark.parametrize("name", ["WEBP", "AVIF", "TIFF", "BMP", "HEIF"])
def test_cuts_of_newer_formats_are_never_clear(landscape, encode, name: str) -> None:
    data = encode(landscape(60, 45), name)
    step = max(1, len(data) // 60)
    for cut in [*range(12, len(data), step), len(data) - 1]:
        assert read(data[:cut]).failure is not None, cut


def test_a_cut_animation_keeps_the_signals_of_its_whole_frames(decoder, landscape, encode) -> None:
    pictures = [landscape(80, 60, seed) for seed in range(6)]
    data = encode(pictures[0], "GIF", save_all=True, append_images=pictures[1:])
    seen = decoder.examine(data[: len(data) * 2 // 3])
    assert seen.failure is DecodeFailure.TRUNCATED
    assert 2 <= len(seen.signals) < 6


def test_a_cut_film_is_truncated(decoder, film) -> None:
    for container in ("mp4", "webm", "avi"):
        data = film("libvpx-vp9" if container == "webm" else "mpeg4", container)
        for share in (0.3, 0.7, 0.95):
            assert decoder.examine(data[: int(len(data) * share)]).failure is DecodeFailure.TRUNCATED


def test_text_called_a_picture_is_mislabelled_and_unclaimed_text_unsupported(decoder) -> None:
    text = b"A quiet lake between two hills.\n"
    assert decoder.examine(text, claimed_type="image/jpeg") == Examined(
        "application/octet-stream", failure=DecodeFailure.MISLABELLED
    )
    for claimed in (None, "text/plain"):
        assert decoder.examine(text, claimed_type=claimed).failure is DecodeFailure.UNSUPPORTED
    assert decoder.examine(b"", claimed_type="image/png").failure is DecodeFailure.MISLABELLED


def test_a_picture_that_unpacks_to_900_megapixels_is_refused_by_its_header(decoder) -> None:
    bomb = png(30_000, 30_000, 1, 0, png_chunk(b"IDAT", zlib.compress(bytes(30_000 * 3_751), 9)))
    before = time.process_time()
    assert decoder.examine(bomb).failure is DecodeFailure.LIMIT
    assert time.process_time() - before < 5


@pytest.mark.parametrize("size", [(65_535, 65_535), (65_535, 2_000)])
def test_a_picture_of_impossible_size_is_refused_in_every_format(decoder, landscape, encode, size) -> None:
    width, height = size
    gif = bytearray(encode(landscape(8, 8), "GIF"))
    gif[6:10] = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    jpeg = bytearray(encode(landscape(8, 8), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    for data in (gif, jpeg, png(width, height, 8, 2, png_chunk(b"IDAT", zlib.compress(b"")))):
        assert decoder.examine(bytes(data)).failure is DecodeFailure.LIMIT


def test_text_in_a_picture_that_unpacks_to_gigabytes_is_refused(decoder) -> None:
    packed = zlib.compress(bytes(200_000_000), 9)
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0\0"))
    bomb = png(1, 1, 8, 0, png_chunk(b"zTXt", b"note\0\0" + packed), pixels)
    assert decoder.examine(bomb).failure is DecodeFailure.LIMIT


def test_more_memory_than_allowed_is_the_limit_and_the_worker_goes_on(landscape, encode) -> None:
    small = encode(landscape(64, 48), "PNG")
    with DecoderPool(limits=DecodeLimits(max_bytes=8 << 20, memory_bytes=128 << 20)) as pool:
        large = encode(Image.new("RGB", (9_000, 9_000), "teal"), "JPEG")
        assert pool.examine(large).failure is DecodeFailure.LIMIT
        assert pool.examine(small).failure is None


def test_more_bytes_than_allowed_are_the_limit_and_never_reach_a_worker(landscape, encode, tmp_path) -> None:
    data = encode(landscape(), "PNG")
    (tmp_path / "photo").write_bytes(data)
    with DecoderPool(limits=DecodeLimits(max_bytes=len(data) - 1)) as pool:
        expected = Examined("image/png", failure=DecodeFailure.LIMIT)
        assert pool.examine(data) == pool.examine_file(tmp_path / "photo") == expected


def test_a_thousand_damaged_files_leave_the_parent_and_the_next_picture_unharmed(
    decoder, landscape, encode, film
) -> None:
    chance = random.Random(20261122)
    seeds = [encode(landscape(48, 36, seed), name) for seed, name in enumerate(FORMATS)]
    seeds.append(encode(landscape(32, 24), "GIF", save_all=True, append_images=[landscape(32, 24, 9)]))
    seeds.append(film())
    healthy = encode(landscape(), "PNG")
    expected = decoder.examine(healthy)
    for number in range(1_000):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(chance.choice((1, 2, 8, 40))):
            data[chance.randrange(min(len(data), chance.choice((64, 512, len(data)))))] = chance.randrange(
                256
            )
        seen = decoder.examine(bytes(data), rendition=number % 5 == 0)
        assert seen.signals or seen.failure is not None
    assert decoder.examine(healthy) == expected
