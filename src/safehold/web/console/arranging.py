"""Arranging: notes for whoever goes on with a case, merging and splitting cases."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.ids import CaseId, CaseMoveId, ItemId
from safehold.model.permissions import Permission
from safehold.review import cases, moves, notes
from safehold.web.console.case import case_again
from safehold.web.console.forms import shown_again
from safehold.web.console.pages import go
from safehold.web.console.session import chosen_of, form_of
from safehold.web.guard import actor_of, needs

_MOST_DIGITS = 12


def add_arranging(router: APIRouter, program: Program) -> None:
    """Add leaving a note, merging, splitting, and undoing either."""
    again = shown_again(partial(case_again, program), item="chosen")

    @router.post("/console/cases/{case_id}/notes")
    @needs(Permission.CASE_ASSESS)
    @again
    def leave_note(request: Request, case_id: UUID) -> Response:
        """Leave a note, and put the case back where that was asked for."""
        by, now, sent = actor_of(request).analyst(), program.clock(), form_of(request)
        with program.database.begin() as tx:
            notes.leave(tx, CaseId(case_id), sent.get("note", ""), by=by, now=now)
            if sent.get("back"):
                cases.held_case(tx, CaseId(case_id), by, now=now)
                cases.release_lock(tx, CaseId(case_id), by, now)
        return go("/console/queue", done="released") if sent.get("back") else _back(case_id, request, "noted")

    @router.post("/console/cases/{case_id}/merge")
    @needs(Permission.CASE_ASSESS)
    @again
    def merge(request: Request, case_id: UUID) -> Response:
        """Make one case of two and show it."""
        number = form_of(request).get("number", "").strip()
        if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS):
            raise BadForm("number: the number of the other case.", field="number")
        by = actor_of(request).analyst()
        with program.database.begin() as tx:
            one = moves.merge(tx, CaseId(case_id), int(number), by=by, now=program.clock())
        return go(f"/console/cases/{one}", done="merged")

    @router.post("/console/cases/{case_id}/split")
    @needs(Permission.CASE_ASSESS)
    @again
    def split(request: Request, case_id: UUID) -> Response:
        """Give some items a case of their own, and show the one that they came from."""
        chosen = [ItemId(_id(each)) for each in chosen_of(request, "chosen")]
        with program.database.begin() as tx:
            moves.split(
                tx,
                CaseId(case_id),
                chosen,
                by=actor_of(request).analyst(),
                record=program.recorder.record,
                now=program.clock(),
            )
        return go(f"/console/cases/{case_id}", done="split")

    @router.post("/console/cases/{case_id}/moves/{move_id}/undo")
    @needs(Permission.CASE_ASSESS)
    @again
    def undo(request: Request, case_id: UUID, move_id: UUID) -> Response:
        """Let what still waits come back where it came from, and show that case."""
        by = actor_of(request).analyst()
        with program.database.begin() as tx:
            back = moves.undo(tx, CaseMoveId(move_id), by=by, now=program.clock())
        return go(f"/console/cases/{back}", done="undone")


def _id(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        raise BadForm("item: choose some that wait.", field="item") from None


def _back(case_id: UUID, request: Request, done: str) -> Response:
    try:
        shown = {"item": str(UUID(form_of(request).get("item", "")))}
    except ValueError:
        shown = {}
    return go(f"/console/cases/{case_id}", done=done, **shown)
