"""Brightness: how bright a picture is on the whole.

It is of no use to anybody but whoever wants to see what a classifier needs. Put your own model in its place:
load it in `open_brightness`, ask it in `classify`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from safehold.detect.classifiers.base import Pixels
from safehold.model.band import Band
from safehold.model.classifier import Answered, ClassifierInfo, Opinion

EDGES = {Band.LOW: 0.4, Band.MEDIUM: 0.6, Band.HIGH: 0.8, Band.VERY_HIGH: 0.95}
"""From which mean on, of white, a picture lies in a band."""


def open_brightness(info: ClassifierInfo, *, weights: bytes | None, threads: int) -> Brightness:
    """Open the classifier. weights: of the file that the card names, None here. threads: it may use so many.

    What cannot run raises; then the program does not start.
    """
    del weights, threads
    return Brightness(info)


class Brightness:
    """Takes means. Threads may share it: it keeps nothing of what it is asked."""

    def __init__(self, info: ClassifierInfo) -> None:
        self.info = info

    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        """Return an opinion of each picture. seconds: not used, it takes a millisecond each."""
        del seconds
        return [self._opinion(float(np.mean(each, dtype=np.float64)) / 255) for each in pictures]

    def close(self) -> None:
        """Nothing is held."""

    def _opinion(self, mean: float) -> Opinion:
        reached = (band for band, edge in EDGES.items() if mean >= edge)
        band = max(reached, key=lambda each: each.rank, default=Band.NONE)
        return Opinion(
            answered=Answered.OK, band=band, score=mean, raw=f"{mean:.3f}", version=self.info.version
        )
