"""The public portal: pages for people without an account. They tell us something, and learn nothing back."""

from __future__ import annotations

from fastapi import FastAPI, Request

from safehold.app.program import Program
from safehold.model.errors import NotAuthenticated
from safehold.model.permissions import Actor
from safehold.web.guard import guarded_router
from safehold.web.portal.appealing import add_appealing
from safehold.web.portal.leaving import add_leaving
from safehold.web.portal.pages import portal_page
from safehold.web.portal.reporting import add_reporting
from safehold.web.portal.status import add_status
from safehold.web.portal.transparency import add_transparency
from safehold.web.static_files import add_static_routes

__all__ = ["add_portal_routes", "portal_page"]

_PAGES = (
    add_reporting,
    add_status,
    add_appealing,
    add_leaving,
    add_transparency,
)


def add_portal_routes(app: FastAPI, program: Program) -> None:
    """Add every page of the portal, and the style sheets that they need."""
    router = guarded_router(_nobody)
    for add in _PAGES:
        add(router, program)
    app.include_router(router, include_in_schema=False)
    add_static_routes(app)


def _nobody(request: Request) -> Actor:
    """Let nobody in by name: everything here is public."""
    raise NotAuthenticated
