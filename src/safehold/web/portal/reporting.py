"""/report: somebody tells us about a page, without an account, and is shown a code once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from safehold.app.program import Program
from safehold.intake import inbound_reports
from safehold.model.errors import SafeholdError, TooOften, Unavailable
from safehold.model.permissions import Permission
from safehold.web.errors import retry_after, status_of, wants_page
from safehold.web.guard import needs
from safehold.web.language import translated
from safehold.web.portal.forms import read_form
from safehold.web.portal.pacing import Pace, place_of
from safehold.web.portal.pages import page
from safehold.web.portal.words import SEEN, TEXT

FIELDS = ("address", "seen", "statement", "contact")


def add_reporting(router: APIRouter, program: Program) -> None:
    """Add the form and what takes it in."""
    limits = program.settings.portal
    pace = Pace(
        "too_often",
        each=limits.reports_per_hour,
        in_all=limits.reports_per_hour_in_all,
        seconds=time.monotonic,
    )

    @router.get("/report")
    @needs(Permission.PUBLIC)
    def show_form(request: Request) -> Response:
        """Show the form. Nothing is asked of the database."""
        return _form(request, program, dict.fromkeys(FIELDS, ""))

    @router.post("/report")
    @needs(Permission.PUBLIC)
    async def take_report(request: Request) -> Response:
        """Write the report down and show its code, or the form again with all that was typed into it."""
        sent = await read_form(request)
        fields = {name: sent.get(name, "") for name in FIELDS}
        problems = inbound_reports.wrong(**fields)
        if problems:
            return _form(request, program, fields, problems=problems)
        try:
            pace.take(place_of(request, program.settings.web.trusted_proxies))
            code = await run_in_threadpool(_take, program, fields)
        except (TooOften, Unavailable) as error:
            if not wants_page(request):
                raise
            return _form(request, program, fields, error=error)
        return page(request, program, "thanks.html", place="report", status=201, code=code)


def _take(program: Program, fields: dict[str, str]) -> str:
    told = inbound_reports.read(**fields)
    with program.database.begin() as tx:
        return inbound_reports.receive(tx, told, vault=program.vault, now=program.clock())


def _form(
    request: Request,
    program: Program,
    fields: dict[str, str],
    *,
    problems: Mapping[str, str] = MappingProxyType({}),
    error: SafeholdError | None = None,
) -> Response:
    """Show the form. problems: why a field cannot be taken. error: why all of it was not taken just now."""
    wrong = {name: translated(TEXT[f"wrong_{code}"]) for name, code in problems.items()}
    response = page(
        request, program, "report.html", place="report", fields=fields, wrong=wrong, error=error, choices=SEEN
    )
    response.status_code = status_of(error) if error else 422 if problems else 200
    response.headers.update(retry_after(error) if error else {})
    return response
