"""/report: somebody tells us about a page, without an account, and is shown a code once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.program import Program
from safehold.intake import inbound_reports
from safehold.model.permissions import Permission
from safehold.web.guard import needs
from safehold.web.portal.pacing import Pace
from safehold.web.portal.public_form import PublicForm
from safehold.web.portal.words import SEEN


def add_reporting(router: APIRouter, program: Program) -> None:
    """Add the form and what takes it in."""
    limits = program.settings.portal
    form = PublicForm(
        program=program,
        template="report.html",
        answer="thanks.html",
        place="report",
        fields=("address", "seen", "statement", "contact"),
        wrong=inbound_reports.wrong,
        further={"choices": SEEN},
        pace=Pace(
            "too_often",
            each=limits.reports_per_hour,
            in_all=limits.reports_per_hour_in_all,
            seconds=time.monotonic,
        ),
    )

    def receive(fields: dict[str, str]) -> Mapping[str, Any]:
        told = inbound_reports.read(**fields)
        with program.database.begin() as tx:
            return {"code": inbound_reports.receive(tx, told, vault=program.vault, now=program.clock())}

    @router.get("/report")
    @needs(Permission.PUBLIC)
    def show_form(request: Request) -> Response:
        """Show the form. Nothing is asked of the database."""
        return form.show(request)

    @router.post("/report")
    @needs(Permission.PUBLIC)
    async def take_report(request: Request) -> Response:
        """Write the report down and show its code, or the form again with all that was typed into it."""
        return await form.take(request, receive)
