"""Conflicts of interest: said with one button, listed for leads, ended by another person."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access.users import find_user, names
from safehold.app.program import Program
from safehold.model.ids import CaseId, ConflictId
from safehold.model.permissions import Permission
from safehold.review import conflicts
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs


def add_conflicts_pages(router: APIRouter, program: Program) -> None:
    """Add declaring a conflict from a case, and the page on which leads see, declare and end them."""
    show = partial(_conflicts_page, program)

    @router.post("/console/cases/{case_id}/conflict")
    @needs(Permission.CASE_READ)
    def declare_mine(request: Request, case_id: UUID) -> Response:
        """Keep this person from the case, and from every other about the same account."""
        with program.database.begin() as tx:
            conflicts.declare_about_case(tx, CaseId(case_id), actor=actor_of(request), now=program.clock())
        return go("/console/queue", done="conflict")

    @router.get("/console/conflicts")
    @needs(Permission.CONFLICT_EDIT)
    def show_conflicts(request: Request) -> Response:
        """Show every conflict that stands, oldest first."""
        return show(request, UNSENT)

    @router.post("/console/conflicts")
    @needs(Permission.CONFLICT_EDIT)
    @shown_again(show)
    def declare_for_another(request: Request) -> Response:
        """Keep somebody from every case of an account."""
        sent = form_of(request)
        with program.database.begin() as tx:
            conflicts.declare_about_account(
                tx,
                sent.get("account", ""),
                of=find_user(tx, sent.get("name", "")).id,
                actor=actor_of(request),
                now=program.clock(),
            )
        return go("/console/conflicts", done="conflict-declared")

    @router.post("/console/conflicts/{conflict_id}/end")
    @needs(Permission.CONFLICT_EDIT)
    @shown_again(show)
    def end(request: Request, conflict_id: UUID) -> Response:
        """End a conflict of somebody else."""
        with program.database.begin() as tx:
            conflicts.end_conflict(tx, ConflictId(conflict_id), actor=actor_of(request), now=program.clock())
        return go("/console/conflicts", done="conflict-ended")


def _conflicts_page(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        found, people = conflicts.standing(tx), names(tx)
    return page(
        request,
        program,
        "conflicts.html",
        place="conflicts",
        form=form,
        conflicts=found,
        about=conflicts.about_in_words,
        people=people,
    )
