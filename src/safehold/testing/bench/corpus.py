"""Pictures to measure with: crops of photos at four sizes, as JPEGs of many qualities, some progressive."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from safehold.model.errors import NotFound
from safehold.testing.alterations import saved
from safehold.testing.pictures import landscape

SIZES = {"0.3 MP": (640, 480), "1 MP": (1155, 866), "3 MP": (2000, 1500), "12 MP": (4000, 3000)}
"""Width and height in pixels."""

MOST_PHOTOS = 24
"""Of a larger folder so many are taken, spread evenly by name: all of them are in memory at once."""

_ENDINGS = (".jpg", ".jpeg")
_SEED = 4
_LOWEST_QUALITY, _HIGHEST_QUALITY = 75, 92
_PROGRESSIVE_EVERY = 6
_PAINTED = 6
_NOISE = 6.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One JPEG. size: a key of SIZES. quality: that of the JPEG."""

    size: str
    quality: int
    data: bytes


def sources(folder: Path | None) -> list[Image.Image]:
    """Return photos of a folder as RGB, by name; painted landscapes where none is given.

    At most MOST_PHOTOS, none larger than the largest of SIZES; files that cannot be read are passed over.
    Raises NotFound where there is none.
    """
    if folder is None:
        return [_grainy(landscape(seed, (2000, 1500)), seed) for seed in range(_PAINTED)]
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    found = [photo for path in _spread(paths) if (photo := _opened(path)) is not None]
    if not found:
        raise NotFound("There is no JPEG in this folder.", advice="Name a folder that holds some.")
    return found


def _spread(paths: Sequence[Path]) -> Sequence[Path]:
    return paths[:: max(1, math.ceil(len(paths) / MOST_PHOTOS))]


def _opened(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as image:
            photo = image.convert("RGB")
    except (OSError, Image.DecompressionBombError):
        return None
    photo.thumbnail(SIZES["12 MP"], Image.Resampling.LANCZOS)
    return photo


def reduced(photos: Sequence[Image.Image], sizes: Sequence[str]) -> list[Image.Image]:
    """Return the photos, each made to fit into the largest of these sizes; a smaller one as it is."""
    largest = max((SIZES[size] for size in sizes), default=max(SIZES.values()))
    fitting = [photo.copy() for photo in photos]
    for photo in fitting:
        photo.thumbnail(largest, Image.Resampling.LANCZOS)
    return fitting


def samples(photos: Sequence[Image.Image], sizes: Sequence[str], each: int) -> Iterator[Sample]:
    """Yield `each` JPEGs of each size, the same in every run: crops of the photos, enlarged where needed."""
    random = np.random.default_rng(_SEED)
    for size in sizes:
        for number in range(each):
            picture = _crop(photos[number % len(photos)], SIZES[size], random)
            quality = int(random.integers(_LOWEST_QUALITY, _HIGHEST_QUALITY + 1))
            progressive = number % _PROGRESSIVE_EVERY == _PROGRESSIVE_EVERY - 1
            yield Sample(size, quality, saved(picture, "JPEG", quality=quality, progressive=progressive))


def _crop(photo: Image.Image, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """Return a part of at least three quarters of the photo's side in the proportions asked for."""
    scale = min(photo.width / size[0], photo.height / size[1]) * random.uniform(0.75, 1.0)
    width, height = (round(side * scale) for side in size)
    left = int(random.integers(0, photo.width - width + 1))
    top = int(random.integers(0, photo.height - height + 1))
    box = (left, top, left + width, top + height)
    return photo.resize(size, Image.Resampling.BICUBIC, box=box)


def _grainy(picture: Image.Image, seed: int) -> Image.Image:
    """Add what a sensor adds: without it a JPEG is a fraction of a photo's size."""
    noise = np.random.default_rng(seed).normal(0, _NOISE, (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
