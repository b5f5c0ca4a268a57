"""Audit: what was done, by whom, and whether the log is still what was written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from safehold.app.audit import reading
from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.web.console.confirm import is_proven
from safehold.web.console.pages import page
from safehold.web.guard import actor_of, needs

_Seq = Annotated[int, Query(ge=1, lt=2**63)]
"""The number of a record, as its column can hold it."""


def add_audit_pages(router: APIRouter, program: Program) -> None:
    """Add the log and its verification."""

    @router.get("/console/audit")
    @needs(Permission.AUDIT_READ)
    def show_audit(request: Request, object: str = "", before: _Seq | None = None) -> Response:
        """Show the newest records, or those of one object."""
        actor, now, wanted = actor_of(request), program.clock(), object.strip()
        with program.database.begin() as tx:
            if wanted:
                shown = reading.of_object(tx, wanted, key=program.request_secret, actor=actor, now=now)
            else:
                shown = reading.newest(tx, key=program.request_secret, actor=actor, now=now, before=before)
        return page(
            request,
            program,
            "audit.html",
            place="audit",
            shown=shown,
            object=wanted,
            verdict=None,
            proven=is_proven(request, program),
        )

    @router.post("/console/audit/verify")
    @needs(Permission.AUDIT_READ)
    def verify(request: Request) -> Response:
        """Recompute the whole chain and show the result."""
        actor, now = actor_of(request), program.clock()
        verdict = reading.verified(program.database, actor=actor, now=now)
        with program.database.begin() as tx:
            shown = reading.newest(tx, key=program.request_secret, actor=actor, now=now)
        return page(
            request,
            program,
            "audit.html",
            place="audit",
            shown=shown,
            object="",
            verdict=verdict,
            proven=is_proven(request, program),
        )
