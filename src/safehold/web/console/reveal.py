"""Looking: asked for and logged first; the picture itself comes from another origin, by a ticket, once."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from safehold.app import console_view
from safehold.app.program import Program
from safehold.model.assessment import Tier
from safehold.model.errors import BadForm
from safehold.model.exposure import Again
from safehold.model.ids import CaseId, ItemId, RevealId
from safehold.model.permissions import Permission
from safehold.review import viewing
from safehold.review.viewing import ViewLimits
from safehold.web.console.session import form_of, session_of
from safehold.web.guard import actor_of, needs
from safehold.web.media.application import PLACE


def add_reveals(router: APIRouter, program: Program, *, media_origin: str) -> None:
    """Add opening a reveal, and closing it. media_origin: where its picture is fetched."""
    limits = ViewLimits(**program.settings.viewing.model_dump())
    exposure = program.settings.exposure.rules()

    @router.post("/console/cases/{case_id}/items/{item_id}/reveals")
    @needs(Permission.CASE_REVEAL)
    def open_reveal(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """Record that somebody asks to look; return the reveal's id, and where its picture is, once."""
        sent = form_of(request)
        tier = sent.get("tier", "")
        if tier not in (Tier.BLURRED, Tier.CLEAR):
            raise BadForm("tier: blurred or clear.")
        ticket = console_view.ask_to_see(
            program.database,
            CaseId(case_id),
            ItemId(item_id),
            Tier(tier),
            actor=actor_of(request),
            session_id=session_of(request).session_id,
            limits=limits,
            exposure=exposure,
            own_request=sent.get("again") == Again.OWN_REQUEST,
            now=program.clock(),
        )
        return JSONResponse(
            {
                "reveal_id": str(ticket.reveal_id),
                "picture": f"{media_origin}{PLACE}{ticket.secret}",
                "shown_at_most_seconds": ticket.shown_at_most.total_seconds(),
            }
        )

    @router.post("/console/reveals/{reveal_id}/close")
    @needs(Permission.CASE_REVEAL)
    def close(request: Request, reveal_id: UUID) -> Response:
        """End a reveal and say how long it lasted. Closing it twice is fine."""
        with program.database.begin() as tx:
            seconds = viewing.close_reveal(
                tx, RevealId(reveal_id), by=actor_of(request).analyst(), now=program.clock()
            )
        return JSONResponse({"seconds": seconds})
