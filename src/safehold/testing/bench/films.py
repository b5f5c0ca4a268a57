"""Films: every frame decoded and fingerprinted, beside decoding alone and beside `vpdq`, by turns.

A scan makes a fingerprint of each frame's grey values; the frames that are chosen or look new it turns into
what is shown, and fingerprints that. `vpdq` fingerprints every frame.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from safehold.model.signal import PDQ
from safehold.signals.pdq import Pdq
from safehold.testing.bench import peers
from safehold.testing.bench.report import Row, unmeasured
from safehold.testing.pictures import landscape
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits

SIZES = {"720p": (1280, 720, 4.5), "1080p": (1920, 1080, 6.0)}
"""Width and height in pixels, and the goal: so many times as long may `vpdq` take."""
TO_DECODING = 1.1
"""The goal: so many times as long as decoding alone may a film take at most."""

_FRAMES, _RATE = 90, 30
_STEP, _NOISE = 4, 8
_BITS = 4
"""A second, for each pixel of a frame: 8 Mbit/s at 1080p, as films on the web have."""
_RUNS = 3
_KINDS = Kinds({PDQ: Pdq()})
_LIMITS = DecodeLimits(seconds=120.0)
_ABSENT = "the extra `video` is not installed"


def films(frames: int = _FRAMES) -> Iterator[Row]:
    """Measure a film of each size, of so many frames."""
    if find_spec("av") is None:
        yield from (unmeasured(_ratio(size), "x", _ABSENT, TO_DECODING, at_most=True) for size in SIZES)
        return
    with TemporaryDirectory() as folder:
        for size, (width, height, goal) in SIZES.items():
            film = Path(folder, f"{size}.mp4")
            film.write_bytes(painted(width, height, frames))
            taken = _by_turns(_contenders(film))
            yield from _rows(size, {name: 1000 * each / frames for name, each in taken.items()}, goal)


def painted(width: int, height: int, frames: int) -> bytes:
    """Return a film in H.264: a landscape that passes by, with the noise of a sensor."""
    import av

    scene = np.asarray(landscape(1, (width + _STEP * frames, height)))
    random, out = np.random.default_rng(1), io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=_RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = _BITS * width * height
        for number in range(frames):
            seen = scene[:, _STEP * number : _STEP * number + width]
            noise = random.integers(-_NOISE, _NOISE + 1, (height, width, 1), dtype=np.int16)
            pixels = np.clip(seen + noise, 0, 255).astype(np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())
    return out.getvalue()


def decode(data: bytes) -> int:
    """Decode every frame in one thread and do nothing with it; return how many there are."""
    import av

    with av.open(io.BytesIO(data), "r") as file:
        [stream] = file.streams.video
        stream.thread_count, stream.thread_type = 1, "NONE"
        return sum(1 for _ in file.decode(stream))


def read(data: bytes) -> int:
    """Read a film as a decoding worker does, in this process; return how many frames were seen in full."""
    seen = examine(data, claimed_type=None, rendition=False, kinds=_KINDS, limits=_LIMITS)
    if seen.failure is not None:
        raise SystemExit(f"a film of our own was not read: {seen.failure}")
    return seen.frames


def _contenders(film: Path) -> dict[str, Callable[[], object]]:
    data = film.read_bytes()
    found: dict[str, Callable[[], object]] = {
        "decoding alone": partial(decode, data),
        "read as a scan does": partial(read, data),
    }
    if peers.is_here(peers.VPDQ):
        found[peers.VPDQ] = partial(peers.frames_of_vpdq, film)
    return found


def _by_turns(contenders: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return what each takes of the processor in seconds, all threads of it: the least of some runs."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(_RUNS):
        for name, work in contenders.items():
            begun = time.process_time()
            work()
            taken[name].append(time.process_time() - begun)
    return {name: min(each) for name, each in taken.items()}


def _rows(size: str, taken: dict[str, float], goal: float) -> Iterator[Row]:
    for name, milliseconds in taken.items():
        yield Row(f"{size}: a frame, {name}", milliseconds, "ms")
    ours = taken["read as a scan does"]
    yield Row(_ratio(size), ours / taken["decoding alone"], "x", TO_DECODING, at_most=True)
    name = f"{size}: {peers.VPDQ} takes, to one reading"
    theirs = taken.get(peers.VPDQ)
    yield Row(name, None if theirs is None else theirs / ours, "x", goal, why=peers.absent(peers.VPDQ))


def _ratio(size: str) -> str:
    return f"{size}: a scan's reading, to one decoding alone"
