"""`safehold stats overview`: how the work goes, in any period and slice."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.transparency.overview import Overview
    from safehold.transparency.overview_pages import Line


class Form(StrEnum):
    """How it is printed."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


def overview(
    period: Annotated[
        str, typer.Option("--period", help="day, week, month, year or dates. Default: this week.")
    ] = "",
    of: Annotated[str, typer.Option("--of", help="A day in the period. Default: today.")] = "",
    begins: Annotated[str, typer.Option("--from", help="For dates: the first day.")] = "",
    ends: Annotated[str, typer.Option("--to", help="For dates: the last day.")] = "",
    queue: Annotated[str, typer.Option("--queue", help="Only this queue, by its purpose.")] = "",
    surface: Annotated[str, typer.Option("--surface", help="Only this surface.")] = "",
    source: Annotated[
        str,
        typer.Option("--source", help="Only what came by this: list, flag, conversation or report."),
    ] = "",
    category: Annotated[str, typer.Option("--category", help="Only what was found to be of this one.")] = "",
    practice: Annotated[
        bool | None,
        typer.Option("--practice/--real", help="Practice, or real work. Default: as the installation is."),
    ] = None,
    output: Annotated[Form, typer.Option("--format", help="How it is printed.")] = Form.TEXT,
) -> None:
    """Print the figures of the overview. Days that no worker has counted yet are counted first."""
    from safehold.app import overview as figures
    from safehold.cli.opening import SHELL, operator
    from safehold.transparency import overview_exports

    said = {"period": period, "of": of, "from": begins, "to": ends}
    sliced = {"purpose": queue, "surface": surface, "source": source, "category": category}
    if practice is not None:
        sliced["practice"] = "yes" if practice else "no"
    with operator() as opened:
        now = opened.clock()
        figures.asked(said | sliced, settings=opened.settings, now=now)
        while figures.count(opened.database, opened.settings, now=now) > 2:
            """Until only today is left, and a day that has just ended."""
        with opened.database.begin() as tx:
            found = figures.read(tx, said | sliced, settings=opened.settings, actor=SHELL, now=now)
    writers = {Form.TEXT: _text, Form.CSV: overview_exports.as_csv, Form.JSON: overview_exports.as_json}
    sys.stdout.write(writers[output](found))


def _text(found: Overview) -> str:
    from safehold.transparency.overview_pages import parts_of

    lines = [f"{found.period.first} to {found.period.last}, days of {found.zone}"]
    for part in parts_of(found):
        lines += ["", part.section.title]
        for figure in (*part.figures, *part.not_available):
            lines.append(f"  {figure.measure.title}: {figure.missing or figure.total}")
            if len(figure.lines) > 1 or figure.measure.timed:
                lines += [_line(line) for line in figure.lines]
    return "\n".join(lines) + "\n"


def _line(line: Line) -> str:
    share = f", {line.share}" if line.share else ""
    if line.spread is None:
        return f"    {line.label}: {line.number}{share}"
    names = ("half within", "9 of 10 within", "19 of 20 within")
    times = [*zip(names, line.spread.within, strict=False), ("longest", line.spread.longest)]
    said = ", ".join(f"{name} {_span(seconds)}" for name, seconds in times)
    return f"    {line.label}: {line.number}{share}; {said}"


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 60:.0f} min"
