"""/appeal: whoever holds the reference of a statement of reasons contests it, without an account.

The answer is the same whatever the reference. What becomes of it is told to the platform.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.review import left_appeals
from safehold.web.guard import needs
from safehold.web.portal.pacing import Pace
from safehold.web.portal.public_form import PublicForm


def add_appealing(router: APIRouter, program: Program) -> None:
    """Add the form and what takes it in. The reference travels in it: no address and no log holds it."""
    limits = program.settings.portal
    form = PublicForm(
        program=program,
        template="appeal.html",
        answer="appealed.html",
        place="appeal",
        fields=("reference", "statement", "by"),
        wrong=left_appeals.wrong,
        words_begin="appeal_",
        pace=Pace(
            "contested_too_often",
            each=limits.appeals_per_hour,
            in_all=limits.appeals_per_hour_in_all,
            seconds=time.monotonic,
        ),
    )

    def leave(fields: dict[str, str]) -> Mapping[str, Any]:
        told = left_appeals.read(**fields)
        with program.database.begin() as tx:
            left_appeals.leave(tx, told, now=program.clock())
        return {}

    @router.get("/appeal")
    @needs(Permission.PUBLIC)
    def show_form(request: Request) -> Response:
        """Show the form. Nothing is asked of the database."""
        return form.show(request)

    @router.post("/appeal")
    @needs(Permission.PUBLIC)
    async def take_appeal(request: Request) -> Response:
        """Write it down, and say what follows; or show the form again with all that was typed into it."""
        return await form.take(request, leave)
