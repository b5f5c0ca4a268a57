"""The queue: ordered by need. Nobody has to choose."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import console_view
from safehold.app.console_view import QueueView
from safehold.app.program import Program
from safehold.model.ids import UserId
from safehold.model.permissions import Permission
from safehold.review import wellbeing
from safehold.web.console import words
from safehold.web.console.pages import go, page
from safehold.web.guard import actor_of, needs


def add_queue_page(router: APIRouter, program: Program) -> None:
    """Add the queue and its one action: open the next case."""

    @router.get("/console/queue")
    @needs(Permission.CASE_READ)
    def show_queue(request: Request) -> Response:
        """Show open cases by need."""
        actor = actor_of(request)
        with program.database.begin() as tx:
            view = console_view.queue(tx, actor=actor)
        return page(
            request,
            program,
            "queue.html",
            place="queue",
            view=view,
            figures=_figures(view, actor.user_id, program.clock()),
            may_take=actor.may(Permission.CASE_ASSESS),
        )

    @router.post("/console/queue/next")
    @needs(Permission.CASE_ASSESS)
    def open_next(request: Request) -> Response:
        """Take the next case and show it."""
        return next_case(request, program, nothing="nothing")


def next_case(request: Request, program: Program, *, nothing: str, done: str = "") -> Response:
    """Take the next case for this person and lead there; lead to the queue when none is left."""
    with program.database.begin() as tx:
        case = wellbeing.next_case(
            tx,
            actor_of(request).analyst(),
            program.clock(),
            rules=program.settings.exposure.rules(),
            golden_percent=program.settings.review.golden_percent,
        )
    if case is None:
        return go("/console/queue", done=nothing)
    return go(f"/console/cases/{case.id}", **({"done": done} if done else {}))


def _figures(view: QueueView, user_id: UserId | None, now: datetime) -> list[tuple[str, str]]:
    """Return the four figures above the table: what each is called, and what it is."""
    shown = [summary.case for summary in view.cases]
    held = [case for case in shown if case.locked_until is not None and now < case.locked_until]
    mine = sum(case.locked_by == user_id for case in held)
    oldest = max((words.waiting_seconds(case.opened_at, now) for case in shown), default=None)
    more = " or more" if len(shown) == console_view.QUEUE_SHOWN else ""
    return [
        ("open", f"{len(shown)}{more}"),
        ("longest wait", "none" if oldest is None else words.span(oldest)),
        ("with you", str(mine)),
        ("with others", str(len(held) - mine)),
    ]
