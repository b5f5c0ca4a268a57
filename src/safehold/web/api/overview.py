"""Figures of the work, for programs: the same as on the page, as JSON or CSV."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from safehold.app import overview
from safehold.app.program import Program
from safehold.model.hash_list import Purpose
from safehold.model.period import PeriodKind
from safehold.model.permissions import Permission
from safehold.transparency import overview_exports
from safehold.web.guard import actor_of, needs


class OverviewQuery(BaseModel):
    """Which figures, and how they are written."""

    period: PeriodKind | None = Field(None, description="This week where nothing is said.")
    of: str = Field("", description="A day in the period. Default: today.")
    begins: str = Field("", alias="from", description="For dates: the first day.")
    ends: str = Field("", alias="to", description="For dates: the last day.")
    purpose: Purpose | None = Field(None, description="Only this queue.")
    surface: str = Field("", description="Only this surface.")
    source: str = Field("", description="Only what was brought here by list, flag, conversation or report.")
    category: str = Field("", description="Only what was found to be of this category.")
    practice: Literal["yes", "no", ""] = Field(
        "", description="Real work, or practice. Default: real work, but in a rehearsal."
    )
    format: Literal["json", "csv"] = "json"


def add_overview_route(router: APIRouter, program: Program) -> None:
    """Add the endpoint of the overview to a guarded router."""

    @router.get(
        "/v1/overview",
        summary="How the work goes, in a period and a slice",
        response_model=None,
        responses={200: {"content": {"application/json": {}, "text/csv": {}}}},
    )
    @needs(Permission.OVERVIEW_READ)
    def get_overview(request: Request, asked: Annotated[OverviewQuery, Query()]) -> dict[str, Any] | Response:
        """Return every figure with its definition; small numbers about children are withheld."""
        said = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
        with program.database.begin() as tx:
            found = overview.read(
                tx, said, settings=program.settings, actor=actor_of(request), now=program.clock()
            )
        if asked.format == "csv":
            return Response(overview_exports.as_csv(found), media_type="text/csv")
        return overview_exports.as_object(found)
