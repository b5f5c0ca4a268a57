"""Which frames of a film are looked at: nobody can know beforehand, and what looks new is not passed over.

Every frame is decoded, but to compare every one would cost half as much again. Were the choice known, a film
could show something else just between the chosen instants.
"""

from __future__ import annotations

import random

from safehold.model.signal import Signal
from safehold.signals.pdq import Pdq

_SHORTEST, _LONGEST = 1 / 60, 1.0
_PLAIN = 20
"""Below this quality a sketch says nothing. Lower than for a match: grey values of films span less."""


class Instants:
    """Picks the first frame, one in every second at an instant that chance sets, and each that lasts so long.

    Time goes on as frames are decoded, whatever a file says of it: each frame lasts from a sixtieth of a
    second to a whole one, and where its time is missing or goes back, as long as is usual in the film.
    """

    def __init__(self, chance: random.Random, *, usual_rate: float, per_second: float) -> None:
        """usual_rate: frames a second, as the film has it; nonsense is fine. per_second: how many to pick."""
        self._chance = chance
        self._usual = 1 / usual_rate if usual_rate > 0 else _LONGEST
        self._per_second = per_second
        self._last: float | None = None
        self._now = self._instant = self._slot = 0.0

    def picks(self, seconds: float | None) -> bool:
        """Whether the next frame is one of them. seconds: its time by the film, None where it has none."""
        step = self._step(seconds)
        self._last = seconds
        self._now += step * self._per_second
        if self._now < self._instant and step < _LONGEST:
            return False
        while self._instant <= self._now:
            self._instant = self._slot + self._chance.random()
            self._slot += 1
        return True

    def _step(self, seconds: float | None) -> float:
        step = self._usual
        if seconds is not None and self._last is not None and seconds > self._last:
            step = seconds - self._last
        return min(max(step, _SHORTEST), _LONGEST)


class Sketches:
    """Knows what the frames that were looked at showed, by a coarse fingerprint of their grey values."""

    def __init__(self) -> None:
        self._seen: list[int] = []

    def is_new(self, sketch: Signal) -> bool:
        """Whether no frame that was looked at shows much the same; a plain frame never is."""
        bits = int.from_bytes(sketch.value)
        return not self._is_plain(sketch) and all(
            (bits ^ seen).bit_count() > Pdq.default_max_distance for seen in self._seen
        )

    def add(self, sketch: Signal) -> None:
        """Note that a frame was looked at."""
        if self.is_new(sketch):
            self._seen.append(int.from_bytes(sketch.value))

    def _is_plain(self, sketch: Signal) -> bool:
        return sketch.quality is None or sketch.quality < _PLAIN
