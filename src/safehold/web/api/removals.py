"""POST /v1/items/{item_id}/removal: a platform says that what it was asked to remove is gone."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from safehold.act import removals
from safehold.app.program import Program
from safehold.model.ids import ItemId
from safehold.model.permissions import Permission
from safehold.web.api.bodies import RemovalBody
from safehold.web.guard import actor_of, needs


def add_removal_routes(router: APIRouter, program: Program) -> None:
    """Add the endpoint of removals to a guarded router."""

    @router.post("/v1/items/{item_id}/removal", summary="Say that a removed item is gone")
    @needs(Permission.SCAN)
    def post_removal(request: Request, item_id: UUID, body: RemovalBody) -> dict[str, str]:
        """Write down since when it is gone. The first word stays: saying it again changes nothing."""
        with program.database.begin() as tx:
            gone_at = removals.tell(
                tx,
                ItemId(item_id),
                gone_at=body.removed_at,
                actor=actor_of(request),
                now=program.clock(),
            )
        return {"item_id": str(item_id), "removed_at": gone_at.isoformat()}
