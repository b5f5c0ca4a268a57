"""Handing evidence over: one person asks, another agrees; each proves who they are right before."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.bundles import asking, listing
from safehold.app.program import Program
from safehold.evidence.bundles import MOST_ITEMS, MOST_MAKINGS, MOST_RECIPIENTS
from safehold.model.errors import BadForm
from safehold.model.ids import BundleId
from safehold.model.permissions import Permission
from safehold.model.team import TeamSize
from safehold.web.console.forms import UNSENT, Form, changing, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of, is_proven
from safehold.web.guard import actor_of, needs
from safehold.web.language import N_

BUNDLES = "/console/bundles"
STANDINGS = N_(
    {
        listing.Standing.WAITS: "waits for a second person",
        listing.Standing.APPROVED: "approved, not made yet",
        listing.Standing.MADE: "made",
        listing.Standing.DECLINED: "declined",
        listing.Standing.LAPSED: "its days are over",
    }
)


def add_bundles_page(router: APIRouter, program: Program) -> None:
    """Add the page of requests, asking for one, and deciding about one."""
    show = partial(_bundles_page, program)

    @router.get(BUNDLES)
    @needs(Permission.EVIDENCE_EDIT)
    def show_bundles(request: Request) -> Response:
        """Show what was asked for last."""
        return show(request, UNSENT)

    @router.post(BUNDLES)
    @needs(Permission.EVIDENCE_EDIT)
    @shown_again(show, recipients="to")
    def ask(request: Request) -> Response:
        """Ask that evidence be handed over."""
        sent = form_of(request)
        with changing(request, program) as tx:
            asking.ask(
                tx,
                _ids(sent.get("items", "")),
                recipients=[each.strip() for each in sent.get("to", "").splitlines() if each.strip()],
                recipient_name=sent.get("recipient_name", ""),
                purpose=sent.get("purpose", ""),
                actor=actor_of(request),
                now=program.clock(),
            )
        return go(BUNDLES, done="bundle-asked")

    @router.post(BUNDLES + "/{bundle_id}/approve")
    @needs(Permission.EVIDENCE_EDIT)
    @shown_again(show)
    def approve(request: Request, bundle_id: UUID) -> Response:
        """Agree, as somebody else than who asked."""
        size = TeamSize(program.settings.team.size_policy)
        with changing(request, program) as tx:
            asking.approve(tx, BundleId(bundle_id), size=size, actor=actor_of(request), now=program.clock())
        return go(BUNDLES, done="bundle-approved")

    @router.post(BUNDLES + "/{bundle_id}/decline")
    @needs(Permission.EVIDENCE_EDIT)
    @shown_again(show)
    def decline(request: Request, bundle_id: UUID) -> Response:
        """Say no, or take one's own request back."""
        with changing(request, program) as tx:
            asking.decline(tx, BundleId(bundle_id), actor=actor_of(request), now=program.clock())
        return go(BUNDLES, done="bundle-declined")


def _bundles_page(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        shown = listing.listing(tx, actor=actor_of(request), now=program.clock())
    return page(
        request,
        program,
        "bundles.html",
        place="bundles",
        form=form,
        shown=shown,
        standings=STANDINGS,
        most_items=MOST_ITEMS,
        most_keys=MOST_RECIPIENTS,
        most_makings=MOST_MAKINGS,
        alone=TeamSize(program.settings.team.size_policy) is TeamSize.SINGLE,
        proven=is_proven(request, program),
    )


def _ids(said: str) -> list[UUID]:
    """Return ids that were written with spaces, commas or lines between. Raises BadForm."""
    try:
        return [UUID(each) for each in said.replace(",", " ").split()[: MOST_ITEMS + 1]]
    except ValueError:
        raise BadForm("items: ids of items or cases, each on a line of its own.", field="items") from None
