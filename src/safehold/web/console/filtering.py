"""Filtering: which open cases somebody wants to see, by choices alone, and the filters that they saved."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from safehold.app import console_filtering
from safehold.app.program import Program
from safehold.model.bulk import BulkKind
from safehold.model.case_filter import CaseFilter, Said
from safehold.model.errors import BadForm
from safehold.model.ids import SavedFilterId
from safehold.model.permissions import Permission
from safehold.review import bulk, filters
from safehold.review.notes import LONGEST
from safehold.web.console import filter_words
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import READS, form_of
from safehold.web.guard import actor_of, needs

CASES = "/console/cases"


def add_filtering(router: APIRouter, program: Program) -> None:
    """Add the page of a filter, saving one and deleting one."""
    show = partial(filtered_page, program)

    @router.get(CASES)
    @needs(Permission.CASE_READ)
    def show_filtered(request: Request) -> Response:
        """Show the open cases of a filter."""
        return show(request, UNSENT)

    @router.post("/console/filters")
    @needs(Permission.CASE_READ)
    @shown_again(show)
    def save(request: Request) -> Response:
        """Save the filter that the address says by a name."""
        sent, actor, wanted = form_of(request), actor_of(request), asked_filter(request, program)
        with program.database.begin() as tx:
            filters.save(
                tx,
                sent.get("name", ""),
                wanted,
                shared=bool(sent.get("shared")),
                actor=actor,
                now=program.clock(),
            )
        return go(f"{CASES}?{request.url.query}&done=filter-saved")

    @router.post("/console/filters/{filter_id}/delete")
    @needs(Permission.CASE_READ)
    @shown_again(show)
    def delete(request: Request, filter_id: UUID) -> Response:
        """Delete a filter of one's own."""
        with program.database.begin() as tx:
            filters.forget(tx, SavedFilterId(filter_id), actor=actor_of(request), now=program.clock())
        return go(CASES, done="filter-deleted")


def asked_filter(request: Request, program: Program) -> CaseFilter:
    """Return the filter that the address of a request says. Raises BadForm."""
    with program.database.begin() as tx:
        return console_filtering.read(tx, _said(request), settings=program.settings, actor=actor_of(request))


def filtered_page(program: Program, request: Request, form: Form) -> Response:
    """Show the cases of the filter that the address says, with what came of a form of this page.

    A filter that cannot be read shows no case, and says which field is wrong.
    """
    actor, now = actor_of(request), program.clock()
    wanted, wrong = None, UNSENT
    try:
        wanted = asked_filter(request, program)
    except BadForm as error:
        wrong = Form(CASES, error, error.field, FormData(list(request.query_params.multi_items())))
    with program.database.begin() as tx:
        listing = console_filtering.listing(tx, wanted, settings=program.settings, actor=actor, now=now)
    answer = page(
        request,
        program,
        "cases_found.html",
        place="queue",
        form=wrong if wrong.error and request.method in READS else form,
        unread=wrong.error is not None,
        listing=listing,
        told=filter_words.told(listing.fields, listing.offered),
        one_of=filter_words.one_of(listing.offered),
        several_of=filter_words.several_of(listing.offered),
        asked=_said(request),
        most=bulk.MOST,
        longest_note=LONGEST,
        longest_name=filters.LONGEST_NAME,
        bulk_kinds=[(kind, filter_words.KINDS[kind]) for kind in BulkKind],
    )
    if wrong.error is not None:
        answer.status_code = 422
    return answer


def _said(request: Request) -> Said:
    query = request.query_params
    return {name: query.getlist(name) for name in query}
