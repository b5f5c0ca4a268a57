"""What the walls around a decoder cost: per image, per worker, and in memory. Run by `make bench`."""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from collections.abc import Sequence

from PIL import Image

from safehold.testing.bench.processes import proportional, tree
from safehold.vault.decoding.confinement import LAYERS
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

SIDES = ((640, 480), (1000, 750), (4000, 3000))
ROUNDS = {(640, 480): 600, (1000, 750): 400, (4000, 3000): 40}
LIMITS = DecodeLimits(media_per_worker=1_000_000)
GOAL_MS = 0.5


def photo(width: int, height: int) -> bytes:
    """A picture with about as much detail as a photo."""
    noise = Image.effect_noise((width // 8, height // 8), 60).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    out = io.BytesIO()
    Image.merge("RGB", [noise, noise.rotate(90).resize(noise.size), noise.rotate(180)]).save(out, "JPEG")
    return out.getvalue()


def milliseconds(pool: DecoderPool, data: bytes) -> float:
    """Time one reading."""
    start = time.perf_counter()
    pool.examine(data)
    return (time.perf_counter() - start) * 1000


def undisturbed(times: Sequence[float]) -> float:
    """Return what it takes when little else runs: the quickest tenth of the times ends here."""
    return statistics.quantiles(times, n=10)[0]


def told(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def per_image(walled: DecoderPool, open_pool: DecoderPool) -> None:
    """Read the same pictures by turns, behind walls and without, and compare."""
    told("| Picture | Without walls | Confined | Difference | Ratio |\n|---|---|---|---|---|")
    for side in SIDES:
        data = photo(*side)
        for pool in (walled, open_pool):
            pool.examine(data)
        pairs = [(milliseconds(open_pool, data), milliseconds(walled, data)) for _ in range(ROUNDS[side])]
        without, with_walls = (undisturbed(each) for each in zip(*pairs, strict=True))
        told(
            f"| {side[0]} × {side[1]} | {without:.2f} ms | {with_walls:.2f} ms |"
            f" {with_walls - without:+.3f} ms | {with_walls / without:.3f} |"
        )


def per_worker() -> None:
    """Time the start of a pool and the replacement of workers, and share the latter out."""
    start = time.perf_counter()
    with DecoderPool() as pool:
        ready = (time.perf_counter() - start) * 1000
        whole = photo(640, 480)
        damaged = whole[: len(whole) // 2]
        pool.examine(whole)
        known = undisturbed([milliseconds(pool, whole) for _ in range(60)])
        afterwards = []
        for _ in range(60):
            pool.examine(damaged)
            afterwards.append(milliseconds(pool, whole) - known)
        replaced = undisturbed(afterwards)
        told(f"\nA pool is ready after {ready:.0f} ms.")
        told(f"The first picture of a new worker takes {replaced:.1f} ms longer: it is made, confined, cold.")
        share = replaced / pool.limits.media_per_worker
        told(
            f"Shared out over {pool.limits.media_per_worker} media:"
            f" {share:.3f} ms an image (goal with the difference above: at most {GOAL_MS} ms)."
        )


def memory() -> None:
    """Tell what a template and two used workers take."""
    with DecoderPool(2) as pool:
        data = photo(1000, 750)
        for _ in range(20):
            pool.examine(data)
        told("\n| Process | Proportional set size |\n|---|---|")
        for pid in tree(os.getpid())[1:]:
            kind = "worker" if pid in pool.pids else "template"
            told(f"| {kind} | {proportional(pid):.1f} MB |")


def main() -> None:
    """Measure all three."""
    with DecoderPool(limits=LIMITS) as walled, DecoderPool(limits=LIMITS, without=LAYERS) as open_pool:
        told(f"Confined: {walled.confinement.in_words()}.\n")
        per_image(walled, open_pool)
    per_worker()
    memory()


if __name__ == "__main__":
    main()
