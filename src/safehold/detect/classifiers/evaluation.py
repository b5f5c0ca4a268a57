"""What a classifier is worth, from what people found: pure, and never more than the figures carry.

Nothing here says how well it finds what nobody has looked for. Only the audit sample says anything about what
it passes over, and that with an interval that stays wide for long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from safehold.model.band import Band
from safehold.model.figures import NOTHING, Figure, share
from safehold.model.judged import Judged, Way

ENOUGH_DRAWN = 100
"""So many drawn items must be decided before recall is estimated at all."""
ENOUGH_FOUND = 10
"""And so many items must have been found that no list knew."""


@dataclass(frozen=True, slots=True)
class BandWorth:
    """Of the decided items of a band that came in one way, the share that was what it is meant to find."""

    way: Way
    band: Band
    found: Figure


@dataclass(frozen=True, slots=True)
class TenthWorth:
    """The same for a tenth of the score, 0 to 9, of what no list knew."""

    tenth: int
    found: Figure


class WhyNot(StrEnum):
    """Why recall cannot be estimated."""

    NOTHING_DRAWN = "nothing_drawn"
    TOO_FEW_DRAWN = "too_few_drawn"
    TOO_FEW_FOUND = "too_few_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """The share it asks for, of what no list knew and was there to be found, with an interval.

    drawn: decided items of the sample. found: how many of all decided were what it is meant to find.
    why_not: set, and the figure empty, where too little is known.
    """

    figure: Figure
    drawn: int
    found: int
    why_not: WhyNot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBudget:
    """What people who can look at so many in a day see of it: the strongest bands first.

    looked: how many of them there are in a day. unknown: how many of these lie in bands of which nobody has
    decided anything. precision: the share of the others that is expected to be found.
    """

    looked: float
    unknown: float
    precision: Figure


def band_worths(judged: Iterable[Judged]) -> tuple[BandWorth, ...]:
    """Return the reliability table: each way and band that was decided about, strongest bands last."""
    items: defaultdict[tuple[Way, Band], int] = defaultdict(int)
    found: defaultdict[tuple[Way, Band], int] = defaultdict(int)
    for each in judged:
        items[each.way, each.band] += each.items
        found[each.way, each.band] += each.found
    ordered = sorted(items, key=lambda key: (list(Way).index(key[0]), key[1].rank))
    return tuple(BandWorth(way, band, share(found[way, band], items[way, band])) for way, band in ordered)


def tenth_worths(judged: Iterable[Judged]) -> tuple[TenthWorth, ...]:
    """Return the same by tenths of the raw score, of what no list knew; tenths without items left out."""
    items: defaultdict[int, int] = defaultdict(int)
    found: defaultdict[int, int] = defaultdict(int)
    for each in judged:
        if each.tenth is not None and each.way is not Way.LISTED:
            items[each.tenth] += each.items
            found[each.tenth] += each.found
    return tuple(TenthWorth(tenth, share(found[tenth], items[tenth])) for tenth in sorted(items))


def false_alarms(judged: Iterable[Judged], flags_from: Band, *, listed: bool) -> Figure:
    """Return the share of the decided items it asks for that were nothing. listed: those that a list knew."""
    ours = [each for each in judged if _asks(each, flags_from) and (each.way is Way.LISTED) is listed]
    items = sum(each.items for each in ours)
    return share(items - sum(each.found for each in ours), items)


def recall(judged: Sequence[Judged], flags_from: Band) -> Recall:
    """Estimate how much of what is there to be found it asks for, from the audit sample.

    What people were asked to look at counts as it is. What was drawn stands for the uploads that every check
    passed on its day, and is taken apart by whether it asks for it: in the shadow it asks for some. The
    interval takes the unkind end of each part at once, so that it is wider than its name says, never
    narrower.
    """
    unlisted = [each for each in judged if each.way is not Way.LISTED]
    sample = [each for each in unlisted if each.way is Way.DRAWN]
    drawn = sum(each.items for each in sample)
    found = sum(each.found for each in unlisted)
    why_not = _why_not(drawn, found)
    if why_not is not None:
        return Recall(figure=NOTHING, drawn=drawn, found=found, why_not=why_not)
    looked = [each for each in unlisted if each.way is Way.ASKED]
    certain = sum(each.found for each in looked if _asks(each, flags_from))
    passed_over = sum(each.found for each in looked if not _asks(each, flags_from))
    caught = _estimated([each for each in sample if _asks(each, flags_from)], sample)
    missed = _estimated([each for each in sample if not _asks(each, flags_from)], sample)
    value, low, high = (
        _part(certain + of_caught, passed_over + of_missed)
        for of_caught, of_missed in (
            (caught.value, missed.value),
            (caught.low, missed.high),
            (caught.high, missed.low),
        )
    )
    # Rounding may put an end on the wrong side of what it bounds.
    figure = Figure(value, min(low, value), max(high, value), drawn + certain + passed_over)
    return Recall(figure=figure, drawn=drawn, found=found)


def at_budget(
    a_day: int, per_day: Mapping[Band, float], judged: Iterable[Judged], *, flags_from: Band
) -> AtBudget:
    """Return what people would find who can look at `a_day` of what it asks for, the strongest band first.

    per_day: how many uploads lie in each band in a day. Within a band none comes before another. The interval
    adds up those of the bands, so that it is rather too wide.
    """
    worth = _unlisted_by_band(judged)
    left, unknown = float(a_day), 0.0
    taken: list[tuple[float, Figure]] = []
    for band in sorted(Band, key=lambda each: -each.rank):
        if band.rank < max(flags_from.rank, Band.LOW.rank):
            continue
        here = min(left, per_day.get(band, 0.0))
        left -= here
        figure = worth.get(band, NOTHING)
        if figure.value is None:
            unknown += here
        elif here:
            taken.append((here, figure))
    looked = a_day - left
    # Rounding may make the part larger than the whole.
    return AtBudget(looked=looked, unknown=min(unknown, looked), precision=_mixed(taken))


def _unlisted_by_band(judged: Iterable[Judged]) -> dict[Band, Figure]:
    items: defaultdict[Band, int] = defaultdict(int)
    found: defaultdict[Band, int] = defaultdict(int)
    for each in judged:
        if each.way is not Way.LISTED:
            items[each.band] += each.items
            found[each.band] += each.found
    return {band: share(found[band], items[band]) for band in items}


def _mixed(parts: Sequence[tuple[float, Figure]]) -> Figure:
    whole = sum(weight for weight, _ in parts)
    if not whole:
        return NOTHING
    value, low, high = (
        sum(weight * (figure_part or 0.0) for weight, figure_part in each) / whole
        for each in (
            [(weight, figure.value) for weight, figure in parts],
            [(weight, figure.low) for weight, figure in parts],
            [(weight, figure.high) for weight, figure in parts],
        )
    )
    return Figure(value, low, high, sum(figure.units for _, figure in parts))


def _asks(each: Judged, flags_from: Band) -> bool:
    return each.band.rank >= flags_from.rank


def _why_not(drawn: int, found: int) -> WhyNot | None:
    if not drawn:
        return WhyNot.NOTHING_DRAWN
    if drawn < ENOUGH_DRAWN:
        return WhyNot.TOO_FEW_DRAWN
    return WhyNot.TOO_FEW_FOUND if found < ENOUGH_FOUND else None


@dataclass(frozen=True, slots=True)
class _Estimate:
    value: float
    low: float
    high: float


def _estimated(stratum: Sequence[Judged], sample: Sequence[Judged]) -> _Estimate:
    """Estimate how many there are in all the uploads that a part of the sample stands for."""
    decided: defaultdict[UUID, int] = defaultdict(int)
    for each in sample:
        if each.day is not None:
            decided[each.day.id] += each.items
    stands_for = sum(
        each.items * each.day.passed / decided[each.day.id] for each in stratum if each.day is not None
    )
    figure = share(sum(each.found for each in stratum), sum(each.items for each in stratum))
    return _Estimate(*(stands_for * (part or 0.0) for part in (figure.value, figure.low, figure.high)))


def _part(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest else 0.0
