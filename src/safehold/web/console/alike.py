"""Nearly the same: the copies of what somebody assessed, counted and listed, and one decision for some."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import console_alike, policy_text
from safehold.app.program import Program
from safehold.app.review_policy import review_policy
from safehold.model.errors import BadForm
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId
from safehold.model.permissions import Permission
from safehold.review import alike
from safehold.review.facts import has_another
from safehold.web.console.case import show_case
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.queue import onwards
from safehold.web.console.session import chosen_of, form_of
from safehold.web.guard import actor_of, needs

PATH = "/console/cases/{case_id}/items/{item_id}/alike"


def add_alike_pages(router: APIRouter, program: Program) -> None:
    """Add the list of copies, deciding those that were chosen, and going on without."""

    def show(request: Request, form: Form) -> Response:
        named = request.path_params
        return _show(request, program, CaseId(UUID(named["case_id"])), ItemId(UUID(named["item_id"])), form)

    @router.get(PATH)
    @needs(Permission.CASE_ASSESS)
    def show_copies(request: Request, case_id: UUID, item_id: UUID, every: bool = False) -> Response:
        """Show what can be decided at once. every: all of it chosen, by whoever asked for that."""
        return _show(request, program, CaseId(case_id), ItemId(item_id), UNSENT, every=every)

    @router.post(PATH)
    @needs(Permission.CASE_ASSESS)
    @shown_again(show)
    def decide(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """Decide those that were chosen as the first was, and open what comes next."""
        by, sent, now = actor_of(request).analyst(), form_of(request), program.clock()
        chosen = {ItemId(_id("chosen", each)) for each in chosen_of(request, "chosen")}
        with program.database.begin() as tx:
            alike.decide_alike(
                tx,
                CaseId(case_id),
                ItemId(item_id),
                AssessmentId(_id("earlier", sent.get("earlier", ""))),
                chosen,
                by=by,
                policy_version=policy_text.beside(
                    tx, program.settings, shown=sent.get("policy", ""), now=now
                ),
                policy=review_policy(program.settings),
                bits=program.settings.review.alike_bits,
                record=program.recorder.record,
                now=now,
            )
        with program.database.begin() as tx:
            more = console_alike.has_copies(
                tx, program.settings, CaseId(case_id), ItemId(item_id), actor=actor_of(request), now=now
            )
        if more:
            return go(path_to(case_id, item_id), done="alike")
        return _leave(request, program, CaseId(case_id), ItemId(item_id), by, "alike")

    @router.post(PATH + "/leave")
    @needs(Permission.CASE_ASSESS)
    def leave(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """Decide none of them so, and open what comes next."""
        by = actor_of(request).analyst()
        return _leave(request, program, CaseId(case_id), ItemId(item_id), by, "filed")


def path_to(case_id: UUID, item_id: UUID) -> str:
    """Return the address of the list of copies of an item."""
    return PATH.format(case_id=case_id, item_id=item_id)


def _show(
    request: Request,
    program: Program,
    case_id: CaseId,
    item_id: ItemId,
    form: Form,
    *,
    every: bool = False,
) -> Response:
    actor, now = actor_of(request), program.clock()
    with program.database.begin() as tx:
        sheet = console_alike.sheet(tx, program.settings, case_id, item_id, actor=actor, now=now)
    if sheet is None and form.error is not None:
        return show_case(request, program, case_id, item_id=item_id, form=form)
    if sheet is None:
        return go(f"/console/cases/{case_id}", item=str(item_id))
    return page(
        request,
        program,
        "alike.html",
        place="queue",
        form=form,
        sheet=sheet,
        case_id=case_id,
        item_id=item_id,
        address=path_to(case_id, item_id),
        every=every,
        policy=policy_text.policy_text(program.settings),
    )


def _leave(
    request: Request, program: Program, case_id: CaseId, item_id: ItemId, by: AnalystId, done: str
) -> Response:
    with program.database.begin() as tx:
        more = has_another(tx, case_id, item_id, by)
    return onwards(request, program, case_id, more, done=done)


def _id(name: str, said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        raise BadForm(f"{name}: it names nothing.", field=name) from None
