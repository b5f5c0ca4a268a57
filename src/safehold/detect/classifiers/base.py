"""What a classifier has to do. `safehold.testing.classifier_kit` checks one of your own.

One of another package is an entry point, which `safehold.detect.classifiers.foreign` opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from safehold.model.classifier import ClassifierInfo, Opinion

Pixels = NDArray[np.uint8]
"""A frame: (height, width, 3), RGB, upright, at most 512 pixels long, never plain."""


class Unanswered(Exception):
    """A classifier could not answer: it is down, or said something that nobody understands.

    code: a short word for counters and logs, never anything that came from outside. rest: seconds for which
    it asked to be left alone, None where it did not.
    """

    def __init__(self, code: str, *, rest: float | None = None) -> None:
        self.code, self.rest = code, rest
        super().__init__(code)


class Garbled(Unanswered):
    """A classifier said something that nobody understands. It is never taken for nothing to say."""


class Classifier(Protocol):
    """Says how strongly pictures ask for a look. Safe to share between threads."""

    @property
    def info(self) -> ClassifierInfo:
        """Return what it is."""

    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        """Return an opinion of each picture, in order; at most `info.batch_max` are handed over.

        The pixels are only read. seconds: how long it may take. Raises Unanswered where it has none, and
        TimeoutError where the time was over.
        """

    def close(self) -> None:
        """Give everything back."""
