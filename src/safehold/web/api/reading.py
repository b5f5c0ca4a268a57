"""Reading back: items, cases and lists, as a platform may see them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from safehold.app import platform_view, reasons
from safehold.app.program import Program
from safehold.lists import ledger
from safehold.model.ids import CaseId, ItemId
from safehold.model.permissions import Permission
from safehold.web.guard import needs


def add_reading_routes(router: APIRouter, program: Program) -> None:
    """Add the reading endpoints to a guarded router."""

    @router.get("/v1/items/{item_id}", summary="Where an item stands")
    @needs(Permission.ITEM_READ)
    def get_item(item_id: UUID) -> dict[str, Any]:
        """Return an item's result, hold and outcome; never its bytes or signals."""
        with program.database.begin() as tx:
            return platform_view.item(tx, ItemId(item_id))

    @router.get("/v1/items/{item_id}/reasons", summary="Why something was done to an item")
    @needs(Permission.ITEM_READ)
    def get_reasons(item_id: UUID) -> dict[str, Any]:
        """Return a statement of reasons for each hold, and for each action that was asked and stands."""
        with program.database.begin() as tx:
            return reasons.statements(tx, ItemId(item_id))

    @router.get("/v1/cases/{case_id}", summary="Where a case stands")
    @needs(Permission.CASE_READ)
    def get_case(case_id: UUID) -> dict[str, Any]:
        """Return a case's state and the outcomes of its items."""
        with program.database.begin() as tx:
            return platform_view.case(tx, CaseId(case_id))

    @router.get("/v1/lists", summary="The lists that are loaded")
    @needs(Permission.LIST_READ)
    def get_lists() -> dict[str, Any]:
        """Return every list's counts and provenance, never values."""
        with program.database.begin() as tx:
            return {"lists": [_summary(each) for each in ledger.show_all(tx)]}

    @router.get("/v1/lists/{name}", summary="One list")
    @needs(Permission.LIST_READ)
    def get_list(name: str) -> dict[str, Any]:
        """Return one list's counts and provenance, never values."""
        with program.database.begin() as tx:
            return _summary(ledger.show(tx, name))


def _summary(summary: ledger.ListSummary) -> dict[str, Any]:
    known = summary.hash_list
    return {
        "name": known.name,
        "purpose": known.purpose,
        "kind": known.kind,
        "entries": summary.entries,
        "counts": [
            {
                "signal_type": count.signal_type,
                "category": count.category,
                "origin": count.origin,
                "entries": count.entries,
            }
            for count in summary.counts
        ],
        "max_distance": known.max_distance,
        "hold_max_distance": known.hold_max_distance,
        "may_hold": known.may_hold,
        "vetted": known.vetted,
        "needs_exact": known.needs_exact,
        "match_turned": known.match_turned,
        "provenance": known.provenance,
        "created_at": known.created_at.isoformat(),
        "refreshed_at": known.refreshed_at.isoformat() if known.refreshed_at else None,
        "version": known.last_seq,
        "withdrawn_at": known.withdrawn_at.isoformat() if known.withdrawn_at else None,
    }
