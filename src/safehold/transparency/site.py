"""The report as a folder, whole or not at all: pages without script, tables as files, a page for paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from safehold.transparency import exports, folders, pages
from safehold.transparency.report import AnnualReport
from safehold.transparency.shares import whole_of
from safehold.transparency.summary import Summary
from safehold.transparency.withholding import SMALLEST

MARK = "report.json"
"""The file by which a folder is known to hold a report."""


def write(report: AnnualReport, folder: Path, *, also: Callable[[Path], None] | None = None) -> None:
    """Write the report into a folder that does not exist, is empty, or holds an earlier report.

    It is made beside and put in place in one go: whoever looks, or writes another at the same time, meets one
    whole report. also: writes more into it before that, such as a PDF. Raises FolderTaken.
    """
    with folders.put_together(folder, MARK) as made:
        _fill(report, made, pdf=also is not None)
        if also is not None:
            also(made)


def check_free(folder: Path) -> None:
    """Raise FolderTaken where a folder holds anything else than a report."""
    folders.check_free(folder, MARK)


def _fill(report: AnnualReport, folder: Path, *, pdf: bool) -> None:
    data = folder / "data"
    data.mkdir()
    for name, table in report.tables.items():
        whole = whole_of(table, report.tables)
        _text(data / f"{name}.csv", exports.as_csv(table, {"year": report.year}, whole=whole))
        _text(data / f"{name}.json", exports.as_json(table, {"year": report.year}, whole=whole))
    _text(data / "index.json", _json({"year": report.year, "measures": _index(report)}))
    templates = files("safehold.transparency") / "templates"
    _text(folder / "style.css", (templates / "style.css").read_text(encoding="utf-8"))
    for name, text in _pages(report, pdf=pdf):
        _text(folder / name, text)
    _text(folder / MARK, _json(_about(report)))


def _pages(report: AnnualReport, *, pdf: bool) -> list[tuple[str, str]]:
    sections = pages.sections_of(report)
    checked = [("check.html", "Checks")] if report.against is not None else []
    menu = [
        ("index.html", "Summary"),
        *((f"{section.id}.html", section.title) for section in sections),
        ("year-on-year.html", "Year on year"),
        *checked,
        ("definitions.html", "Definitions"),
    ]
    shared: dict[str, Any] = {
        "report": report,
        "menu": menu,
        "smallest": SMALLEST,
        "pdf": pdf,
        "sections": sections,
        "summary": _summary(report),
        "cards": pages.cards(report),
        "compared": pages.compared(report),
        "why_not_compared": pages.why_not_compared(report),
        "measures": pages.all_measures(report),
    }
    templates = environment()

    def page(name: str, template: str, title: str, **more: Any) -> tuple[str, str]:
        made = templates.get_template(template).render(**shared, here=name, title=title, **more)
        return name, made

    return [
        page("index.html", "index.html", "The year in figures"),
        *(page(f"{each.id}.html", "section.html", each.title, section=each) for each in sections),
        page("year-on-year.html", "compared.html", "Year on year"),
        *(page(name, "check.html", "Checked against what was published") for name, _ in checked),
        page("definitions.html", "definitions.html", "Definitions"),
        page("whole.html", "whole.html", "The whole report"),
    ]


def _summary(report: AnnualReport) -> list[str]:
    written = Summary(year=report.year, tables=report.tables, before=report.before, doubted=report.notes)
    return written.sentences()


def environment() -> jinja2.Environment:
    """Return where the templates of reports and packs are."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("safehold.transparency"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )


def _index(report: AnnualReport) -> list[dict[str, Any]]:
    return [
        {
            "measure": measure.id,
            "version": measure.version,
            "title": measure.title,
            "unit": measure.unit.name,
            "csv": f"{measure.id}.csv",
            "json": f"{measure.id}.json",
        }
        for measure in report.catalogue
    ]


def _about(report: AnnualReport) -> dict[str, Any]:
    return {
        "year": report.year,
        "publisher": report.publisher,
        "provisional": report.provisional,
        "made_at": report.made_at.isoformat(timespec="seconds") if report.made_at is not None else None,
        "made_from": list(report.made_from),
    }


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
