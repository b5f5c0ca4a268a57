"""The whole comparison of one input, from what was read of it to the verdict; it needs no database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from safehold.detect import checks
from safehold.detect.checks import Circumstances
from safehold.detect.verdict import Verdict, judge
from safehold.model.media import Examined, HashMode
from safehold.model.scan import CheckReport
from safehold.model.signal import Signal
from safehold.model.surface import Surface


@dataclass(frozen=True, slots=True)
class Compared:
    """All signals of an input, exact digests first, and what they led to.

    mode: FAST where perceptual signals may differ in some bits from those that exact reading makes. reports:
    what the verdict was made of, of media alone.
    """

    signals: tuple[Signal, ...]
    verdict: Verdict
    mode: HashMode = HashMode.EXACT
    reports: tuple[CheckReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What is asked of the decoder. turned: signals of the turned picture as well."""

    mode: HashMode
    turned: bool = False
    rendition: bool = False


FAST_QUALITY_ERROR = 5
"""By how much quality may be lower in FAST mode; the largest difference seen is 1."""

Read = Callable[[Reading], Examined | None]
"""Have the decoder read an input; None where it is down."""


def read_and_compare(
    digests: Sequence[Signal], read: Read, at: Circumstances, *, mode: HashMode
) -> tuple[Compared, Examined | None]:
    """Have bytes read and compare them; return that, and what the decoder saw.

    mode: EXACT also where a list that counts here asks for it. What matched or was flagged in FAST mode, and
    what seemed just too plain to compare, is read again exactly, with a rendition, and only that counts: a
    distance that is answered or recorded is that of the published bits. Where reading again gives nothing,
    what was seen first stands.
    """
    asked = at.known.asked(rehearsal=at.surface.rehearsal)
    reading = Reading(HashMode.EXACT if asked.exact else mode, turned=asked.turned)
    examined = read(reading)
    compared = compare_media(digests, examined, at)
    if examined is None or examined.mode is HashMode.EXACT or not _needs_exact(compared, at):
        return compared, examined
    again = read(replace(reading, mode=HashMode.EXACT, rendition=True))
    if again is None or not again.signals:
        return compared, examined
    return compare_media(digests, again, at), again


def _needs_exact(compared: Compared, at: Circumstances) -> bool:
    # Not so a near miss: reading again takes time, and a clear answer must not tell by it how near it was.
    verdict = compared.verdict
    found = bool(verdict.matches or verdict.flags)
    return found or any(_is_just_too_plain(signal, at) for signal in compared.signals)


def _is_just_too_plain(signal: Signal, at: Circumstances) -> bool:
    if signal.quality is None or at.known.has_detail(signal):
        return False
    return at.known.has_detail(replace(signal, quality=signal.quality + FAST_QUALITY_ERROR))


def compare_media(digests: Sequence[Signal], examined: Examined | None, at: Circumstances) -> Compared:
    """Compare bytes. digests: their exact ones, as `signals.digests` makes them of bytes or of a file.

    examined: what the decoder saw, with the signals of each frame; None where the decoder is down, and then
    the exact digests are compared alone and the answer is never clear.
    """
    if examined is None:
        without = tuple(checks.of_media(digests, None, at))
        return Compared(tuple(digests), judge(without, at.surface), reports=without)
    signals = (*digests, *examined.signals)
    reports = tuple(checks.of_media((*signals, *examined.turned), examined, at))
    return Compared(signals, judge(reports, at.surface), examined.mode, reports)


def with_more(compared: Compared, reports: Sequence[CheckReport], surface: Surface) -> Compared:
    """Return the comparison of media with what further checks report, judged anew."""
    every = (*compared.reports, *reports)
    return replace(compared, verdict=judge(every, surface), reports=every)


def compare_signals(signals: Sequence[Signal], at: Circumstances) -> Compared:
    """Compare signals that came without bytes."""
    return compare_each([signals], at)[0]


def compare_each(inputs: Sequence[Sequence[Signal]], at: Circumstances) -> list[Compared]:
    """Compare several inputs that are signals; each as it would be alone, in one search."""
    reports = checks.of_signals(inputs, at)
    # Those that share their reports, as all do that are near nothing, are judged once.
    shared = {id(found): found for found in reports}
    verdicts = {known: judge(found, at.surface) for known, found in shared.items()}
    return [
        Compared(tuple(signals), verdicts[id(found)]) for signals, found in zip(inputs, reports, strict=True)
    ]


def compare_nothing(kind: str, at: Circumstances) -> Compared:
    """Answer for a kind of input, such as "links" or "text", that there is no check for: never clear."""
    return Compared((), judge(checks.unchecked(kind), at.surface))
