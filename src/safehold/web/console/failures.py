"""Failures as pages: what happened, what was kept, what to do."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response

from safehold.model.errors import NotAllowed, NotAuthenticated, SafeholdError, StepUpNeeded, Unavailable
from safehold.web.console.pages import go, rendered
from safehold.web.console.session import READS, signed_in_of, whole_form_of
from safehold.web.console.sign_in import own_page
from safehold.web.errors import request_id, retry_after, status_of, wants_page

OF_THE_WORK = (
    "/console/cases/",
    "/console/outcomes/",
    "/console/emergencies",
    "/console/queue/",
    "/console/bulk",
)
"""Where forms lead that may be handed back as they were sent: none of them holds a secret."""


def console_page(request: Request, error: SafeholdError, *, emergency_number: str) -> Response | None:
    """Answer a browser on the console with a page; None for everybody else and for what scripts fetch.

    Whoever is not signed in is led to the sign-in, and from there to the page that they wanted. What could
    not be done because a part of ours is down is handed back, to be sent once more as it was. Nothing here
    asks the database: it may be what is down. emergency_number: whom to call, which is said wherever
    somebody is about to declare a risk to life.
    """
    path = request.url.path
    if path != "/console" and not path.startswith("/console/"):
        return None
    if not wants_page(request):
        return None
    if isinstance(error, NotAuthenticated):
        wanted = path if request.method in READS else _came_from(request)
        return go("/console/sign-in", **({"next": wanted} if wanted not in ("", "/console") else {}))
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
        back=_back(request, error),
        here=_address(request),
        unsent=_unsent(request, error),
        action=path,
        emergency_number=emergency_number if _is_urgent(path) else None,
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


def _back(request: Request, error: SafeholdError) -> str:
    """Return where to go from here: to the same page again, where only something of ours is down."""
    if request.method in READS and isinstance(error, Unavailable):
        return _address(request)
    came_from = _came_from(request)
    # Whoever sent it once more came from this very page, and nobody can go to where a form leads.
    return own_page("" if came_from == request.url.path else came_from)


def _address(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _unsent(request: Request, error: SafeholdError) -> list[tuple[str, str]]:
    """Return what a form said that was not done only because something of ours is down, field by field."""
    if not isinstance(error, Unavailable) or not request.url.path.startswith(OF_THE_WORK):
        return []
    return [(name, value) for name, value in whole_form_of(request).multi_items() if isinstance(value, str)]


def _is_urgent(path: str) -> bool:
    return path.startswith("/console/emergencies") or path.endswith("/emergency")


def _came_from(request: Request) -> str:
    """Return the path of the page whose form this is; "" where nothing was sent, or nothing says it."""
    try:
        return "" if request.method in READS else urlsplit(request.headers.get("referer", "")).path
    except ValueError:
        return ""
