"""Rows for the transparency template of the EU's Digital Services Act, and statements of reasons as drafts.

Nothing is sent: these are files for whoever does. No row names an account, and no text quotes anything.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from safehold.storage import practice_ledgers
from safehold.storage.database import Tx
from safehold.storage.yearly import Span
from safehold.transparency.ledgers import Column, Ledger, Value, plain
from safehold.transparency.tables import Known, Missing, Table

_TEMPLATE = (
    Column("part", "Part"),
    Column("indicator", "Indicator"),
    Column("service", "Service"),
    Column("scope", "Scope"),
    Column("value", "Value", number=True),
    Column("unit", "Unit"),
    Column("measure", "From which figure"),
    Column("why", "Why there is none"),
)


def template(tables: Mapping[str, Table], *, service: str) -> Ledger:
    """Return the rows of the template in the long form: indicator, service, scope, value.

    service: as the operator names it. A figure that nobody has is an empty value with the reason, never 0.
    """
    return Ledger(
        id="template",
        title="Rows of the transparency template",
        means=f"Indicator by service, scope and value; mapping {_mapping()['version']}.",
        columns=_TEMPLATE,
        rows=tuple(_row(each, tables, service) for each in _mapping()["indicator"]),
    )


def _row(told: Mapping[str, Any], tables: Mapping[str, Table], service: str) -> tuple[Value, ...]:
    about = (told["part"], told["indicator"], service or None, told["scope"])
    if "measure" not in told:
        return (*about, None, None, None, told["missing"])
    table = tables[told["measure"]]
    cell = table.cells.get(tuple(told["place"]))
    named = " ".join([told["measure"], *(each for each in told["place"] if each != "*")])
    if isinstance(cell, Known):
        return (*about, cell.amount.number, table.measure.unit.name, named, None)
    if cell is None and table.missing is None:
        # An open division has only the answers that occurred: nothing of this one did.
        return (*about, 0, table.measure.unit.name, named, None)
    why = cell.why if isinstance(cell, Missing) else table.missing
    return (*about, None, table.measure.unit.name, named, why)


_STATEMENT_FIELDS = (
    "puid",
    "decision_visibility",
    "decision_account",
    "decision_ground",
    "illegal_content_legal_ground",
    "illegal_content_explanation",
    "incompatible_content_ground",
    "incompatible_content_explanation",
    "category",
    "category_specification",
    "content_type",
    "content_date",
    "territorial_scope",
    "application_date",
    "decision_facts",
    "source_type",
    "automated_detection",
    "automated_decision",
    "not_known",
)
_STATEMENTS = tuple(Column(name, name.replace("_", " ").capitalize()) for name in _STATEMENT_FIELDS)


def statements(tx: Tx, span: Span) -> Ledger:
    """Return a draft of a statement of reasons for each hold, and each request to a platform that restricts.

    not_known: the fields that whoever sends it has to fill in: where it applies, and the category and legal
    ground of a purpose for which none is known.
    """
    rows = tuple(_statement(row) for row in practice_ledgers.restricted(tx, span))
    return Ledger(
        id="statements",
        title="Statements of reasons, as drafts",
        means="A row for each hold and each request to a platform that restricts. Nothing of it was sent.",
        columns=_STATEMENTS,
        rows=tuple(tuple(row.get(name) for name in _STATEMENT_FIELDS) for row in rows),
    )


def _statement(row: Any) -> dict[str, Value]:
    ground = dict(_mapping()["ground"][row.finding or "undecided"])
    if ground["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT":
        ground["illegal_content_legal_ground"] = _mapping()["legal_ground"].get(row.purpose)
    category = _mapping()["category"].get(row.purpose, {"category": None})
    notice = row.kind == "page"
    told = {**ground, **category}
    return {
        "puid": f"sh-{row.reference}",
        **_mapping()["action"][row.action],
        **told,
        "content_type": _mapping()["content_type"].get(row.media_kind or row.kind, "CONTENT_TYPE_OTHER"),
        "content_date": str(plain(row.received_at))[:10],
        "application_date": str(plain(row.at))[:10],
        "source_type": "SOURCE_TYPE_OTHER_NOTIFICATION" if notice else "SOURCE_VOLUNTARY",
        "automated_detection": "No" if notice else "Yes",
        "automated_decision": _automated(row),
        "not_known": " ".join(sorted(["territorial_scope", *(name for name in told if told[name] is None)])),
    }


def _automated(row: Any) -> str:
    """Say by whom it was decided: a hold by a match alone, anything else by people."""
    if row.finding is None:
        return "AUTOMATED_DECISION_FULLY"
    return "AUTOMATED_DECISION_PARTIALLY" if row.policy else "AUTOMATED_DECISION_NOT_AUTOMATED"


@cache
def _mapping() -> Mapping[str, Any]:
    text = (files("safehold.transparency.packs") / "dsa_mapping.toml").read_text("utf-8")
    return tomllib.loads(text)
