"""Pages of the portal: templates, the words on them, and headers that allow no script at all."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment

from safehold.app.program import Program
from safehold.app.settings_sections import PortalSettings
from safehold.model.errors import NotFound, SafeholdError
from safehold.web.catalogs import CHOICE, PUBLIC_PAGES, is_page, languages
from safehold.web.errors import Page, request_id, retry_after, status_of, wants_page
from safehold.web.language import asked_by_link
from safehold.web.portal.words import Said
from safehold.web.templating import environment

READS = ("GET", "HEAD")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def page(
    request: Request, program: Program, template: str, *, place: str = "", status: int = 200, **context: Any
) -> Response:
    """Render a template inside the portal's frame. place: the entry of the navigation that it belongs to.

    Other languages are offered only where the address alone shows the same again: a link away from the answer
    to a form would lose what was typed, or a code that is shown once.
    """
    offered = languages(program.settings.web.translations).known if request.method in READS else ()
    return _rendered(
        template, status, portal=program.settings.portal, place=place, languages=offered, **context
    )


def portal_page(portal: PortalSettings) -> Page:
    """Return what answers a browser on the portal with a page, and None elsewhere. It asks no database."""

    def failure_page(request: Request, error: SafeholdError) -> Response | None:
        if not is_page(request.url.path, PUBLIC_PAGES):
            return None
        if not wants_page(request):
            return None
        response = _rendered(
            "failure.html",
            status_of(error),
            portal=portal,
            place="",
            languages=(),
            not_found=isinstance(error, NotFound),
            error=error,
            request_id=request_id(request),
        )
        response.headers.update(retry_after(error))
        return response

    return failure_page


def _rendered(template: str, status: int, **context: Any) -> Response:
    html = _environment().get_template(template).render(**context)
    return HTMLResponse(html, status, {"content-security-policy": CONTENT_SECURITY_POLICY})


def to(path: str) -> str:
    """Return the address of a page of ours, in the language that this one was asked for by its link."""
    chosen = asked_by_link()
    return path if chosen is None else f"{path}?{CHOICE}={chosen}"


@cache
def _environment() -> Environment:
    made = environment("portal")
    made.globals |= {"text": Said(), "to": to, "CHOICE": CHOICE}
    return made
