"""The name behind a pseudonym: one person asks with a reason, another agrees, and both are on record."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.audit import veil
from safehold.app.program import Program
from safehold.model.ids import UnveilingId
from safehold.model.permissions import Permission
from safehold.web.console.audit import log_again
from safehold.web.console.forms import changing, shown_again
from safehold.web.console.pages import go
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs

AUDIT = "/console/audit"


def add_unveiling(router: APIRouter, program: Program) -> None:
    """Add asking for a name, and agreeing to it."""
    again = shown_again(partial(log_again, program))

    @router.post(AUDIT + "/records/{record_id}/unveil")
    @needs(Permission.AUDIT_READ)
    @again
    def ask(request: Request, record_id: UUID) -> Response:
        """Ask for the name of whoever looked."""
        reason = form_of(request).get("reason", "")
        with changing(request, program) as tx:
            veil.ask(tx, record_id, reason, actor=actor_of(request), now=program.clock())
        return go(AUDIT, done="name-asked")

    @router.post(AUDIT + "/unveilings/{unveiling_id}/agree")
    @needs(Permission.AUDIT_READ)
    @again
    def agree(request: Request, unveiling_id: UUID) -> Response:
        """Agree that somebody else is told a name."""
        with changing(request, program) as tx:
            veil.agree(tx, UnveilingId(unveiling_id), actor=actor_of(request), now=program.clock())
        return go(AUDIT, done="name-agreed")
