"""What a reader hands each frame to: it counts, keeps the limits, takes signals, prepares the rendition."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from safehold.model.media import DecodeFailure
from safehold.model.signal import Signal, SignalTypeName
from safehold.signals.base import FrameSignal
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.renditions import Grey, blurred_jpeg, small_grey


class Unreadable(Exception):
    """Reading ends here, for this reason. What was read before it stays read."""

    def __init__(self, failure: DecodeFailure) -> None:
        self.failure = failure
        super().__init__(failure.value)


class Frames:
    """Everything that was seen of one media so far."""

    def __init__(
        self,
        signal_types: Mapping[SignalTypeName, FrameSignal],
        limits: DecodeLimits,
        *,
        rendition: bool,
        chance: random.Random = random.SystemRandom(),  # noqa: B008 - it has no state
    ) -> None:
        """chance: decides which frames of a film are looked at, so that nobody can know beforehand."""
        self.limits = limits
        self.chance = chance
        self.sampled = False
        """Whether frames were left out on purpose: a reader of films sets it."""
        self.width = self.height = self.count = 0
        self.signals: list[Signal] = []
        self._signal_types = signal_types
        self._last: dict[tuple[SignalTypeName, int], bytes] = {}
        self._deadline = time.monotonic() + limits.seconds
        self._wants_rendition = rendition
        self._best: Grey | None = None
        self._best_quality = -1

    def check_time(self) -> None:
        """Raise Unreadable(LIMIT) when the job's seconds are used up."""
        if time.monotonic() > self._deadline:
            raise Unreadable(DecodeFailure.LIMIT)

    def make_room(self, width: int, height: int) -> None:
        """Ask before decoding a frame of this size. Raises Unreadable(LIMIT) when it is one too many."""
        if width * height > self.limits.max_pixels or self.count >= self.limits.max_frames:
            raise Unreadable(DecodeFailure.LIMIT)
        self.check_time()

    def add(self, pixels: NDArray[np.uint8], number: int, seconds: float | None = None) -> None:
        """Take the signals of frame `number` (0-based) from its (height, width, 3) RGB pixels.

        seconds: when it is shown, counted from the first; None where nothing says so.

        A frame whose signal equals the one before it adds none: its copy has the number of the first.
        """
        if not self.count:
            self.height, self.width = pixels.shape[:2]
        self.count += 1
        self._take(pixels, number, 0)

    def add_look(self, pixels: NDArray[np.uint8], number: int, place: int) -> None:
        """Take the signals of another way in which frame `number`, that was added last, may be seen.

        place: which way, from 1, below MOST_APPEARANCES. Its signals have the number of the frame. Raises
        Unreadable(LIMIT) when the job's seconds are used up.
        """
        self.check_time()
        self._take(pixels, number, place)

    def _take(self, pixels: NDArray[np.uint8], number: int, place: int) -> None:
        quality = 0
        for name, signal_type in self._signal_types.items():
            signal = signal_type.of_frame(pixels, number)
            quality = max(quality, signal.quality or 0)
            if self._last.get((name, place)) != signal.value:
                self.signals.append(signal)
                self._last[name, place] = signal.value
        # Films often begin black: the frame with most to see stands for the whole.
        if self._wants_rendition and quality > self._best_quality:
            self._best, self._best_quality = small_grey(pixels), quality

    def rendition(self) -> bytes | None:
        """The safe rendition of the frame with most to see, or None where none was asked for or read."""
        return None if self._best is None else blurred_jpeg(self._best)
