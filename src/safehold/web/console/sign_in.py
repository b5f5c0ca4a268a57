"""Signing in and out, and the front door that leads each person to the first page they may see."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import sessions, sign_in
from safehold.app.access.sign_in import Admitted, FactorDue
from safehold.app.program import Program
from safehold.model.errors import NotAuthenticated, SafeholdError, SignInBusy, TooManyAttempts
from safehold.model.permissions import Permission
from safehold.web.console.cookies import PENDING, SESSION, drop_cookie, put_cookie, token_of
from safehold.web.console.pages import go, page, places
from safehold.web.console.session import end_session, form_of, session_of
from safehold.web.console.visitor import remember_device, visitor_of
from safehold.web.errors import retry_after, status_of
from safehold.web.guard import actor_of, needs

HOME = "/console"
SECOND = "/console/sign-in/second"
_OWN_PAGE = re.compile(r"/console(/[a-z0-9-]+)*")
REFUSALS = (NotAuthenticated, TooManyAttempts, SignInBusy)
"""What the form itself tells; everything else is a failure of its own."""


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
    def take_password(request: Request) -> Response:
        """Open a session, lead to the second factor, or say that name or password is wrong."""
        form = form_of(request)
        name, wanted = form.get("name", ""), own_page(form.get("next", ""))
        try:
            passed = sign_in.check_password(
                program.gate,
                name=name,
                password=form.get("password", ""),
                visitor=visitor_of(request, web),
                now=program.clock(),
                replaced=token_of(request, web, SESSION),
            )
        except REFUSALS as error:
            return refusal(request, program, "sign_in.html", error, wanted=wanted, name=name)
        if isinstance(passed, FactorDue):
            response = go(SECOND, **({"next": wanted} if wanted != HOME else {}))
            put_cookie(response, web, PENDING, passed.token)
            return response
        return admit(request, program, passed, wanted)

    @router.post("/console/sign-out")
    @needs(Permission.SIGNED_IN)
    def sign_out(request: Request) -> Response:
        """End the session."""
        with program.database.begin() as tx:
            sessions.sign_out(tx, session_of(request), now=program.clock())
        response = go("/console/sign-in", done="signed-out")
        end_session(response, web)
        return response

    @router.get(HOME)
    @needs(Permission.SIGNED_IN)
    def front_door(request: Request) -> Response:
        """Lead to the first page that this person may see."""
        if session_of(request).due is not None:
            return go("/console/account")
        first = next(iter(places(actor_of(request))), None)
        return go(first.path) if first is not None else page(request, program, "nothing.html")


def admit(request: Request, program: Program, admitted: Admitted, wanted: str) -> Response:
    """Hand somebody their session, and lead them to the page that they wanted."""
    web = program.settings.web
    response = go(wanted)
    put_cookie(response, web, SESSION, admitted.token)
    remember_device(request, response, web, admitted.device)
    if token_of(request, web, PENDING) is not None:
        drop_cookie(response, web, PENDING)
    return response


def refusal(
    request: Request, program: Program, template: str, error: SafeholdError, **context: Any
) -> Response:
    """Show a form again, with what is wrong about it."""
    response = page(request, program, template, status=status_of(error), refused=error.what, **context)
    response.headers.update(retry_after(error))
    return response


def own_page(wanted: str) -> str:
    """Return the page of ours that somebody wanted before they signed in, else the front door."""
    own = _OWN_PAGE.fullmatch(wanted) and not wanted.startswith(("/console/sign-in", "/console/confirm"))
    return wanted if own else HOME
