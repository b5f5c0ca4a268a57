"""Small numbers are kept back, and with them whatever they could be reckoned from.

A figure of one to four could tell of one child. Keeping it back alone is not enough where a total is printed
beside its other parts. So all tables are looked at together, as equations: a cell that follows from what is
printed is protected by keeping back another, until none follows. The same figure in two tables is one figure.
What is kept back in one line adds up to five or more, and nobody is told which of it was small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

import numpy as np

from safehold.transparency.measures import Measure
from safehold.transparency.tables import ALL, Known, Place, Table, Withheld

SMALLEST = 5
"""The smallest number above zero that is printed of what is about children."""

Key = tuple[str, frozenset[tuple[str, tuple[str, ...]]]]
"""What a cell counts, whatever table it stands in: the unit, and all conditions."""
Line = tuple[Key, tuple[Key, ...]]
"""A whole and the parts that make it up."""


def withhold(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Return the tables with every small number about children kept back, and all that gives one away."""
    numbers = dict(_numbers(tables.values()))
    lines = list(_lines(tables.values(), numbers))
    hidden = {key for key, number in numbers.items() if 0 < number < SMALLEST}
    while more := _exposed(hidden, lines, numbers):
        hidden |= more
    return {name: _without(table, hidden) for name, table in tables.items()}


def key_of(measure: Measure, place: Place) -> Key:
    """Return what a cell counts, the same for the same thing in every table."""
    fixed = {name: (value,) for name, value in zip(measure.by, place, strict=True) if value != ALL}
    conditions = {**{name: tuple(sorted(values)) for name, values in measure.conditions.items()}, **fixed}
    return f"{measure.unit.name} {measure.window.value}", frozenset(conditions.items())


def _numbers(tables: Iterable[Table]) -> Iterator[tuple[Key, int]]:
    for table in tables:
        if table.measure.about_children:
            for place, cell in table.cells.items():
                if isinstance(cell, Known):
                    yield key_of(table.measure, place), cell.amount.number


def _lines(tables: Iterable[Table], numbers: Mapping[Key, int]) -> Iterator[Line]:
    """Yield each whole with its parts: along every division of a table, and where a measure joins answers."""
    for table in tables:
        measure = table.measure
        if not measure.about_children or table.missing is not None:
            continue
        for axis in range(len(measure.by)):
            others = [
                [*table.answers(other), ALL] if other != axis else [ALL] for other in range(len(measure.by))
            ]
            for place in product(*others):
                parts = [(*place[:axis], value, *place[axis + 1 :]) for value in table.answers(axis)]
                yield from _line(key_of(measure, place), [key_of(measure, part) for part in parts], numbers)
        whole = key_of(measure, table.top)
        for name, values in measure.where.items():
            if len(values) > 1:
                rest = whole[1] - {(name, tuple(sorted(values)))}
                joined = [(whole[0], rest | {(name, (value,))}) for value in values]
                yield from _line(whole, joined, numbers)


def _line(whole: Key, parts: list[Key], numbers: Mapping[Key, int]) -> Iterator[Line]:
    if whole in numbers and all(part in numbers for part in parts) and parts:
        yield whole, tuple(parts)


def _exposed(hidden: set[Key], lines: list[Line], numbers: Mapping[Key, int]) -> set[Key]:
    """Return what has to be kept back besides, nothing when all that is hidden is safe."""
    more = set()
    for whole, parts in lines:
        kept = [part for part in parts if part in hidden]
        if kept and whole not in hidden and sum(numbers[part] for part in kept) < SMALLEST:
            more |= _next(whole, parts, hidden, numbers)
    if more:
        return more
    for key in _follow(hidden, lines):
        for whole, parts in lines:
            found = _next(whole, parts, hidden, numbers) if key == whole or key in parts else set()
            if found:
                more |= found
                break
    return more


def _next(whole: Key, parts: tuple[Key, ...], hidden: set[Key], numbers: Mapping[Key, int]) -> set[Key]:
    """Return the smallest part of a line that is still printed and not zero, else its whole, else nothing."""
    printed = [part for part in parts if part not in hidden and numbers[part] > 0]
    if printed:
        return {min(printed, key=lambda part: (numbers[part], _name(part)))}
    return {whole} - hidden


def _follow(hidden: set[Key], lines: list[Line]) -> list[Key]:
    """Return what is hidden and yet follows from what is printed, however one adds and subtracts."""
    unknown = sorted(hidden, key=_name)
    column = {key: place for place, key in enumerate(unknown)}
    rows = []
    for whole, parts in lines:
        row = np.zeros(len(unknown))
        for key, sign in ((whole, -1.0), *((part, 1.0) for part in parts)):
            if key in column:
                row[column[key]] += sign
        if row.any():
            rows.append(row)
    if not rows:
        return []
    _, sizes, directions = np.linalg.svd(np.array(rows), full_matrices=True)
    rank = int((sizes > 1e-9).sum())
    free = np.abs(directions[rank:]).max(axis=0, initial=0.0)
    return [key for key in unknown if free[column[key]] < 1e-9 and any(key in (w, *p) for w, p in lines)]


def _name(key: Key) -> str:
    return f"{key[0]} {sorted(key[1])}"


def _without(table: Table, hidden: set[Key]) -> Table:
    if not table.measure.about_children:
        return table
    return Table(
        table.measure,
        {
            place: Withheld() if isinstance(cell, Known) and key_of(table.measure, place) in hidden else cell
            for place, cell in table.cells.items()
        },
    )
