"""From the bytes of a JPEG to PDQ: our two modes, the published implementation, and reading alone."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean, median

import numpy as np
import simplejpeg
from PIL import Image

from safehold.model.media import HashMode
from safehold.model.signal import PDQ, Signal
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import shown_pixels
from safehold.testing import alterations
from safehold.testing.bench import peers
from safehold.testing.bench.corpus import Sample
from safehold.testing.bench.report import Row, unmeasured
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits

MATCHES_TO = Pdq.default_max_distance
GOOD_JPEG = 80
"""The JPEG quality from which on the goals of fast mode count."""

Point = Callable[[str, str, float, float], None]

_LIMITS = DecodeLimits(max_pixels=200_000_000)
_KINDS = Kinds({PDQ: Pdq()})
_RUNS = 3
_CROPS = (0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 1.7, 1.9)
_EDGE = 28
_RESAVED = {
    "GIF": alterations.to_gif,
    "palette PNG": alterations.to_palette_png,
    "CMYK JPEG": alterations.to_cmyk_jpeg,
}
_GOALS = {"1 MP": (12.0, 1.4), "12 MP": (12.0, 1.15)}
_EXACT_GOAL = 4.5


def of_jpeg(data: bytes, mode: HashMode) -> Signal:
    """Return the PDQ of a JPEG as a decoding worker makes it, in this process."""
    seen = examine(data, claimed_type=None, rendition=False, kinds=_KINDS, limits=_LIMITS, mode=mode)
    return seen.signals[0]


def speed(samples: Sequence[Sample]) -> Iterator[Row]:
    """Measure each size: what the peer takes for one of ours, and ours for one reading of an eighth."""
    contenders: dict[str, Callable[[bytes], object]] = {
        "fast": lambda data: of_jpeg(data, HashMode.FAST),
        "exact": lambda data: of_jpeg(data, HashMode.EXACT),
        "floor": lambda data: simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1),
    }
    peer = peers.hasher()
    if peer is not None:
        contenders[peer[0]] = peer[1]
    for size in dict.fromkeys(sample.size for sample in samples):
        taken = [_times(contenders, sample.data) for sample in samples if sample.size == size]
        yield from _speed_rows(size, taken, peer[0] if peer else None)


def fidelity(samples: Sequence[Sample]) -> Iterator[Row]:
    """Compare fast with exact at good quality, and exact with the published bits."""
    pairs = [(of_jpeg(one.data, HashMode.FAST), of_jpeg(one.data, HashMode.EXACT), one) for one in samples]
    clear = [pair for pair in pairs if (pair[1].quality or 0) >= Pdq.min_quality]
    bits = sorted(_bits(fast, exact) for fast, exact, one in clear if one.quality >= GOOD_JPEG)
    if bits:
        yield Row("fast against exact, mean", fmean(bits), "bits", goal=1.0, at_most=True)
        yield Row("fast against exact, p99", bits[(99 * (len(bits) - 1) + 99) // 100], "bits", 4.0, True)
        yield Row("fast against exact, largest", bits[-1], "bits", goal=16.0, at_most=True)
    quality = [abs((fast.quality or 0) - (exact.quality or 0)) for fast, exact, _ in pairs]
    yield Row("quality, largest difference between the two", max(quality), "", goal=5.0, at_most=True)
    if peers.is_here(peers.PDQHASH):
        differing = sum(peers.published(one.data)[0] != exact.value for _, exact, one in clear)
        yield Row(f"pictures of {len(clear)} with other than the published bits", differing, "", 0.0, True)


def recall(photos: Sequence[Image.Image], point: Point) -> Iterator[Row]:
    """Look copies up: those saved otherwise, and those at the edge, where fast and exact may disagree.

    point: takes a point of a curve in, the plot and the line first.
    """
    entries = [Pdq().of_frame(shown_pixels(photo)) for photo in photos]
    for name, alteration in _RESAVED.items():
        found = [
            _bits(entry, of_jpeg(alteration(photo), HashMode.FAST)) <= MATCHES_TO
            for photo, entry in zip(photos, entries, strict=True)
        ]
        yield Row(f"copies saved as {name} found", 100 * fmean(found), "%", goal=98.0)
        if peers.is_here(peers.PDQHASH):
            yield Row(f"the same by the peer, {name}", 100 * _peer_recall(photos, alteration), "%")
    yield from _misses(photos, entries, point)


def _misses(photos: Sequence[Image.Image], entries: Sequence[Signal], point: Point) -> Iterator[Row]:
    looked: list[tuple[int, int]] = []
    for photo, entry in zip(photos, entries, strict=True):
        for percent in _CROPS:
            copy = alterations.cropped(photo, percent)
            exact, fast = (_bits(entry, of_jpeg(copy, mode)) for mode in (HashMode.EXACT, HashMode.FAST))
            looked.append((exact, fast))
    found = [(exact, fast) for exact, fast in looked if exact <= MATCHES_TO]
    missed = sum(fast > MATCHES_TO for _, fast in found)
    for bits in sorted({exact for exact, _ in found}):
        at = [fast <= MATCHES_TO for exact, fast in found if exact == bits]
        point("recall", "fast reading of a copy", bits, 100 * fmean(at))
    edge = sum(exact >= _EDGE for exact, _ in found)
    yield Row("cropped copies that an exact look finds", len(found), "")
    yield Row(f"of them at {_EDGE} to {MATCHES_TO} bits", edge, "")
    yield Row("of all of them missed by a fast look", 100 * missed / max(len(found), 1), "%")
    yield Row("of those at the edge missed by a fast look", 100 * missed / max(edge, 1), "%")
    confirmed_away = sum(fast <= MATCHES_TO < exact for exact, fast in looked)
    yield Row("fast matches that exact reading took back", confirmed_away, "")


def _speed_rows(size: str, taken: Sequence[dict[str, float]], peer: str | None) -> Iterator[Row]:
    def ratio(one: str, other: str) -> float:
        return median(times[one] / times[other] for times in taken)

    faster, over_floor = _GOALS.get(size, (None, None))
    for name in taken[0]:
        yield Row(f"{size}: {name}", median(times[name] for times in taken), "ms")
    for ours, goal in (("fast", faster), ("exact", _EXACT_GOAL)):
        if peer is not None:
            yield Row(f"{size}: {peer} takes, to one of {ours}", ratio(peer, ours), "x", goal)
        else:
            why = peers.absent(peers.PDQHASH)
            yield unmeasured(f"{size}: pdqhash takes, to one of {ours}", "x", why, goal)
    yield Row(f"{size}: fast takes, to one entropy decoding", ratio("fast", "floor"), "x", over_floor, True)


def _times(contenders: dict[str, Callable[[bytes], object]], data: bytes) -> dict[str, float]:
    """Return the shortest of a few runs of each by turns, in milliseconds of the processor."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(_RUNS):
        for name, work in contenders.items():
            start = time.thread_time()
            work(data)
            taken[name].append((time.thread_time() - start) * 1000)
    return {name: min(times) for name, times in taken.items()}


def _bits(one: Signal, other: Signal) -> int:
    return Pdq().distance(one.value, other.value)


def _peer_recall(photos: Sequence[Image.Image], alteration: alterations.Alteration) -> float:
    """Return the share that is found where, as peers do, pixels are hashed as the file stores them."""
    found = []
    for photo in photos:
        with Image.open(io.BytesIO(alteration(photo))) as image:
            stored = np.asarray(image)
        pixels = np.repeat(stored[..., None], 3, axis=2) if stored.ndim == 2 else stored[..., :3]
        digest, _ = peers.published_of(np.ascontiguousarray(pixels))
        entry, _ = peers.published_of(np.asarray(photo))
        found.append(Pdq().distance(digest, entry) <= MATCHES_TO)
    return fmean(found)
