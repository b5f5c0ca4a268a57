"""Painted pictures for tests: the same for the same seed on every machine, and harmless."""

from __future__ import annotations

import numpy as np
from PIL import Image

Size = tuple[int, int]
"""Width and height in pixels."""

_COARSE_CELLS = (3, 5, 9, 17)
_SKY_LINE = 0.45


def landscape(seed: int, size: Size = (640, 480)) -> Image.Image:
    """Return an RGB picture of clouds and hills by noise of several scales.

    It has much low-frequency structure: its PDQ quality is at least 50, and pictures of different seeds
    are more than 60 bits apart (150 seeds: at least 98). The same seed gives the same picture at every
    size, sampled differently.
    """
    random = np.random.default_rng(seed)
    channels = [_noise(random, size) for _ in range(3)]
    brightness = _noise(random, size)
    sky = np.linspace(1.0, 0.0, size[1])[:, None] > _SKY_LINE
    tint = np.where(sky[..., None], (0.7, 0.85, 1.0), (0.8, 1.0, 0.6))
    shades = 0.75 * brightness[..., None] + 0.25 * np.stack(channels, axis=-1)
    return Image.fromarray((255 * shades * tint).astype(np.uint8))


def gradient(size: Size = (640, 480)) -> Image.Image:
    """Return an RGB picture that goes from black on the left to white on the right: low PDQ quality."""
    line = np.linspace(0, 255, size[0]).astype(np.uint8)
    grey = np.broadcast_to(line, (size[1], size[0]))
    return Image.fromarray(np.ascontiguousarray(grey)).convert("RGB")


def checkerboard(size: Size = (640, 480), square: int = 40) -> Image.Image:
    """Return an RGB picture of black and white squares, `square` pixels wide."""
    rows, columns = np.indices((size[1], size[0])) // square
    return Image.fromarray(((rows + columns) % 2 * 255).astype(np.uint8)).convert("RGB")


def plain_grey(size: Size = (640, 480)) -> Image.Image:
    """Return an RGB picture of one shade: PDQ quality 0, nothing to recognise."""
    return Image.new("RGB", size, (128, 128, 128))


def _noise(random: np.random.Generator, size: Size) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return (height, width) smooth noise stretched to 0..1: grids of random values, enlarged and added."""
    total = np.zeros((size[1], size[0]))
    for cells in _COARSE_CELLS:
        grid = random.random((cells, cells), dtype=np.float32)
        layer = Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(layer, dtype=np.float64)
    stretched: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = (total - total.min()) / np.ptp(total)
    return stretched
