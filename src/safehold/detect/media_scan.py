"""The whole comparison of one input, from what was read of it to the verdict; it needs no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safehold.detect import checks
from safehold.detect.checks import Circumstances
from safehold.detect.verdict import Verdict, judge
from safehold.model.media import Examined
from safehold.model.signal import Signal


@dataclass(frozen=True, slots=True)
class Compared:
    """All signals of an input, exact digests first, and what they led to."""

    signals: tuple[Signal, ...]
    verdict: Verdict


def compare_media(digests: Sequence[Signal], examined: Examined | None, at: Circumstances) -> Compared:
    """Compare bytes. digests: their exact ones, as `signals.digests` makes them of bytes or of a file.

    examined: what the decoder saw, with the signals of each frame; None where the decoder is down, and then
    the exact digests are compared alone and the answer is never clear.
    """
    signals = (*digests, *(examined.signals if examined is not None else ()))
    return Compared(signals, judge(checks.of_media(signals, examined, at), at.surface))


def compare_signals(signals: Sequence[Signal], at: Circumstances) -> Compared:
    """Compare signals that came without bytes."""
    return Compared(tuple(signals), judge(checks.of_signals(signals, at), at.surface))


def compare_nothing(kind: str, at: Circumstances) -> Compared:
    """Answer for a kind of input, such as "links" or "text", that there is no check for: never clear."""
    return Compared((), judge(checks.unchecked(kind), at.surface))
