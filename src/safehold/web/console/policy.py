"""The policy text on a page of its own: what stands beside the forms now, and what did when one was filed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.policy_text import policy_text
from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.review import policy
from safehold.web.console.pages import page
from safehold.web.guard import needs


def add_policy_pages(router: APIRouter, program: Program) -> None:
    """Add the pages of the policy text, now and then."""
    # Read here, so that a file that cannot be one is told at the start and not to an analyst.
    now = policy_text(program.settings)

    @router.get("/console/policy")
    @needs(Permission.CASE_READ)
    def show_policy(request: Request) -> Response:
        """Show what stands beside the forms."""
        return page(request, program, "policy.html", place="queue", policy=now, standing=True)

    @router.get("/console/policy/{version}")
    @needs(Permission.CASE_READ)
    def show_earlier(request: Request, version: str) -> Response:
        """Show what stood beside the forms when an assessment that names this version was filed."""
        with program.database.begin() as tx:
            told = policy.kept(tx, version)
        standing = version == now.version
        return page(request, program, "policy.html", place="queue", policy=told, standing=standing)
