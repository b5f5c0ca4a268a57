"""From what was recorded to tables: one pass over the facts of a year, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.measures import Catalogue, Measure
from safehold.transparency.tables import ALL, Cell, Known, Missing, Place, Table
from safehold.transparency.units import Amount, Unit

NOT_SAID = "not_said"
"""The answer of what says nothing about a question, where others do."""
WHY_NOT_SAID = "Some records do not say, so nobody knows that there are none."


@dataclass(frozen=True, slots=True)
class Fact:
    """So many of one unit, of which the same can be said. says: answers by question, None for not said.

    took: how many took, or have waited, so long, by the class of the time: see `waits`.
    """

    unit: type[Unit]
    many: int
    says: Mapping[str, str | None]
    took: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """All that is known of a year. facts: read once.

    missing: why nothing is known of a unit, by its name, of a measure, by its id, or of a question about a
    unit, by both their names.
    """

    number: int
    facts: Iterable[Fact]
    missing: Mapping[str | tuple[str, str], str] = field(default_factory=dict)


def count(catalogue: Catalogue, year: Year) -> dict[str, Table]:
    """Return the table of every measure by its id, nothing of it withheld yet."""
    there = [measure for measure in catalogue if _why_not(measure, year) is None]
    by_unit: dict[type[Unit], list[tuple[Measure, Counter[Place]]]] = {}
    counters: dict[str, Counter[Place]] = {}
    for measure in there:
        counters[measure.id] = Counter()
        by_unit.setdefault(measure.unit, []).append((measure, counters[measure.id]))
    for fact in year.facts:
        for measure, counter in by_unit.get(fact.unit, ()):
            if measure.counts_what_says(fact.says):
                counter[place_of(measure, fact)] += fact.many
    return {
        measure.id: _table(measure, counters[measure.id])
        if measure.id in counters
        else Table(measure, {(ALL,) * len(measure.by): Missing(_why_not(measure, year) or "")})
        for measure in catalogue
    }


def place_of(measure: Measure, fact: Fact) -> Place:
    """Return where in its table a measure counts a fact."""
    return tuple(fact.says.get(name) or NOT_SAID for name in measure.by)


def _why_not(measure: Measure, year: Year) -> str | None:
    asked = ((measure.unit.name, question) for question in (*measure.conditions, *measure.by))
    names: tuple[str | tuple[str, str], ...] = (measure.unit.name, measure.id, *asked)
    return next((year.missing[name] for name in names if name in year.missing), None)


def _table(measure: Measure, counted: Counter[Place]) -> Table:
    axes = [_answers(measure, axis, counted) for axis in range(len(measure.by))]
    open_ended = [any(place[axis] == NOT_SAID for place in counted) for axis in range(len(axes))]
    sums: Counter[Place] = Counter()
    for place, many in counted.items():
        for shown in product(*((value, ALL) for value in place)):
            sums[shown] += many
    cells: dict[Place, Cell] = {}
    for place in product(*([*axis, ALL] for axis in axes)):
        unknown = any(open_ended[axis] and value != ALL for axis, value in enumerate(place))
        if sums[place] == 0 and unknown:
            cells[place] = Missing(WHY_NOT_SAID)
        else:
            cells[place] = Known(Amount(sums[place], measure.unit))
    return Table(measure, cells)


def _answers(measure: Measure, axis: int, counted: Counter[Place]) -> list[str]:
    name = measure.by[axis]
    allowed = measure.conditions.get(name)
    listed = [value for value in ATTRIBUTES[name].values if allowed is None or value in allowed]
    if listed and not ATTRIBUTES[name].as_found:
        found = {place[axis] for place in counted} - set(listed)
        return listed + sorted(found)
    sizes: Counter[str] = Counter()
    for place, many in counted.items():
        sizes[place[axis]] += many
    by_name = ATTRIBUTES[name].by_name
    return sorted(sizes, key=lambda value: (value == NOT_SAID, 0 if by_name else -sizes[value], value))
