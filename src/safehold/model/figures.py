"""Figures with their uncertainty: a share of a whole, and how sure one can be of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

CONFIDENCE = 0.95
"""Of every interval."""
Z = 1.959963984540054
"""The quantile of the normal distribution that goes with it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its interval at CONFIDENCE. units: how many items it rests on.

    value: None where nothing can be said: too few items, or everybody always gave one and the same answer,
    so that agreement by chance is certain. low, high: None where value is, or where there is no interval.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int


NOTHING = Figure(None, None, None, 0)


def share(part: int, whole: int) -> Figure:
    """Return how large a share is, 0 to 1, with Wilson's interval; nothing where there is no whole."""
    if whole == 0:
        return NOTHING
    rate = part / whole
    scale = 1 + Z**2 / whole
    middle = (rate + Z**2 / (2 * whole)) / scale
    half = Z * math.sqrt(rate * (1 - rate) / whole + Z**2 / (4 * whole**2)) / scale
    return Figure(rate, max(0.0, middle - half), min(1.0, middle + half), whole)
