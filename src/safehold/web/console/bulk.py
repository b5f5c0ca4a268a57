"""Many cases at once: asked, shown with their number and what is left out, confirmed, and what came of it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.program import Program
from safehold.model.bulk import BulkKind
from safehold.model.errors import BadForm
from safehold.model.ids import BulkId, CaseId
from safehold.model.permissions import Permission
from safehold.review import bulk, filters
from safehold.review.bulk import Sheet, Wanted
from safehold.web.console import filter_words
from safehold.web.console.filtering import asked_filter, filtered_page
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import chosen_of, form_of
from safehold.web.guard import actor_of, needs

BULK = "/console/bulk"
SAMPLE = 10
"""Cases that are named of all that would be changed; of those that are left out, for each reason."""


def add_bulk(router: APIRouter, program: Program) -> None:
    """Add asking, looking at what was asked, confirming it and taking it back."""
    show = partial(_bulk_page, program)

    @router.post(BULK)
    @needs(Permission.CASE_ARRANGE)
    @shown_again(partial(filtered_page, program), skill="skill_tag")
    def ask(request: Request) -> Response:
        """Put down what is asked of the chosen cases, and show it."""
        now, actor, wanted, chosen = (
            program.clock(),
            actor_of(request),
            _wanted(form_of(request)),
            _chosen(request),
        )
        asked = asked_filter(request, program)
        with program.database.begin() as tx:
            if form_of(request).get("all"):
                chosen = filters.first_of(tx, asked, actor=actor, limit=bulk.MOST + 1, now=now)
            asked_id = bulk.ask(tx, wanted, chosen, actor=actor, now=now)
        return go(f"{BULK}/{asked_id}")

    @router.get(BULK + "/{bulk_id}")
    @needs(Permission.CASE_ARRANGE)
    def show_asked(request: Request, bulk_id: UUID) -> Response:
        """Show what would happen, or what became of it."""
        return show(request, UNSENT, bulk_id)

    @router.post(BULK + "/{bulk_id}/carry-out")
    @needs(Permission.CASE_ARRANGE)
    def confirm(request: Request, bulk_id: UUID) -> Response:
        """Carry it out, once however often this is sent."""
        with program.database.begin() as tx:
            bulk.confirm(
                tx,
                BulkId(bulk_id),
                actor=actor_of(request),
                record=program.recorder.record,
                now=program.clock(),
            )
        return go(f"{BULK}/{bulk_id}")

    @router.post(BULK + "/{bulk_id}/take-back")
    @needs(Permission.CASE_ARRANGE)
    @shown_again(lambda request, form: show(request, form, UUID(request.path_params["bulk_id"])))
    def take_back(request: Request, bulk_id: UUID) -> Response:
        """Ask the opposite of what was changed, and show that."""
        with program.database.begin() as tx:
            back = bulk.take_back(tx, BulkId(bulk_id), actor=actor_of(request), now=program.clock())
        return go(f"{BULK}/{back}")


def _bulk_page(program: Program, request: Request, form: Form, bulk_id: UUID) -> Response:
    with program.database.begin() as tx:
        sheet = bulk.sheet(tx, BulkId(bulk_id), actor=actor_of(request))
    return page(
        request,
        program,
        "bulk.html",
        place="queue",
        form=form,
        sheet=sheet,
        counts=_counts(sheet),
        sample=SAMPLE,
        filter_words=filter_words,
        at_once=bulk.AT_ONCE,
    )


def _counts(sheet: Sheet) -> dict[str, int]:
    """Return how many cases were changed, are still to be, and are left out."""
    found = Counter(
        "left_out" if each.left_out else "done" if each.done_at else "to_do" for each in sheet.cases
    )
    return {name: found[name] for name in ("done", "to_do", "left_out")}


def _wanted(sent: dict[str, str]) -> Wanted:
    said = sent.get("what", "")
    if said not in set(BulkKind):
        raise BadForm("what: choose what to do.", field="what")
    return Wanted(kind=BulkKind(said), skill=sent.get("skill_tag", ""), words=sent.get("words", ""))


def _chosen(request: Request) -> list[CaseId]:
    try:
        return [CaseId(UUID(each)) for each in dict.fromkeys(chosen_of(request, "case"))]
    except ValueError:
        raise BadForm("case: choose some cases.", field="case") from None
