"""Signing in and out, and the front door that leads each person to the first page they may see."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import sessions
from safehold.app.program import Program
from safehold.model.errors import NotAuthenticated
from safehold.model.permissions import Permission
from safehold.web.console.pages import go, page, places
from safehold.web.console.session import drop_cookie, form_of, set_cookie, token_of
from safehold.web.guard import actor_of, needs

HOME = "/console"
_OWN_PAGE = re.compile(r"/console(/[a-z0-9-]+)*")


def add_sign_in(router: APIRouter, program: Program) -> None:
    """Add the sign-in, the sign-out and the front door."""
    web = program.settings.web

    @router.get("/console/sign-in")
    @needs(Permission.PUBLIC)
    def show_sign_in(request: Request) -> Response:
        """Show the form."""
        wanted = own_page(request.query_params.get("next", ""))
        return page(request, program, "sign_in.html", wanted=wanted, refused=None, name="")

    @router.post("/console/sign-in")
    @needs(Permission.PUBLIC)
    def sign_in(request: Request) -> Response:
        """Open a session, or say that name or password is wrong."""
        form = form_of(request)
        name, wanted = form.get("name", ""), own_page(form.get("next", ""))
        try:
            token = sessions.sign_in(
                program.database, name=name, password=form.get("password", ""), now=program.clock()
            )
        except NotAuthenticated as error:
            return page(
                request, program, "sign_in.html", status=401, wanted=wanted, refused=error.what, name=name
            )
        response = go(wanted)
        set_cookie(response, web, token)
        return response

    @router.post("/console/sign-out")
    @needs(Permission.SIGNED_IN)
    def sign_out(request: Request) -> Response:
        """End the session."""
        token = token_of(request, web)
        if token is not None:
            with program.database.begin() as tx:
                sessions.sign_out(tx, token, actor=actor_of(request), now=program.clock())
        response = go("/console/sign-in", done="signed-out")
        drop_cookie(response, web)
        return response

    @router.get(HOME)
    @needs(Permission.SIGNED_IN)
    def front_door(request: Request) -> Response:
        """Lead to the first page that this person may see."""
        first = next(iter(places(actor_of(request))), None)
        return go(first.path) if first is not None else page(request, program, "nothing.html")


def own_page(wanted: str) -> str:
    """Return the page of ours that somebody wanted before they signed in, else the front door."""
    return wanted if _OWN_PAGE.fullmatch(wanted) and wanted != "/console/sign-in" else HOME
