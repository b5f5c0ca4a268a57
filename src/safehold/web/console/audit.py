"""Audit: what was done, by whom, and whether the log is still what was written."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from safehold.app.audit import reading
from safehold.app.audit.verify import Verdict
from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.web.console.forms import UNSENT, Form
from safehold.web.console.pages import page
from safehold.web.console.session import is_proven
from safehold.web.guard import actor_of, needs

_Seq = Annotated[int, Query(ge=1, lt=2**63)]
"""The number of a record, as its column can hold it."""


def add_audit_pages(router: APIRouter, program: Program) -> None:
    """Add the log and its verification."""

    @router.get("/console/audit")
    @needs(Permission.AUDIT_READ)
    def show_audit(request: Request, object: str = "", before: _Seq | None = None) -> Response:
        """Show the newest records, or those of one object."""
        return _log(request, program, object=object.strip(), before=before)

    @router.post("/console/audit/verify")
    @needs(Permission.AUDIT_READ)
    def verify(request: Request) -> Response:
        """Recompute the whole chain and show the result."""
        verdict = reading.verified(program.database, actor=actor_of(request), now=program.clock())
        return _log(request, program, verdict=verdict)


def log_again(program: Program, request: Request, form: Form) -> Response:
    """Show what came of a form: beside its record where it was sent from one, else above the newest."""
    about, record = "", request.path_params.get("record_id")
    if record is not None:
        with program.database.begin() as tx:
            about = reading.object_of(tx, UUID(str(record)), actor=actor_of(request))
    return _log(request, program, object=about, form=form)


def _log(
    request: Request,
    program: Program,
    *,
    object: str = "",
    before: int | None = None,
    verdict: Verdict | None = None,
    form: Form = UNSENT,
) -> Response:
    actor, now, key = actor_of(request), program.clock(), program.request_secret
    with program.database.begin() as tx:
        if object:
            shown = reading.of_object(tx, object, key=key, actor=actor, now=now)
        else:
            shown = reading.newest(tx, key=key, actor=actor, now=now, before=before)
    return page(
        request,
        program,
        "audit.html",
        place="audit",
        form=form,
        shown=shown,
        object=object,
        verdict=verdict,
        proven=is_proven(request, program),
    )
