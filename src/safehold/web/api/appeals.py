"""POST /v1/appeals: somebody contests what was done."""

from __future__ import annotations

from fastapi import APIRouter, Request

from safehold.app.program import Program
from safehold.model.ids import CaseId, ItemId
from safehold.model.permissions import Permission
from safehold.review import appeals
from safehold.web.api.bodies import AppealBody
from safehold.web.guard import actor_of, needs


def add_appeal_routes(router: APIRouter, program: Program) -> None:
    """Add the appeals endpoint to a guarded router."""

    @router.post("/v1/appeals", status_code=201, summary="Contest what was done to an item or a case")
    @needs(Permission.APPEAL_FILE)
    def post_appeal(request: Request, body: AppealBody) -> dict[str, str]:
        """Record an appeal. It is shown beside the item to whoever works on the case."""
        with program.database.begin() as tx:
            appeal_id = appeals.receive_appeal(
                tx,
                item_id=ItemId(body.item_id) if body.item_id else None,
                case_id=CaseId(body.case_id) if body.case_id else None,
                statement=body.statement,
                by=body.by,
                actor=actor_of(request),
                record=program.recorder.record,
                now=program.clock(),
            )
        return {"appeal_id": str(appeal_id), "state": "received"}
