"""Bar charts as SVG without script: their geometry, and the same in words for whoever cannot see them.

Every chart has a table beside it that says the same. What is not available, or withheld, has no bar, and its
word says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.counting import NOT_SAID
from safehold.transparency.tables import ALL, Cell, Known, Table, Withheld

WIDTH = 400
_ROW, _SERIES, _BAR, _GAP = 26, 20, 14, 12
_SIGN, _SPACE = 7.4, 8
"""The room for one sign of the words beside a bar, and between the two."""
MOST_SERIES = 4
"""Of a table with two divisions, more answers to its second one are no chart that can be read."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, or the words in its place. words: beside it, what it stands for among them.

    series: its place in the group, by which it is coloured. y: of its upper edge. width: 0 for none.
    """

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
    """A chart in units of its view box. bar: how high each bar is."""

    id: str
    title: str
    description: str
    width: int
    height: float
    groups: tuple[Group, ...]
    bar: int = _BAR


EVERYTHING, UNRECORDED = "All", "Not recorded"
"""What is said in the place of an answer: of all of them together, and of none."""


def answer(measure_axis: str, value: str) -> str:
    """Return an answer as it is read, those of who says nothing among them."""
    if value == NOT_SAID:
        return UNRECORDED
    return EVERYTHING if value == ALL else ATTRIBUTES[measure_axis].words(value)


def bars(table: Table, when: str = "", before: tuple[str, Table] | None = None) -> Chart | None:
    """Return the chart of a table, beside that of an earlier time where it has figures.

    when: what it is about, needed where before says what the other is about. With two divisions, each answer
    to the first one has a bar for each to the second.

    Those of which it is not recorded are in the table alone: a bar of them would dwarf what is known.
    None where there are not two answers with figures, for a chart of one bar shows nothing.
    """
    if table.missing is not None or not table.measure.by:
        return None
    rows = _by_two(table) if len(table.measure.by) == 2 else _by_one(table, when, before)
    if sum(any(_is_positive(cell) for cell in row.values()) for _, row in rows) < 2:
        return None
    return _chart(table, rows)


_Rows = list[tuple[str, dict[str, Cell]]]


def _by_one(table: Table, when: str, before: tuple[str, Table] | None) -> _Rows:
    """Return the answers, each with its cell, or with one for each time that has figures."""
    tables = {when: table}
    if before is not None and any(
        _is_positive(cell) for place, cell in before[1].cells.items() if ALL not in place
    ):
        tables[before[0]] = before[1]
    told = [value for value in table.answers(0) if value != NOT_SAID]
    if not any(_is_positive(table.cells[value,]) for value in told):
        return []
    return [
        (
            answer(table.measure.by[0], value),
            {
                name if len(tables) > 1 else "": each.cells[value,]
                for name, each in tables.items()
                if (value,) in each.cells
            },
        )
        for value in told
    ]


def _by_two(table: Table) -> _Rows:
    """Return the answers to the first question, each with what is above zero, or withheld, by the second."""
    first, second = table.measure.by
    series = [value for value in table.answers(1) if value != NOT_SAID]
    if len(series) > MOST_SERIES:
        return []
    return [
        (
            answer(first, value),
            {answer(second, one): cell for one in series if _is_told(cell := table.cells[value, one])},
        )
        for value in table.answers(0)
        if value != NOT_SAID and any(_is_told(table.cells[value, one]) for one in series)
    ]


def _is_positive(cell: Cell) -> bool:
    return isinstance(cell, Known) and cell.amount.number > 0


def _is_told(cell: Cell) -> bool:
    return _is_positive(cell) or isinstance(cell, Withheld)


def _chart(table: Table, rows: _Rows) -> Chart:
    places = list(dict.fromkeys(name for _, cells in rows for name in cells))
    scale = min(
        (WIDTH - _SPACE - _SIGN * len(_beside(name, cell))) / cell.amount.number
        for _, cells in rows
        for name, cell in cells.items()
        if isinstance(cell, Known) and cell.amount.number
    )
    groups, y = [], 4.0
    for label, cells in rows:
        drawn, top = [], y
        y += _ROW - 4
        for name, cell in cells.items():
            number = cell.amount.number if isinstance(cell, Known) else 0
            width = round(max(1.0, number * scale), 1) if number else 0.0
            drawn.append(
                Bar(_beside(name, cell), places.index(name), y, width, known=isinstance(cell, Known))
            )
            y += _SERIES
        groups.append(Group(label, top + 13, tuple(drawn)))
        y += _GAP
    return Chart(
        id=f"chart-{table.measure.id.replace('.', '-')}",
        title=table.measure.title,
        description=_in_words(groups, table.measure.unit.many),
        width=WIDTH,
        height=round(y - _GAP + 4, 1),
        groups=tuple(groups),
    )


def _beside(name: str, cell: Cell) -> str:
    return f"{cell.words} ({name})" if name else cell.words


def _in_words(groups: list[Group], unit: str) -> str:
    said = [f"{group.label}: {', '.join(bar.words for bar in group.bars)}" for group in groups]
    return f"Bars, in {unit}. {'; '.join(said)}."
