"""Jobs: alarms, steps that wait for a person, and when each sweep last ran."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import alarms, stuck_steps
from safehold.app.program import Program
from safehold.model.ids import AlarmId, StepId
from safehold.model.permissions import Permission
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.guard import actor_of, needs


def add_jobs_page(router: APIRouter, program: Program) -> None:
    """Add the page about alarms and stuck steps, acknowledging one and trying one again."""
    show = partial(_jobs_page, program)

    @router.get("/console/jobs")
    @needs(Permission.JOB_READ)
    def show_jobs(request: Request) -> Response:
        """Show alarms and stuck steps, longest standing first."""
        return show(request, UNSENT)

    @router.post("/console/jobs/{step_id}/retry")
    @needs(Permission.JOB_RETRY)
    @shown_again(show)
    def retry(request: Request, step_id: UUID) -> Response:
        """Try a stuck step again."""
        with program.database.begin() as tx:
            stuck_steps.retry(
                tx, program.recorder, StepId(step_id), actor=actor_of(request), now=program.clock()
            )
        return go("/console/jobs", done="retry")

    @router.post("/console/alarms/{alarm_id}/acknowledge")
    @needs(Permission.JOB_RETRY)
    @shown_again(show)
    def acknowledge(request: Request, alarm_id: UUID) -> Response:
        """Take note of an alarm: it stands no more."""
        with program.database.begin() as tx:
            alarms.acknowledge(tx, AlarmId(alarm_id), actor=actor_of(request), now=program.clock())
        return go("/console/jobs", done="acknowledged")


def _jobs_page(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        view = stuck_steps.jobs(tx)
    may_retry = actor_of(request).may(Permission.JOB_RETRY)
    return page(request, program, "jobs.html", place="jobs", form=form, view=view, may_retry=may_retry)
