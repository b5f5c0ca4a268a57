"""Harmless pictures and films made on the spot, and one decoder with real workers for the whole session."""

import io
from collections.abc import Callable, Iterator

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from safehold.vault.decoding.pool import DecoderPool

pillow_heif.register_heif_opener()

Encode = Callable[..., bytes]


@pytest.fixture(scope="package")
def decoder() -> Iterator[DecoderPool]:
    with DecoderPool() as pool:
        yield pool


@pytest.fixture(scope="package")
def landscape() -> Callable[..., Image.Image]:
    """Make a pattern of broad hills and finer woods; another seed is another picture."""

    def make(width: int = 400, height: int = 300, seed: int = 1) -> Image.Image:
        chance = np.random.default_rng(seed)
        hills, woods = (
            Image.fromarray(chance.integers(0, 255, (rows, columns, 3), dtype=np.uint8)).resize(
                (width, height), Image.Resampling.BICUBIC
            )
            for rows, columns in ((9, 12), (40, 53))
        )
        return Image.blend(hills, woods, 0.35)

    return make


@pytest.fixture(scope="package")
def encode() -> Encode:
    """Write a picture in a format."""

    def write(picture: Image.Image, name: str, **options: object) -> bytes:
        out = io.BytesIO()
        picture.save(out, name, **options)
        return out.getvalue()

    return write


@pytest.fixture(scope="package")
def film(landscape: Callable[..., Image.Image]) -> Callable[..., bytes]:
    """Write a film of six seconds at ten frames a second, another picture every second."""

    def make(codec: str = "mpeg4", container: str = "mp4", *, sound_only: bool = False) -> bytes:
        out = io.BytesIO()
        with av.open(out, "w", format=container) as file:
            if sound_only:
                _sound(file)
            else:
                _pictures(file, codec, landscape)
        return out.getvalue()

    return make


def _pictures(file: av.container.OutputContainer, codec: str, landscape: Callable[..., Image.Image]) -> None:
    stream = file.add_stream(codec, rate=10)
    stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
    for number in range(60):
        pixels = np.asarray(landscape(160, 120, seed=number // 10))
        file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
    file.mux(stream.encode())


def _sound(file: av.container.OutputContainer) -> None:
    stream = file.add_stream("aac", rate=8000, layout="mono")
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
    frame.sample_rate = 8000
    file.mux(stream.encode(frame))
    file.mux(stream.encode())
