"""One walled-in pool for the whole suite, the samples that are damaged, and files made to break decoders."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from safehold.model.media import Examined, HashMode
from safehold.vault.decoding.limits import MEBIBYTE, DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

pillow_heif.register_heif_opener()

# Beside this file, and in no package: pytest imports tests by path.
for _name in ("bombs", "polyglots"):
    _spec = importlib.util.spec_from_file_location(_name, Path(__file__).with_name(f"{_name}.py"))
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_name])

SOURCES = Path(__file__).parents[3] / "build" / "sdists"
MEMORY = 1_024 * MEBIBYTE
ROOM = 64 * MEBIBYTE
WARM = 512 * MEBIBYTE
"""Room for what a worker has mapped when it begins: its libraries and their tables."""
MOST_MEMORY = MEMORY + ROOM + WARM

JPEG = b"\xff\xd8\xff"

Checked = Callable[[bytes], Examined]


@pytest.fixture(scope="package")
def pool() -> Iterator[DecoderPool]:
    limits = DecodeLimits(max_bytes=ROOM, memory_bytes=MEMORY, seconds=10)
    with DecoderPool(limits=limits) as running:
        assert running.confinement.whole  # so that nothing here can reach a file or the network
        yield running


@pytest.fixture(scope="package")
def healthy() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((120, 90)).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def checked(pool: DecoderPool, healthy: bytes) -> Iterator[Checked]:
    """Read one hostile file and check what must hold of every one; at the end, that reading goes on."""
    expected = pool.examine(healthy)
    assert expected.failure is None

    def read(data: bytes) -> Examined:
        seen = pool.examine(data, rendition=True)
        if seen.failure is None:
            assert seen.signals, "neither read nor explained"
            assert seen.frames >= 1
        assert len(seen.signals) <= pool.limits.max_frames
        for pid in pool.pids:
            assert address_space_of(pid) <= MOST_MEMORY, "nothing limits the memory of this worker"
        if data.startswith(JPEG):
            fast = pool.examine(data, mode=HashMode.FAST)
            assert fast.failure is seen.failure, "fast mode takes for whole what exact mode does not"
            assert bool(fast.signals) is bool(seen.signals)
        return seen

    yield read
    assert pool.examine(healthy) == expected


def address_space_of(pid: int) -> float:
    """How many bytes of addresses the kernel grants a process at most; 0 when it is gone."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
    except FileNotFoundError:
        return 0
    [line] = [line for line in limits.splitlines() if line.startswith("Max address space")]
    soft, hard = line.split()[3:5]
    return max(float("inf") if limit == "unlimited" else int(limit) for limit in (soft, hard))


@pytest.fixture(scope="package")
def broken_files() -> list[Path]:
    """The test files of the picture libraries' source distributions, many of them broken on purpose."""
    files = sorted(path for path in SOURCES.glob("pillow*/*/**/*") if path.is_file())
    if len(files) < 1_000:
        pytest.fail(
            "The picture libraries' broken files are not here. Run `make hostile-files`: it fetches their"
            " source distributions, so the package index must be within reach.",
            pytrace=False,
        )
    return files


@pytest.fixture(scope="package")
def samples() -> dict[str, bytes]:
    """One small whole file of every format that is read."""
    pictures = [
        Image.linear_gradient("L").rotate(40 * number).resize((48, 36)).convert("RGB") for number in range(3)
    ]
    made = {
        name: _saved(pictures[:1], name)
        for name in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "HEIF")
    }
    made |= {f"moving {name}": _saved(pictures, name) for name in ("GIF", "PNG", "WEBP", "TIFF", "MPO")}
    films = {"mp4": "libx264", "mov": "mpeg4", "webm": "libvpx-vp9", "matroska": "libx264", "avi": "mpeg4"}
    return made | {container: _film(codec, container) for container, codec in films.items()}


def _saved(pictures: list[Image.Image], name: str) -> bytes:
    out = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:]} if len(pictures) > 1 else {}
    pictures[0].save(out, name, **more)
    return out.getvalue()


def _film(codec: str, container: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            pixels = np.full((48, 64, 3), 25 * number, dtype=np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())
    return out.getvalue()
