"""The overview as files: one CSV for spreadsheets, one JSON for programs, with times in whole seconds."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from safehold.transparency.exports import STATES
from safehold.transparency.overview import Attainment, Overview
from safehold.transparency.shares import share, whole_of
from safehold.transparency.tables import Known, Missing, Place, Table
from safehold.transparency.waits import SHARES, Spread

_TIMES = tuple(f"within_{share * 100:g}_percent_seconds" for share in SHARES)
_HEADS = (
    "measure",
    "version",
    "from",
    "to",
    "unit",
    "answer",
    "state",
    "number",
    "percent",
    "longest_seconds",
)


def as_csv(found: Overview) -> str:
    """Return every figure as CSV with a line of names; what nobody has, or is withheld, is empty, never 0."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow([*_HEADS, *_TIMES])
    for table in found.tables.values():
        about = [table.measure.id, table.measure.version, found.period.first, found.period.last]
        for place, _cell in table.places():
            said = _said(found, table, place)
            figures = [said[name] for name in ("state", "number", "percent", "longest_seconds", *_TIMES)]
            rows.writerow([*about, table.measure.unit.name, *(place or ("*",)), *figures])
    return written.getvalue()


def as_object(found: Overview) -> dict[str, Any]:
    """Return everything as JSON values: each measure with its definition, query and, if need be, why not."""
    return {
        "period": found.period.fields
        | {"first": found.period.first.isoformat(), "last": found.period.last.isoformat()},
        "time_zone": found.zone,
        "slice": dict(found.sliced),
        "counted_at": found.counted_at.isoformat() if found.counted_at else None,
        "seen_at": found.seen_at.isoformat() if found.seen_at else None,
        "whole": found.whole,
        "targets": [_target(each) for each in found.attained],
        "measures": [_measure(found, table) for table in found.tables.values()],
    }


def as_json(found: Overview) -> str:
    """Return the same as text."""
    return json.dumps(as_object(found), ensure_ascii=False, indent=1) + "\n"


def _target(each: Attainment) -> dict[str, Any]:
    return {
        "target": each.target.id,
        "measure": each.target.part,
        "aimed_at": each.target.share,
        "reached": each.reached,
        "of": each.of.amount.number if isinstance(each.of, Known) else None,
        "met": each.met,
    }


def _measure(found: Overview, table: Table) -> dict[str, Any]:
    measure = table.measure
    return {
        "measure": measure.id,
        "version": measure.version,
        "unit": measure.unit.name,
        "window": measure.window.value,
        "title": measure.title,
        "definition": measure.definition,
        "query": measure.query,
        "share_of": measure.of or measure.id,
        "by": list(measure.by),
        "cells": [
            {"place": dict(zip(measure.by, place, strict=True)), **_said(found, table, place)}
            for place, _cell in table.places()
        ],
    }


def _said(found: Overview, table: Table, place: Place) -> dict[str, Any]:
    cell = table.cells[place]
    return {
        "state": STATES[type(cell).__name__],
        "number": cell.amount.number if isinstance(cell, Known) else None,
        "percent": share(cell, whole_of(table, found.tables)),
        **_times(found.spreads.get(table.measure.id, {}).get(place)),
        **({"why": cell.why} if isinstance(cell, Missing) else {}),
    }


def _times(spread: Spread | None) -> dict[str, int | None]:
    within = spread.within if spread and spread.within else (None,) * len(SHARES)
    longest = round(spread.longest) if spread else None
    read = (None if each is None else round(each) for each in within)
    return {"longest_seconds": longest, **dict(zip(_TIMES, read, strict=True))}
