"""What classifiers are handed comes out of a confined worker as pixels, whatever the bytes were."""

from __future__ import annotations

import pytest
from PIL import Image

from safehold.model.media import DecodeFailure
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.decoding.samples import MOST


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "HEIF"])
def test_a_picture_of_every_format_is_one_sample_of_its_shape(decoder, landscape, encode, name) -> None:
    sampled = decoder.sample(encode(landscape(1600, 800), name))
    assert sampled.failure is None
    [sample] = sampled.pictures
    assert sample.shape == (256, 512, 3)
    assert sample.std() > 20


def test_of_what_moves_an_even_choice_comes(decoder, landscape, encode) -> None:
    frames = [landscape(64, 48, seed) for seed in range(20)]
    sampled = decoder.sample(
        encode(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    )
    assert len(sampled.pictures) == MOST
    assert {each.shape for each in sampled.pictures} == {(48, 64, 3)}


def test_plain_media_have_no_sample_and_that_is_no_failure(decoder, encode) -> None:
    sampled = decoder.sample(encode(Image.new("RGB", (80, 60), (3, 3, 3)), "PNG"))
    assert (sampled.pictures, sampled.failure) == ((), None)


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"", DecodeFailure.UNSUPPORTED),
        (b"no picture at all", DecodeFailure.UNSUPPORTED),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), DecodeFailure.TRUNCATED),
    ],
    ids=["empty", "text", "broken"],
)
def test_what_cannot_be_read_says_why(decoder, data, failure) -> None:
    sampled = decoder.sample(data)
    assert (sampled.pictures, sampled.failure) == ((), failure)


def test_more_than_the_limit_is_not_read(landscape, encode) -> None:
    with DecoderPool(limits=DecodeLimits(max_bytes=1000)) as pool:
        assert pool.sample(encode(landscape(), "PNG")).failure is DecodeFailure.LIMIT
