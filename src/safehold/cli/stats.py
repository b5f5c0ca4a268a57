"""`safehold stats`: figures that anybody can make again, and the report that is written from them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.transparency.report import AnnualReport

app = typer.Typer(help="Figures for the public, and the annual report.", no_args_is_help=True)


class Example(StrEnum):
    """Years that others have published."""

    IWF_2023 = "iwf-2023"


@app.command("annual")
def annual(
    year: Annotated[int, typer.Option("--year", min=1990, max=9998, help="The year of the report.")],
    out: Annotated[Path, typer.Option("--out", help="The folder that the report is written into.")],
    example: Annotated[
        Example | None,
        typer.Option(
            "--example", help="Without a database: a synthetic year with published margins, checked."
        ),
    ] = None,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit/--no-audit", help="Recompute the audit log, and say in the report what was found."
        ),
    ] = True,
    pdf: Annotated[
        bool | None,
        typer.Option(
            "--pdf/--no-pdf", help="Insist on a PDF, or make none. Else: where WeasyPrint is installed."
        ),
    ] = None,
) -> None:
    """Write the annual report: pages, tables as CSV and JSON, and a PDF."""
    from safehold.transparency import site

    folder = out.absolute()
    site.check_free(folder)
    report = _recorded(year, audited=audit) if example is None else _published(year)
    _write(report, folder, pdf)
    sys.stdout.write(f"The report is in {folder}: begin with index.html.\n")
    if report.against is not None:
        _say_checks(report)


def _recorded(year: int, *, audited: bool) -> AnnualReport:
    from safehold.app import annual_report
    from safehold.app.audit.anchors.declared import declared
    from safehold.cli.opening import operator

    with operator() as opened:
        return annual_report.make(
            opened.database,
            year,
            settings=opened.settings.transparency,
            now=opened.clock(),
            audited=audited,
            anchors=[each.anchor for each in declared(opened.settings)] if audited else (),
        )


def _published(year: int) -> AnnualReport:
    from safehold.model.figure_errors import NoSuchExample
    from safehold.transparency.report import of_iwf_2023

    if year != 2023:
        raise NoSuchExample(f"The examples are of the year 2023, and of none in {year}.")
    return of_iwf_2023()


def _write(report: AnnualReport, folder: Path, pdf: bool | None) -> None:
    from safehold.model.figure_errors import PdfMissing
    from safehold.transparency import pdf as paper
    from safehold.transparency import site

    there = paper.is_there() if pdf is not False else False
    site.write(report, folder, also=paper.write if there else None)
    if pdf and not there:
        raise PdfMissing("WeasyPrint, or a library that it needs, is not installed.")
    if pdf is None and not there:
        sys.stdout.write(f"No PDF: {PdfMissing.advice} [{PdfMissing.code}]\n")


def _say_checks(report: AnnualReport) -> None:
    from safehold.model.figure_errors import FiguresDiffer

    against = report.against
    if against is None:
        return
    for each in against.lines:
        parts = (
            f"{each.line.what} ({each.line.unit.one}): {each.exact}",
            f"press {each.press}",
            f"share {each.share}{f', {each.words}' if each.words else ''}" if each.share else "",
            f"{report.year - 1} {each.before}",
            f"change {each.change}",
            f"as published: {each.as_published}",
            each.standing.value,
            each.verdict,
            each.note,
        )
        sys.stdout.write(" | ".join(part for part in parts if part) + "\n")
    for sum_ in against.arithmetic:
        sys.stdout.write(
            f"{sum_.what}: {sum_.said} [{sum_.tag}] {'comes out' if sum_.holds else 'is wrong'}\n"
        )
    for refusal in against.refused:
        sys.stdout.write(
            f"{refusal.claim}: refused [{refusal.code}]. {refusal.why} Instead: {refusal.instead}\n"
        )
    if against.differences:
        raise FiguresDiffer(f"{len(against.differences)} figures are not as they were published.")
