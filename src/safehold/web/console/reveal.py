"""Looking: asked for and logged before a byte is read, fetched once by a script, ended and timed."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from safehold.app import console_view
from safehold.app.program import Program
from safehold.model.assessment import Tier
from safehold.model.errors import BadForm, NotAllowed
from safehold.model.ids import CaseId, ItemId, RevealId
from safehold.model.permissions import Permission
from safehold.review import viewing
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs


def add_reveals(router: APIRouter, program: Program) -> None:
    """Add opening a reveal, fetching its picture, and closing it."""

    @router.post("/console/cases/{case_id}/items/{item_id}/reveals")
    @needs(Permission.CASE_REVEAL)
    def open_reveal(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """Record that somebody asks to look, and return the reveal's id."""
        tier = form_of(request).get("tier", "")
        if tier not in (Tier.BLURRED, Tier.CLEAR):
            raise BadForm("tier: blurred or clear.")
        with program.database.begin() as tx:
            reveal_id = console_view.ask_to_see(
                tx,
                CaseId(case_id),
                ItemId(item_id),
                Tier(tier),
                actor=actor_of(request),
                now=program.clock(),
            )
        seconds = viewing.SHOWN_AT_MOST.total_seconds()
        return JSONResponse({"reveal_id": str(reveal_id), "shown_at_most_seconds": seconds})

    @router.get("/console/reveals/{reveal_id}")
    @needs(Permission.CASE_REVEAL)
    def picture(request: Request, reveal_id: UUID) -> Response:
        """Return the picture, once, to the script that shows it while a key is held."""
        # A picture in a tab of its own would stay there.
        if request.headers.get("sec-fetch-dest", "empty") != "empty":
            raise NotAllowed("A picture is shown in the case page only.")
        data, media_type = console_view.picture(
            program.database,
            program.reader,
            RevealId(reveal_id),
            actor=actor_of(request),
            now=program.clock(),
        )
        headers = {"cache-control": "no-store", "content-disposition": "inline"}
        return Response(data, media_type=media_type, headers=headers)

    @router.post("/console/reveals/{reveal_id}/close")
    @needs(Permission.CASE_REVEAL)
    def close(request: Request, reveal_id: UUID) -> Response:
        """End a reveal and say how long it lasted. Closing it twice is fine."""
        with program.database.begin() as tx:
            seconds = viewing.close_reveal(
                tx, RevealId(reveal_id), by=actor_of(request).analyst(), now=program.clock()
            )
        return JSONResponse({"seconds": seconds})
