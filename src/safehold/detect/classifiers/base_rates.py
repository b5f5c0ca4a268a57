"""The base-rate calculator: what to expect of a classifier before one is switched on. Pure arithmetic.

What is rare drowns in false alarms, however good a classifier is said to be. Each figure of a day has the
range outside of which one day in twenty lies, by chance alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from safehold.model.errors import BadForm
from safehold.model.figures import NOTHING, Figure, Z, share

MOST_UPLOADS = 10**10
MOST_LOOKS = 10**6
RAREST = 10**12
_EXACT_UP_TO = 500.0
"""Beyond it a day's number is as good as normally distributed."""
_TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What somebody assumes: nobody here knows any of it.

    uploads: in a day. one_in: one in so many uploads is what it is meant to find. finds: the share of those
    for which it asks, 0 to 1. false_alarms: the share of the others for which it asks, 0 to 1. looks: how
    many people can look at in a day.
    """

    uploads: int
    one_in: float
    finds: float
    false_alarms: float
    looks: int

    def __post_init__(self) -> None:
        """Refuse what cannot be. Raises BadForm with the field."""
        _between("uploads", self.uploads, 1, MOST_UPLOADS)
        _between("one_in", self.one_in, 1, RAREST)
        _between("finds", self.finds, 0, 1)
        _between("false_alarms", self.false_alarms, 0, 1)
        _between("looks", self.looks, 0, MOST_LOOKS)


@dataclass(frozen=True, slots=True)
class ADay:
    """A number of a day: what is expected, and the range outside of which one day in twenty lies."""

    expected: float
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """What follows, in a day.

    there: uploads that it is meant to find. flags: for how many it asks, of which right and wrong. missed:
    those it passes over. found: the right ones among what people can look at, in no order. unlooked: flags
    that nobody can look at. precision: the share of flags that are right, with the interval for as many as
    people look at.
    """

    there: ADay
    flags: ADay
    right: ADay
    wrong: ADay
    missed: ADay
    found: ADay
    unlooked: ADay
    precision: Figure


def reckon(assumed: Assumed) -> Reckoned:
    """Return what follows from what is assumed."""
    there = assumed.uploads / assumed.one_in
    right = there * assumed.finds
    wrong = (assumed.uploads - there) * assumed.false_alarms
    flags = right + wrong
    looked = min(flags, assumed.looks)
    precision = right / flags if flags else None
    return Reckoned(
        there=_a_day(there),
        flags=_a_day(flags),
        right=_a_day(right),
        wrong=_a_day(wrong),
        missed=_a_day(there - right),
        found=_a_day(looked * (precision or 0.0)),
        unlooked=_a_day(flags - looked),
        precision=_precision(precision, looked),
    )


def _precision(value: float | None, looked: float) -> Figure:
    whole = round(looked)
    if value is None or not whole:
        return NOTHING
    around = share(round(value * whole), whole)
    assert around.low is not None
    assert around.high is not None
    return Figure(value, min(around.low, value), max(around.high, value), whole)


def _a_day(expected: float) -> ADay:
    """Return a Poisson count's central range at 95 %."""
    expected = max(0.0, expected)
    if expected > _EXACT_UP_TO:
        half = Z * math.sqrt(expected)
        return ADay(expected, math.floor(expected - half), math.ceil(expected + half))
    term = math.exp(-expected)
    below, at, low = 0.0, 0, 0
    while below + term < 1 - _TAIL:
        below += term
        if below < _TAIL:
            low = at + 1
        at += 1
        term *= expected / at
    return ADay(expected, low, at)


def _between(field: str, value: float, low: float, high: float) -> None:
    # Also refuses what is no number.
    if not low <= value <= high:
        raise BadForm(f"{field}: a number from {low:g} to {high:g}.", field=field)
