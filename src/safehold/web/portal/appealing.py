"""/appeal: whoever holds the reference of a statement of reasons contests it, without an account.

The answer is the same whatever the reference. What becomes of it is told to the platform.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from safehold.app.program import Program
from safehold.model.errors import SafeholdError, TooOften, Unavailable
from safehold.model.permissions import Permission
from safehold.review import left_appeals
from safehold.web.errors import retry_after, status_of, wants_page
from safehold.web.guard import needs
from safehold.web.language import translated
from safehold.web.portal.forms import read_form
from safehold.web.portal.pacing import Pace, place_of
from safehold.web.portal.pages import page
from safehold.web.portal.words import TEXT

FIELDS = ("reference", "statement", "by")


def add_appealing(router: APIRouter, program: Program) -> None:
    """Add the form and what takes it in. The reference travels in it: no address and no log holds it."""
    limits = program.settings.portal
    pace = Pace(
        "contested_too_often",
        each=limits.appeals_per_hour,
        in_all=limits.appeals_per_hour_in_all,
        seconds=time.monotonic,
    )

    @router.get("/appeal")
    @needs(Permission.PUBLIC)
    def show_form(request: Request) -> Response:
        """Show the form. Nothing is asked of the database."""
        return _form(request, program, dict.fromkeys(FIELDS, ""))

    @router.post("/appeal")
    @needs(Permission.PUBLIC)
    async def take_appeal(request: Request) -> Response:
        """Write it down, and say what follows; or show the form again with all that was typed into it."""
        sent = await read_form(request)
        fields = {name: sent.get(name, "") for name in FIELDS}
        problems = left_appeals.wrong(**fields)
        if problems:
            return _form(request, program, fields, problems=problems)
        try:
            pace.take(place_of(request, program.settings.web.trusted_proxies))
            await run_in_threadpool(_leave, program, fields)
        except (TooOften, Unavailable) as error:
            if not wants_page(request):
                raise
            return _form(request, program, fields, error=error)
        return page(request, program, "appealed.html", place="appeal", status=201)


def _leave(program: Program, fields: dict[str, str]) -> None:
    told = left_appeals.read(**fields)
    with program.database.begin() as tx:
        left_appeals.leave(tx, told, now=program.clock())


def _form(
    request: Request,
    program: Program,
    fields: dict[str, str],
    *,
    problems: Mapping[str, str] = MappingProxyType({}),
    error: SafeholdError | None = None,
) -> Response:
    """Show the form. problems: why a field cannot be taken. error: why all of it was not taken just now."""
    wrong = {name: translated(TEXT[f"wrong_appeal_{code}"]) for name, code in problems.items()}
    response = page(request, program, "appeal.html", place="appeal", fields=fields, wrong=wrong, error=error)
    response.status_code = status_of(error) if error else 422 if problems else 200
    response.headers.update(retry_after(error) if error else {})
    return response
