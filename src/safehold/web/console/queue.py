"""The queue: ordered by need. Nobody has to choose."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import console_view
from safehold.app.console_view import QueueView
from safehold.app.daily_looks import daily_looks
from safehold.app.program import Program
from safehold.app.review_policy import queue_rules
from safehold.model.hash_list import Purpose
from safehold.model.ids import UserId
from safehold.model.permissions import Permission
from safehold.review import wellbeing
from safehold.web.console import words
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs
from safehold.web.language import _


def add_queue_page(router: APIRouter, program: Program) -> None:
    """Add the queue and its one action: open the next case."""

    @router.get("/console/queue")
    @needs(Permission.CASE_READ)
    def show_queue(request: Request, only: str = "") -> Response:
        """Show open cases by need, of one queue where it is named."""
        actor, now, a_day = actor_of(request), program.clock(), program.settings.review.flags_a_day
        with program.database.begin() as tx:
            view = console_view.queue(tx, actor=actor, now=now, only=_queue_named(only), looks_a_day=a_day)
            looks = daily_looks(
                tx,
                purposes=(size.purpose for size in view.sizes if view.only in (None, size.purpose)),
                person=actor.user_id,
                looks_a_day=a_day,
                now=now,
            )
        return page(
            request,
            program,
            "queue.html",
            place="queue",
            view=view,
            looks=looks,
            figures=_figures(view, actor.user_id, now),
            may_take=actor.may(Permission.CASE_ASSESS),
        )

    @router.post("/console/queue/next")
    @needs(Permission.CASE_ASSESS)
    def open_next(request: Request) -> Response:
        """Take the next case and show it."""
        return next_case(request, program, nothing="nothing")


def onwards(
    request: Request, program: Program, case_id: UUID, more: bool, *, done: str = "filed"
) -> Response:
    """Lead to another item of this case where one waits, else to the next case. done: what was."""
    if more:
        return go(f"/console/cases/{case_id}", done=done)
    return next_case(request, program, nothing="empty", done=done)


def next_case(request: Request, program: Program, *, nothing: str, done: str = "") -> Response:
    """Take the next case for this person and lead there; lead to the queue when none is left."""
    only = _queue_named(form_of(request).get("only", ""))
    with program.database.begin() as tx:
        case = wellbeing.next_case(
            tx,
            actor_of(request).analyst(),
            program.clock(),
            rules=program.settings.exposure.rules(),
            golden_percent=program.settings.review.golden_percent,
            queues=queue_rules(program.settings),
            purposes=tuple(Purpose) if only is None else (only,),
        )
    if case is None:
        return go("/console/queue", done=nothing)
    return go(f"/console/cases/{case.id}", **({"done": done} if done else {}))


def _queue_named(said: str) -> Purpose | None:
    return Purpose(said) if said in set(Purpose) else None


def _figures(view: QueueView, user_id: UserId | None, now: datetime) -> list[tuple[str, str]]:
    """Return the figures above the table: what each is called, and what it is."""
    shown = [summary.case for summary in view.cases]
    held = [holder for case in shown if (holder := case.holder(now)) is not None]
    mine = sum(holder == user_id for holder in held)
    oldest = max((words.waiting_seconds(case.opened_at, now) for case in shown), default=None)
    sizes = [size for size in view.sizes if view.only in (None, size.purpose)]
    return [
        (_("open"), words.counted(*(size.open for size in sizes))),
        (_("past their date"), words.counted(*(size.overdue for size in sizes))),
        (_("longest wait here"), _("none") if oldest is None else words.span(oldest)),
        (_("with you"), str(mine)),
        (_("with others"), str(len(held) - mine)),
    ]
