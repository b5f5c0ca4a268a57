"""POST /v1/appeals: somebody contests what was done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request

from safehold.app import reasons
from safehold.app.program import Program
from safehold.model.ids import AppealId, CaseId, ItemId
from safehold.model.permissions import Permission
from safehold.review import appeals
from safehold.web.api.bodies import AppealBody
from safehold.web.guard import actor_of, needs


def add_appeal_routes(router: APIRouter, program: Program) -> None:
    """Add the appeals endpoint to a guarded router."""

    @router.post("/v1/appeals", status_code=201, summary="Contest what was done to an item or a case")
    @needs(Permission.APPEAL_FILE)
    def post_appeal(request: Request, body: AppealBody) -> dict[str, str]:
        """Record an appeal. Somebody else assesses afresh what it contests; the outcome stands meanwhile."""
        with program.database.begin() as tx:
            item_id = reasons.item_of_reference(tx, body.reference) if body.reference else body.item_id
            appeal_id = appeals.receive_appeal(
                tx,
                item_id=ItemId(item_id) if item_id else None,
                case_id=CaseId(body.case_id) if body.case_id else None,
                statement=body.statement,
                by=body.by,
                actor=actor_of(request),
                record=program.recorder.record,
                now=program.clock(),
            )
        return {"appeal_id": str(appeal_id), "state": "received"}

    @router.get("/v1/appeals/{appeal_id}", summary="What became of an appeal")
    @needs(Permission.APPEAL_FILE)
    def get_appeal(appeal_id: UUID) -> dict[str, Any]:
        """Return the state of an appeal: received, upheld or rejected; never its words."""
        with program.database.begin() as tx:
            return appeals.standing_of(tx, AppealId(appeal_id))
