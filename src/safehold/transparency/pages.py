"""What each page shows, made ready for the templates: tables as rows of words, charts, single figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.charts import Chart, answer, bars
from safehold.transparency.report import AnnualReport
from safehold.transparency.sections import COMPARED, SECTIONS, Section
from safehold.transparency.shares import changed, share, whole_of
from safehold.transparency.tables import ALL, Cell, Known, Table
from safehold.transparency.units import Entries


@dataclass(frozen=True, slots=True)
class Said:
    """A cell as it is read."""

    words: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table."""

    label: str
    cells: tuple[Said, ...]
    total: bool


@dataclass(frozen=True, slots=True)
class Plain:
    """A table as it is read."""

    title: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A measure as it is read: one of missing, figure, empty, or table."""

    id: str
    anchor: str
    title: str
    unit: str
    version: int
    definition: str
    query: str
    note: str
    missing: str | None = None
    figure: str | None = None
    beside: str = ""
    empty: str | None = None
    table: Plain | None = None
    chart: Chart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSection:
    """A section as it is read."""

    id: str
    title: str
    lead: str
    measures: tuple[Shown, ...]

    @property
    def is_bare(self) -> bool:
        """Whether none of its measures is available: on paper it needs no page of its own."""
        return all(shown.missing is not None for shown in self.measures)


@dataclass(frozen=True, slots=True)
class Card:
    """A figure by itself, on the first page."""

    title: str
    figure: str
    beside: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A table beside the year before."""

    anchor: str
    title: str
    table: Plain
    chart: Chart | None


CARDS = ("reports.assessed", "pages.confirmed", "items.confirmed", "media.confirmed", "authorities.filed")


def sections_of(report: AnnualReport) -> list[ShownSection]:
    """Return every section with its measures; those that only this report has stand with what they count."""
    standard = {name for section in SECTIONS for name in section.measures}
    own: dict[str, list[str]] = {}
    for measure in report.catalogue:
        if measure.id not in standard:
            own.setdefault("lists" if measure.unit is Entries else "reports", []).append(measure.id)
    return [_section(report, section, tuple(own.get(section.id, ()))) for section in SECTIONS]


def all_measures(report: AnnualReport) -> list[Shown]:
    """Return every measure, in the order of the catalogue."""
    return [_shown(report, measure.id) for measure in report.catalogue]


def cards(report: AnnualReport) -> list[Card]:
    """Return the figures of the first page."""
    return [_card(report, name) for name in CARDS]


def compared(report: AnnualReport) -> list[Compared]:
    """Return the tables beside the year before; those that neither year has are left out."""
    if report.before is None:
        return []
    found = []
    for name in COMPARED:
        now, before = report.tables[name], report.before[name]
        if now.missing is None and before.missing is None:
            chart = bars(now, str(report.year), (str(report.year - 1), before))
            title = now.measure.title
            found.append(Compared(f"compared-{_anchor(name)}", title, _beside(report, now, before), chart))
    return found


def _section(report: AnnualReport, section: Section, own: tuple[str, ...]) -> ShownSection:
    return ShownSection(
        id=section.id,
        title=section.title,
        lead=section.lead,
        measures=tuple(_shown(report, name) for name in (*section.measures, *own)),
    )


def _shown(report: AnnualReport, name: str) -> Shown:
    table = report.tables[name]
    beside = _figure_beside(report, table, whole_of(table, report.tables))
    return shown(table, report.tables, beside=beside, note=report.notes.get(name, ""))


def shown(table: Table, tables: Mapping[str, Table], *, beside: str = "", note: str = "") -> Shown:
    """Return a table as it is read. tables: where the whole of its shares is; beside: words by its figure."""
    measure = table.measure
    whole = whole_of(table, tables)
    divided = bool(measure.by)
    empty = isinstance(table.total, Known) and not table.total.amount.number
    fits = table.missing is None and divided and not empty
    return Shown(
        id=measure.id,
        anchor=_anchor(measure.id),
        title=measure.title,
        unit=measure.unit.one,
        version=measure.version,
        definition=measure.definition,
        query=measure.query,
        note=note,
        missing=table.missing,
        figure=_with_unit(table) if table.missing is None and not divided else None,
        beside=beside,
        empty=f"0 {measure.unit.many}" if divided and empty else None,
        table=_plain(table, whole) if fits else None,
        chart=bars(table) if fits else None,
    )


def _with_unit(table: Table) -> str:
    unit, total = table.measure.unit, table.total
    if not isinstance(total, Known):
        return total.words
    return f"{total.words} {unit.one if total.amount.number == 1 else unit.many}"


def _figure_beside(report: AnnualReport, table: Table, whole: Cell) -> str:
    parts = []
    part = share(table.total, whole) if table.measure.of is not None else None
    if part is not None:
        parts.append(f"{part} of “{report.tables[table.measure.of or ''].measure.title}”")
    before = report.before[table.measure.id].total if report.before is not None else None
    by = changed(table.total, before)
    if by is not None and before is not None:
        parts.append(f"{by} on {before.words} the year before")
    return "; ".join(parts)


def _plain(table: Table, whole: Cell) -> Plain:
    if len(table.measure.by) == 2:
        return _matrix(table)
    axis = table.measure.by[0]
    rows = tuple(
        Row(
            answer(axis, place[0]),
            (_said(cell), Said(share(cell, whole) or "–", share(cell, whole) is not None)),
            place[0] == ALL,
        )
        for place, cell in table.places()
    )
    heads = (ATTRIBUTES[axis].title, table.measure.unit.many.capitalize(), "Share")
    return Plain(table.measure.title, table.measure.means, heads, rows)


def _matrix(table: Table) -> Plain:
    first, second = table.measure.by
    columns = [*table.answers(1), ALL]
    rows = tuple(
        Row(answer(first, line), tuple(_said(table.cells[line, column]) for column in columns), line == ALL)
        for line in [*table.answers(0), ALL]
    )
    heads = (ATTRIBUTES[first].title, *(answer(second, column) for column in columns))
    return Plain(table.measure.title, f"{table.measure.means} In {table.measure.unit.many}.", heads, rows)


def _beside(report: AnnualReport, now: Table, before: Table) -> Plain:
    axis = now.measure.by[0] if now.measure.by else ""
    rows = []
    for place, cell in now.places():
        earlier = before.cells.get(place)
        label = answer(axis, place[0]) if place else "All"
        by = changed(cell, earlier)
        told = _said(earlier) if earlier is not None else Said("–", False)
        rows.append(
            Row(label, (told, _said(cell), Said(by or "–", by is not None)), ALL in place or not place)
        )
    heads = (
        ATTRIBUTES[axis].title if axis else "What",
        str(report.year - 1),
        str(report.year),
        "Change",
    )
    return Plain(
        f"{now.measure.title}, {report.year - 1} and {report.year}",
        f"{now.measure.means} In {now.measure.unit.many}.",
        heads,
        tuple(rows),
    )


def _card(report: AnnualReport, name: str) -> Card:
    table = report.tables[name]
    return Card(
        f"{table.measure.title}",
        table.total.words,
        _figure_beside(report, table, whole_of(table, report.tables)) or table.missing or "",
    )


def _said(cell: Cell) -> Said:
    return Said(cell.words, isinstance(cell, Known))


def _anchor(name: str) -> str:
    return name.replace(".", "-").replace("_", "-")


def why_not_compared(report: AnnualReport) -> str:
    """Return why there is nothing beside this year, "" where there is something."""
    return "" if report.before is not None else f"Nothing was recorded in {report.year - 1}."
