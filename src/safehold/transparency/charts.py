"""Bar charts as SVG without script: their geometry, and the same in words for whoever cannot see them.

Every chart has a table beside it that says the same. What is not available, or withheld, has no bar, and its
word says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.counting import NOT_SAID
from safehold.transparency.tables import ALL, Cell, Known, Table

WIDTH = 400
_ROW, _SERIES, _BAR, _GAP = 26, 20, 14, 12
_ROOM_FOR_NUMBERS, _ROOM_FOR_YEARS = 90, 135


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, or the words in its place. y: of its upper edge; width: 0 where there is none."""

    words: str
    series: int
    y: float
    width: float
    known: bool


@dataclass(frozen=True, slots=True)
class Group:
    """An answer with its bars. y: of the line of its name."""

    label: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in units of its view box. series: what the bars of each group stand for, none for one alone."""

    id: str
    title: str
    description: str
    width: int
    height: float
    groups: tuple[Group, ...]
    series: tuple[str, ...]
    bar: int = _BAR


EVERYTHING, UNRECORDED = "All", "Not recorded"
"""What is said in the place of an answer: of all of them together, and of none."""


def answer(measure_axis: str, value: str) -> str:
    """Return an answer as it is read, those of who says nothing among them."""
    if value == NOT_SAID:
        return UNRECORDED
    return EVERYTHING if value == ALL else ATTRIBUTES[measure_axis].words(value)


def bars(table: Table, when: str = "", before: tuple[str, Table] | None = None) -> Chart | None:
    """Return the chart of a table with one division, beside that of an earlier time where it has figures.

    when: what it is about, needed where before says what the other is about.

    Those of which it is not recorded are in the table alone: a bar of them would dwarf what is known.
    None where there are not two answers with figures, for a chart of one bar shows nothing.
    """
    if len(table.measure.by) != 1 or table.missing is not None:
        return None
    tables = {when: table}
    if before is not None and any(
        _is_positive(cell) for place, cell in before[1].cells.items() if ALL not in place
    ):
        tables[before[0]] = before[1]
    rows: list[tuple[str, Mapping[str, Cell | None]]] = [
        (
            answer(table.measure.by[0], value),
            {name: each.cells.get((value,)) for name, each in tables.items()},
        )
        for value in table.answers(0)
        if value != NOT_SAID
    ]
    if sum(_is_positive(row[1][when]) for row in rows) < 2:
        return None
    return _chart(table, rows, tuple(tables) if len(tables) > 1 else ())


def _is_positive(cell: Cell | None) -> bool:
    return isinstance(cell, Known) and cell.amount.number > 0


def _chart(table: Table, rows: list[tuple[str, Mapping[str, Cell | None]]], series: tuple[str, ...]) -> Chart:
    numbers = [cell.amount.number for _, cells in rows for cell in cells.values() if isinstance(cell, Known)]
    scale = (WIDTH - (_ROOM_FOR_YEARS if series else _ROOM_FOR_NUMBERS)) / max(numbers)
    groups, y = [], 4.0
    for label, cells in rows:
        drawn, top = [], y
        y += _ROW - 4
        for place, cell in enumerate(cells.values()):
            if cell is None:
                continue
            known = isinstance(cell, Known)
            width = (
                max(1.0, cell.amount.number * scale)
                if isinstance(cell, Known) and cell.amount.number
                else 0.0
            )
            drawn.append(Bar(cell.words, place, y, round(width, 1), known))
            y += _SERIES
        groups.append(Group(label, top + 13, tuple(drawn)))
        y += _GAP
    return Chart(
        id=f"chart-{table.measure.id.replace('.', '-')}",
        title=table.measure.title,
        description=_in_words(rows, table.measure.unit.many),
        width=WIDTH,
        height=round(y - _GAP + 4, 1),
        groups=tuple(groups),
        series=series,
    )


def _in_words(rows: list[tuple[str, Mapping[str, Cell | None]]], unit: str) -> str:
    said = []
    for label, cells in rows:
        several = len(cells) > 1
        each = [f"{cell.words}{f' in {name}' if several else ''}" for name, cell in cells.items() if cell]
        said.append(f"{label}: {', '.join(each)}")
    return f"Bars, in {unit}. {'; '.join(said)}."
