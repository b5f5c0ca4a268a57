"""/report/status: a code shows one of three words, and nothing else is ever told."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from safehold.app.program import Program
from safehold.intake import inbound_reports
from safehold.model.inbound_report import ReportState
from safehold.model.permissions import Permission
from safehold.web.guard import needs
from safehold.web.portal.forms import read_form
from safehold.web.portal.pacing import Pace, place_of
from safehold.web.portal.pages import page
from safehold.web.portal.words import STATES

ASKED_PER_HOUR, ASKED_PER_HOUR_IN_ALL = 120, 6_000


def add_status(router: APIRouter, program: Program) -> None:
    """Add the question and its answer. The code travels in a form, so that no address and no log holds it."""
    pace = Pace("asked_too_often", each=ASKED_PER_HOUR, in_all=ASKED_PER_HOUR_IN_ALL, seconds=time.monotonic)

    @router.get("/report/status")
    @needs(Permission.PUBLIC)
    def show_question(request: Request) -> Response:
        """Ask for a code."""
        return _status(request, program, asked=False, state=None)

    @router.post("/report/status")
    @needs(Permission.PUBLIC)
    async def show_status(request: Request) -> Response:
        """Say how far a report is."""
        sent = await read_form(request)
        pace.take(place_of(request, program.settings.web.trusted_proxies))
        state = await run_in_threadpool(_state, program, sent.get("code", ""))
        return _status(request, program, asked=True, state=state)


def _state(program: Program, code: str) -> ReportState | None:
    with program.database.begin() as tx:
        return inbound_reports.state_of(tx, code)


def _status(request: Request, program: Program, *, asked: bool, state: ReportState | None) -> Response:
    return page(request, program, "status.html", place="status", asked=asked, state=state, states=STATES)
