"""Finding: one field that takes any id, and the page of an account."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import authority_lists, console_finding
from safehold.app.program import Program
from safehold.model.ids import CaseId
from safehold.model.permissions import Permission
from safehold.review import filters
from safehold.review.filters import SavedFilter
from safehold.review.finding import Found
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs


def add_finding(router: APIRouter, program: Program) -> None:
    """Add the search, and an account with its cases."""

    @router.get("/console/find")
    @needs(Permission.CASE_READ)
    def show_field(request: Request) -> Response:
        """Show the empty field."""
        return page(request, program, "find.html", place="find", found=None, filters=(), text="")

    @router.post("/console/find")
    @needs(Permission.CASE_READ)
    def find(request: Request) -> Response:
        """Lead to the one case that an id is in, or show several. In no address stands what was typed."""
        text = form_of(request).get("text", "")
        with program.database.begin() as tx:
            found = console_finding.find(tx, text, actor=actor_of(request), now=program.clock())
            named = filters.called(tx, text, actor=actor_of(request))
        if len(found) + len(named) == 1 and "stay" not in form_of(request):
            return go(path_to(found[0])) if found else go(filters_path(named[0]))
        shown = {"found": found, "filters": named, "text": text, "path_to": path_to}
        return page(request, program, "find.html", place="find", **shown)

    @router.get("/console/cases/{case_id}/account")
    @needs(Permission.CASE_READ)
    def show_account(request: Request, case_id: UUID) -> Response:
        """Show the account that a case is about, with its other cases."""
        with program.database.begin() as tx:
            history = console_finding.account(
                tx, CaseId(case_id), actor=actor_of(request), now=program.clock()
            )
            shown = [one.case.id for one in history.cases]
            told = authority_lists.of_cases(tx, shown, actor=actor_of(request))
        return page(
            request,
            program,
            "account_cases.html",
            place="queue",
            history=history,
            case_id=case_id,
            told=told,
        )


def filters_path(saved: SavedFilter) -> str:
    """Return the address of the cases of a saved filter."""
    return f"/console/cases?{urlencode(saved.fields, doseq=True)}"


def path_to(found: Found) -> str:
    """Return the address of a case, with the item that was meant."""
    path = f"/console/cases/{found.case.id}"
    return f"{path}?item={found.item_id}" if found.item_id else path
