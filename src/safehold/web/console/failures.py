"""Failures as pages: what happened, what was kept, what to do."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response

from safehold.model.errors import NotAllowed, NotAuthenticated, SafeholdError, StepUpNeeded
from safehold.web.console.pages import go, rendered
from safehold.web.console.session import READS, signed_in_of
from safehold.web.console.sign_in import own_page
from safehold.web.errors import request_id, retry_after, status_of, wants_page


def console_page(request: Request, error: SafeholdError) -> Response | None:
    """Answer a browser on the console with a page; None for everybody else and for what scripts fetch.

    Whoever is not signed in is led to the sign-in, and from there to the page that they wanted. Nothing
    here asks the database: it may be what is down.
    """
    path = request.url.path
    if path != "/console" and not path.startswith("/console/"):
        return None
    if not wants_page(request):
        return None
    if isinstance(error, NotAuthenticated):
        wanted = {"next": path} if request.method in READS and path != "/console" else {}
        return go("/console/sign-in", **wanted)
    if isinstance(error, StepUpNeeded):
        return _to_proof(request)
    signed_in = signed_in_of(request)
    if isinstance(error, NotAllowed) and signed_in is not None and signed_in.due is not None:
        return go("/console/account")
    response = rendered(
        "failure.html",
        status_of(error),
        signed_in=signed_in,
        bar=None,
        now=None,
        place="",
        notice=None,
        error=error,
        back=own_page(_came_from(request)),
        request_id=request_id(request),
    )
    response.headers.update(retry_after(error))
    return response


def _to_proof(request: Request) -> Response:
    """Lead to where somebody confirms who they are, and from there back to the page that they were on."""
    if request.method in READS:
        return go("/console/confirm", next=request.url.path)
    # What was sent is not kept: it is told to be repeated.
    return go("/console/confirm", next=_came_from(request), again="1")


def _came_from(request: Request) -> str:
    """Return the path of the page whose form this is; "" where nothing was sent, or nothing says it."""
    try:
        return "" if request.method in READS else urlsplit(request.headers.get("referer", "")).path
    except ValueError:
        return ""
