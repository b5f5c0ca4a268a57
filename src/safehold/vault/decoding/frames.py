"""What a reader hands each frame to: it counts, keeps the limits, takes signals, prepares the rendition."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safehold.model.media import DecodeFailure, HashMode
from safehold.model.signal import Signal, SignalTypeName
from safehold.signals.base import FrameSignal
from safehold.signals.pdq import Pdq
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.renditions import Grey, blurred_jpeg, small_grey


class Unreadable(Exception):
    """Reading ends here, for this reason. What was read before it stays read."""

    def __init__(self, failure: DecodeFailure) -> None:
        self.failure = failure
        super().__init__(failure.value)


@dataclass(frozen=True, slots=True)
class Scaled:
    """A frame as shown, of which a decoder has made one pixel of each factor x factor.

    height, width: of the frame itself.
    """

    pixels: NDArray[np.uint8]
    height: int
    width: int
    factor: int


class Frames:
    """Everything that was seen of one media so far.

    mode: FAST lets a reader hand in scaled frames. turned: take the signals of each frame turned as well.
    """

    def __init__(
        self,
        signal_types: Mapping[SignalTypeName, FrameSignal],
        limits: DecodeLimits,
        *,
        rendition: bool,
        mode: HashMode = HashMode.EXACT,
        turned: bool = False,
        chance: random.Random = random.SystemRandom(),  # noqa: B008 - it has no state
        wanted: Collection[int] = (),
    ) -> None:
        """chance: decides which frames of a film are looked at, so that nobody can know beforehand.

        wanted: numbers of frames that are looked at whatever chance decides.
        """
        self.wanted = frozenset(wanted)
        self.limits = limits
        self.chance = chance
        self.sampled = False
        """Whether frames were left out on purpose: a reader of films sets it."""
        self.width = self.height = self.count = 0
        self.signals: list[Signal] = []
        self.turned: list[Signal] = []
        self.mode = HashMode.EXACT
        # A foreign signal type promises nothing about scaled frames, and a rendition needs all pixels anyway.
        pdq_alone = bool(signal_types) and all(isinstance(kind, Pdq) for kind in signal_types.values())
        self.takes_scaled = mode is HashMode.FAST and pdq_alone and not rendition
        self._wants_turned = turned
        self._signal_types = signal_types
        self._last: dict[tuple[SignalTypeName, int], bytes] = {}
        self._deadline = time.monotonic() + limits.seconds
        self._wants_rendition = rendition
        self._best: Grey | None = None
        self._best_quality = -1

    def enough(self, height: int, width: int) -> bool:
        """Say whether a frame scaled down to this size is large enough, where `takes_scaled` says so."""
        return min(height, width) >= Pdq.fast_short_side

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
        height, width = pixels.shape[:2]
        self.note_size(height, width)
        self._add(pixels, number, 0)

    def add_look(self, pixels: NDArray[np.uint8], number: int, place: int) -> None:
        """Take the signals of another way in which frame `number`, that was added last, may be seen.

        place: which way, from 1, below MOST_APPEARANCES. Its signals have the number of the frame. Raises
        Unreadable(LIMIT) when the job's seconds are used up.
        """
        self.check_time()
        self._add(pixels, number, place)

    def _add(self, pixels: NDArray[np.uint8], number: int, place: int) -> None:
        quality = 0
        for kind in self._signal_types.values():
            quality = max(quality, self._take(self._made(kind, pixels, number), place))
        # Films often begin black: the frame with most to see stands for the whole.
        if self._wants_rendition and quality > self._best_quality:
            self._best, self._best_quality = small_grey(pixels), quality

    def add_scaled(self, scaled: Scaled, number: int) -> None:
        """Take the fast signals of frame `number` from some of its pixels, where `takes_scaled` says so."""
        self.note_size(scaled.height, scaled.width)
        self.mode = HashMode.FAST
        size = scaled.height, scaled.width
        for kind in self._signal_types.values():
            if not isinstance(kind, Pdq):
                raise TypeError(f"{kind.name} takes no scaled frames")
            if self._wants_turned:
                self._take(kind.turned_scaled(scaled.pixels, size, scaled.factor, number), 0)
            else:
                self._take((kind.of_scaled(scaled.pixels, size, scaled.factor, number),), 0)

    def note_size(self, height: int, width: int) -> None:
        """Count one more frame, of this size."""
        if not self.count:
            self.height, self.width = height, width
        self.count += 1

    def _made(self, kind: FrameSignal, pixels: NDArray[np.uint8], number: int) -> tuple[Signal, ...]:
        if self._wants_turned and isinstance(kind, Pdq):
            return kind.turned_frame(pixels, number)
        return (kind.of_frame(pixels, number),)

    def _take(self, made: tuple[Signal, ...], place: int) -> int:
        """Keep a frame's signal of one type, and those of it turned; return its quality."""
        upright, *turned = made
        if self._last.get((upright.signal_type, place)) != upright.value:
            self.signals.append(upright)
            self.turned += turned
            self._last[upright.signal_type, place] = upright.value
        return upright.quality or 0

    def rendition(self) -> bytes | None:
        """The safe rendition of the frame with most to see, or None where none was asked for or read."""
        return None if self._best is None else blurred_jpeg(self._best)
