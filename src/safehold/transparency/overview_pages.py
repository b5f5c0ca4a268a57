"""What a page of the overview shows, ready for templates: figures as lines with shares, times and a chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.charts import EVERYTHING, Chart, answer, bars
from safehold.transparency.counting import NOT_SAID
from safehold.transparency.live_catalogue import LIVE_SECTIONS, LiveSection
from safehold.transparency.measures import Measure
from safehold.transparency.overview import Overview
from safehold.transparency.shares import share, whole_of
from safehold.transparency.tables import ALL, Cell, Known, Place, Table
from safehold.transparency.waits import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A place of a table as it is read. number: or what stands in its place. spread: of timed measures.

    is_code: its label is a code of ours or a name that somebody gave, for which the catalogue has no words.
    """

    place: Place
    label: str
    number: str
    known: bool
    share: str | None
    spread: Spread | None
    is_total: bool
    is_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFigure:
    """A measure as it is read. amount: of all; total: the same as a text in English, with its unit.

    lines: none where it is not available. head: what its lines are called. is_empty: known to be nothing.
    """

    measure: Measure
    anchor: str
    amount: Cell
    total: str
    missing: str | None
    head: str
    lines: tuple[Line, ...]
    chart: Chart | None
    is_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePart:
    """A section with its figures. not_available: those that are not, each with the reason."""

    section: LiveSection
    figures: tuple[LiveFigure, ...]
    not_available: tuple[LiveFigure, ...]


def parts_of(found: Overview) -> tuple[LivePart, ...]:
    """Return the sections in their order."""
    return tuple(_part(found, section) for section in LIVE_SECTIONS)


def _part(found: Overview, section: LiveSection) -> LivePart:
    figures = [_figure(found, found.tables[measure.id]) for measure in section.measures]
    return LivePart(
        section=section,
        figures=tuple(each for each in figures if each.missing is None),
        not_available=tuple(each for each in figures if each.missing is not None),
    )


def _figure(found: Overview, table: Table) -> LiveFigure:
    measure = table.measure
    lines = () if table.missing is not None else tuple(_lines(table, found.tables, found.spreads))
    return LiveFigure(
        measure=measure,
        anchor=measure.id.replace(".", "-").replace("_", "-"),
        amount=table.total,
        total=_with_unit(measure, table.total),
        missing=table.missing,
        head=ATTRIBUTES[measure.by[0]].title if measure.by else "",
        lines=lines,
        chart=bars(table),
        is_empty=isinstance(table.total, Known) and not table.total.amount.number,
    )


def _lines(
    table: Table, tables: Mapping[str, Table], spreads: Mapping[str, Mapping[Place, Spread]]
) -> list[Line]:
    """Return the places with a figure above zero, the total last; the total alone where there are none."""
    measure, whole = table.measure, whole_of(table, tables)
    shown = [
        (place, cell)
        for place, cell in table.places()
        if ALL in place or not place or not isinstance(cell, Known) or cell.amount.number
    ]
    return [
        Line(
            place=place,
            label=answer(measure.by[0], place[0]) if place else EVERYTHING,
            number=cell.words,
            known=isinstance(cell, Known),
            share=share(cell, whole),
            spread=spreads.get(measure.id, {}).get(place),
            is_total=ALL in place or not place,
            is_code=bool(place) and _is_code(measure, place[0]),
        )
        for place, cell in shown
    ]


def _with_unit(measure: Measure, cell: Cell) -> str:
    if not isinstance(cell, Known):
        return cell.words
    return f"{cell.words} {measure.unit.one if cell.amount.number == 1 else measure.unit.many}"


def _is_code(measure: Measure, value: str) -> bool:
    return value not in (ALL, NOT_SAID) and value not in ATTRIBUTES[measure.by[0]].values
