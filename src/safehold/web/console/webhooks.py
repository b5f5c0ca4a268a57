"""Webhooks: what was told to platforms, what waits, what was given up."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.act import deliver
from safehold.app import given_up
from safehold.app.program import Program
from safehold.model.ids import DeliveryId
from safehold.model.permissions import Permission
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.guard import actor_of, needs

PAGE = 50


def add_webhooks_page(router: APIRouter, program: Program) -> None:
    """Add the page about deliveries, and trying one again."""
    show = partial(_webhooks_page, program)

    @router.get("/console/webhooks")
    @needs(Permission.WEBHOOK_READ)
    def show_webhooks(request: Request, state: str = "", before: UUID | None = None) -> Response:
        """Show deliveries, newest first; of one state when it is asked for."""
        return show(request, UNSENT, state=state, before=before)

    @router.post("/console/webhooks/{delivery_id}/retry")
    @needs(Permission.WEBHOOK_RETRY)
    @shown_again(show)
    def retry(request: Request, delivery_id: UUID) -> Response:
        """Try a delivery again that was given up."""
        with program.database.begin() as tx:
            given_up.retry(tx, DeliveryId(delivery_id), actor=actor_of(request), now=program.clock())
        return go("/console/webhooks", done="retry")


def _webhooks_page(
    program: Program, request: Request, form: Form, *, state: str = "", before: UUID | None = None
) -> Response:
    with program.database.begin() as tx:
        counts = deliver.counted(tx)
        wanted = next((each for each in counts if each.value == state), None)
        last = DeliveryId(before) if before else None
        found = deliver.listed(tx, state=wanted, before=last, limit=PAGE + 1)
        gone = deliver.gone_destinations(tx)
    return page(
        request,
        program,
        "webhooks.html",
        place="webhooks",
        form=form,
        deliveries=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        counts=counts,
        state=wanted,
        destinations=program.destinations,
        gone=gone,
        may_retry=actor_of(request).may(Permission.WEBHOOK_RETRY),
    )
