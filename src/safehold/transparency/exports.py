"""Tables as files: CSV for spreadsheets, JSON for programs, both named by the measure's id."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.rounding import press
from safehold.transparency.shares import share
from safehold.transparency.tables import Cell, Known, Missing, Table

STATES = {"Known": "known", "Missing": "not_available", "Withheld": "withheld"}


When = Mapping[str, str | int]
"""What a table is about, as files name it: a year, or the first and last day of a period."""


def as_csv(table: Table, when: When, *, whole: Cell) -> str:
    """Return a table as CSV with a line of names. A figure that nobody has is an empty field, never 0.

    whole: that of which shares are taken.
    """
    written = io.StringIO()
    names = ["measure", "version", *when, "unit", *table.measure.by, "state", "number", "press", "percent"]
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(names)
    for place, cell in table.places():
        line = _cell(cell, whole)
        about = [table.measure.id, table.measure.version, *when.values(), table.measure.unit.name]
        rows.writerow([*about, *place, line["state"], line["number"], line["press"], line["percent"]])
    return written.getvalue()


def as_json(table: Table, when: When, *, whole: Cell) -> str:
    """Return a table as JSON, with the definition, the query and, where there is nothing, why."""
    return json.dumps(as_object(table, when, whole=whole), ensure_ascii=False, indent=1) + "\n"


def as_object(table: Table, when: When, *, whole: Cell) -> dict[str, Any]:
    """Return what `as_json` writes."""
    measure = table.measure
    return {
        "measure": measure.id,
        "version": measure.version,
        **when,
        "unit": measure.unit.name,
        "window": measure.window.value,
        "title": measure.title,
        "definition": measure.definition,
        "rules": [rule.value for rule in measure.rules],
        "query": measure.query,
        "share_of": measure.of or measure.id,
        "by": [{"name": name, "title": ATTRIBUTES[name].title} for name in measure.by],
        "cells": [
            {"place": dict(zip(measure.by, place, strict=True)), **_cell(cell, whole)}
            for place, cell in table.places()
        ],
    }


def _cell(cell: Cell, whole: Cell) -> dict[str, Any]:
    known = isinstance(cell, Known)
    return {
        "state": STATES[type(cell).__name__],
        "number": cell.amount.number if isinstance(cell, Known) else None,
        "press": press(cell.amount.number) if isinstance(cell, Known) else None,
        "percent": share(cell, whole) if known else None,
        **({"why": cell.why} if isinstance(cell, Missing) else {}),
    }
