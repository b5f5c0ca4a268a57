"""Lists: counts and provenance, never values."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.program import Program
from safehold.lists import ledger
from safehold.model.permissions import Permission
from safehold.review import quality
from safehold.web.console.pages import page
from safehold.web.guard import needs


def add_lists_page(router: APIRouter, program: Program) -> None:
    """Add the page about lists."""

    @router.get("/console/lists")
    @needs(Permission.LIST_READ)
    def show_lists(request: Request) -> Response:
        """Show what is on each list, in numbers."""
        with program.database.begin() as tx:
            known = ledger.show_all(tx)
            overturned = quality.overturned(tx, now=program.clock())
        rates = {one.list_name: one.rate for one in overturned}
        return page(request, program, "lists.html", place="lists", lists=known, rates=rates)
