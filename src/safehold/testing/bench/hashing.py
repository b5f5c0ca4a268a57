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
from safehold.testing.bench.corpus import Sample
from safehold.testing.bench.report import Row
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits

try:
    import pdqhash
except ImportError:  # without the extra [bench] there is no peer to measure against
    pdqhash = None

MATCHES_TO = Pdq.default_max_distance
GOOD_JPEG = 80
"""The JPEG quality from which on the goals of fast mode count."""

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


def published(data: bytes) -> tuple[bytes, int]:
    """Return the PDQ of a JPEG by `pdqhash`, called as the usual Python peers call it."""
    with Image.open(io.BytesIO(data)) as image:
        return _published(np.asarray(image.convert("RGB")))


def speed(samples: Sequence[Sample]) -> Iterator[Row]:
    """Measure each size: what the peer takes for one of ours, and ours for one reading of an eighth."""
    contenders: dict[str, Callable[[bytes], object]] = {
        "fast": lambda data: of_jpeg(data, HashMode.FAST),
        "exact": lambda data: of_jpeg(data, HashMode.EXACT),
        "floor": lambda data: simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1),
    }
    if pdqhash is not None:
        contenders["peer"] = published
    for size in dict.fromkeys(sample.size for sample in samples):
        taken = [_times(contenders, sample.data) for sample in samples if sample.size == size]
        yield from _speed_rows(size, taken)


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
    if pdqhash is not None:
        differing = sum(published(one.data)[0] != exact.value for _, exact, one in clear)
        yield Row(f"pictures of {len(clear)} with other than the published bits", differing, "", 0.0, True)


def recall(photos: Sequence[Image.Image]) -> Iterator[Row]:
    """Look copies up: those saved otherwise, and those at the edge, where fast and exact may disagree."""
    entries = [Pdq().of_frame(shown_pixels(photo)) for photo in photos]
    for name, alteration in _RESAVED.items():
        found = [
            _bits(entry, of_jpeg(alteration(photo), HashMode.FAST)) <= MATCHES_TO
            for photo, entry in zip(photos, entries, strict=True)
        ]
        yield Row(f"copies saved as {name} found", 100 * fmean(found), "%", goal=98.0)
        if pdqhash is not None:
            yield Row(f"the same by the peer, {name}", 100 * _peer_recall(photos, alteration), "%")
    yield from _misses(photos, entries)


def _misses(photos: Sequence[Image.Image], entries: Sequence[Signal]) -> Iterator[Row]:
    found = edge = missed = confirmed_away = 0
    for photo, entry in zip(photos, entries, strict=True):
        for percent in _CROPS:
            copy = alterations.cropped(photo, percent)
            exact = _bits(entry, of_jpeg(copy, HashMode.EXACT))
            fast = _bits(entry, of_jpeg(copy, HashMode.FAST))
            found += exact <= MATCHES_TO
            edge += _EDGE <= exact <= MATCHES_TO
            missed += exact <= MATCHES_TO < fast
            confirmed_away += fast <= MATCHES_TO < exact
    yield Row("cropped copies that an exact look finds", found, "")
    yield Row(f"of them at {_EDGE} to {MATCHES_TO} bits", edge, "")
    yield Row("of all of them missed by a fast look", 100 * missed / max(found, 1), "%")
    yield Row("of those at the edge missed by a fast look", 100 * missed / max(edge, 1), "%")
    yield Row("fast matches that exact reading took back", confirmed_away, "")


def _speed_rows(size: str, taken: Sequence[dict[str, float]]) -> Iterator[Row]:
    def ratio(one: str, other: str) -> float:
        return median(times[one] / times[other] for times in taken)

    faster, over_floor = _GOALS.get(size, (None, None))
    for name in taken[0]:
        yield Row(f"{size}: {name}", median(times[name] for times in taken), "ms")
    if "peer" in taken[0]:
        yield Row(f"{size}: pdqhash takes, to one of fast", ratio("peer", "fast"), "x", faster)
        yield Row(f"{size}: pdqhash takes, to one of exact", ratio("peer", "exact"), "x", _EXACT_GOAL)
    yield Row(f"{size}: fast takes, to one entropy decoding", ratio("fast", "floor"), "x", over_floor, True)


def _times(contenders: dict[str, Callable[[bytes], object]], data: bytes) -> dict[str, float]:
    """Return the shortest of a few runs of each, in milliseconds, run by turns."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(_RUNS):
        for name, work in contenders.items():
            start = time.perf_counter()
            work(data)
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: min(times) for name, times in taken.items()}


def _bits(one: Signal, other: Signal) -> int:
    return Pdq().distance(one.value, other.value)


def _published(pixels: np.ndarray) -> tuple[bytes, int]:
    bits, quality = pdqhash.compute(pixels)
    return np.packbits(bits.astype(np.uint8)).tobytes(), int(quality)


def _peer_recall(photos: Sequence[Image.Image], alteration: alterations.Alteration) -> float:
    """Return the share that is found where, as peers do, pixels are hashed as the file stores them."""
    found = []
    for photo in photos:
        with Image.open(io.BytesIO(alteration(photo))) as image:
            stored = np.asarray(image)
        pixels = np.repeat(stored[..., None], 3, axis=2) if stored.ndim == 2 else stored[..., :3]
        digest, _ = _published(np.ascontiguousarray(pixels))
        entry, _ = _published(np.asarray(photo))
        found.append(Pdq().distance(digest, entry) <= MATCHES_TO)
    return fmean(found)
