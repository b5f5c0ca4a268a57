"""Lengths of time: as classes, which add up over days, and what can be read from them: percentiles.

Lengths themselves do not add up: the median of a month follows from none of its days. So every length is a
class, each of which ends 2 to the power of 1/20 later than the one before, from one minute on. What is read
from them is the end of a class: at most 3.6 per cent too long, and never too short.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from safehold.transparency.counting import Fact, place_of
from safehold.transparency.measures import Catalogue
from safehold.transparency.tables import ALL, Known, Place, Table

FEWEST = 5
"""Of fewer there is no percentile: it would be the time of one."""
SHARES = (0.5, 0.9, 0.95)
"""The parts of all that took no longer than what is shown."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long some things took, in seconds. within: in the order of SHARES, empty for fewer than FEWEST."""

    many: int
    longest: float
    within: tuple[float, ...]


def seconds_of(length_class: int) -> float:
    """Return where a class ends."""
    return float(60 * 2 ** (length_class / 20))


def spread_of(classes: Mapping[int, int]) -> Spread | None:
    """Return the spread of so many of each class, None of nothing."""
    many = sum(classes.values())
    if not many:
        return None
    within = tuple(_reached(classes, share * many) for share in SHARES) if many >= FEWEST else ()
    return Spread(many, seconds_of(max(classes)), within)


def spreads(
    catalogue: Catalogue, facts: Iterable[Fact], tables: Mapping[str, Table]
) -> dict[str, dict[Place, Spread]]:
    """Return by measure, of those that are timed, the spread of each place whose number is printed."""
    timed = [measure for measure in catalogue if measure.timed]
    found: dict[str, dict[Place, Counter[int]]] = {measure.id: defaultdict(Counter) for measure in timed}
    for fact in facts:
        for measure in timed if fact.took else ():
            if measure.unit is fact.unit and measure.counts_what_says(fact.says):
                for place in product(*((value, ALL) for value in place_of(measure, fact))):
                    found[measure.id][place].update(fact.took)
    return {name: _printed(places, tables[name]) for name, places in found.items()}


def _printed(places: Mapping[Place, Counter[int]], table: Table) -> dict[Place, Spread]:
    read = ((place, spread_of(classes)) for place, classes in places.items())
    return {
        place: spread
        for place, spread in read
        if spread is not None and isinstance(table.cells.get(place), Known)
    }


def _reached(classes: Mapping[int, int], wanted: float) -> float:
    seen = 0
    for each in sorted(classes):
        seen += classes[each]
        if seen >= wanted:
            break
    return seconds_of(each)
