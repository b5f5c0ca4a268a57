"""Signing in and out, and the front door that leads each person to the first page they may see."""

from __future__ import annotations

import re
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import sessions, sign_in
from safehold.app.access.sign_in import Admitted, FactorDue
from safehold.app.program import Program
from safehold.model.errors import NotAuthenticated
from safehold.model.permissions import Permission
from safehold.web.console.cookies import PENDING, SESSION, drop_cookie, put_cookie, token_of
from safehold.web.console.forms import TOLD, UNSENT, Form, shown_again
from safehold.web.console.pages import go, page, places
from safehold.web.console.session import READS, end_session, form_of, session_of
from safehold.web.console.visitor import remember_device, visitor_of
from safehold.web.guard import actor_of, needs

HOME = "/console"
SECOND = "/console/sign-in/second"
_OWN_PAGE = re.compile(r"/console(/[a-z0-9-]+)*")
REFUSALS = (*TOLD, NotAuthenticated)
"""What the forms of a sign-in tell: nobody is led to a sign-in from there."""


def add_sign_in(router: APIRouter, program: Program) -> None:
    """Add the sign-in, the sign-out and the front door."""
    web, show = program.settings.web, partial(sign_in_page, program)

    @router.get("/console/sign-in")
    @needs(Permission.PUBLIC)
    def show_sign_in(request: Request) -> Response:
        """Show the form."""
        return show(request, UNSENT)

    @router.post("/console/sign-in")
    @needs(Permission.PUBLIC)
    @shown_again(show, told=REFUSALS)
    def take_password(request: Request) -> Response:
        """Open a session, lead to the second factor, or say that name or password is wrong."""
        form = form_of(request)
        wanted = wanted_of(request)
        passed = sign_in.check_password(
            program.gate,
            name=form.get("name", ""),
            password=form.get("password", ""),
            visitor=visitor_of(request, web),
            now=program.clock(),
            replaced=token_of(request, web, SESSION),
        )
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


def sign_in_page(program: Program, request: Request, form: Form) -> Response:
    """Show the form of the sign-in, and what came of it."""
    return page(request, program, "sign_in.html", form=form, wanted=wanted_of(request))


def wanted_of(request: Request) -> str:
    """Return the page of ours that somebody wanted before a proof was asked for, else the front door."""
    asked = request.query_params if request.method in READS else form_of(request)
    return own_page(asked.get("next", ""))


def own_page(wanted: str) -> str:
    """Return the page of ours that was wanted, else the front door: never another site, nor a sign-in."""
    own = _OWN_PAGE.fullmatch(wanted) and not wanted.startswith(("/console/sign-in", "/console/confirm"))
    return wanted if own else HOME
