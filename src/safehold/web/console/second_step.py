"""The second factor of a sign-in: a passkey, a code of an app, or a recovery code."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import passkeys, sign_in
from safehold.app.access.passkeys import Site
from safehold.app.access.sign_in import Admitted
from safehold.app.program import Program
from safehold.model.errors import BadForm, NotAuthenticated
from safehold.model.permissions import Permission
from safehold.web.console.cookies import PENDING, SESSION, token_of
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of
from safehold.web.console.sign_in import REFUSALS, SECOND, admit, sign_in_page, wanted_of
from safehold.web.console.visitor import visitor_of
from safehold.web.guard import needs

JSON = "application/json"


def add_second_step(router: APIRouter, program: Program) -> None:
    """Add the page that asks for the second factor, and what its script fetches."""
    web, show = program.settings.web, partial(_second_page, program)

    @router.get(SECOND)
    @needs(Permission.PUBLIC)
    def show_second(request: Request) -> Response:
        """Ask for whatever this person has. Without a right password before, lead to the sign-in."""
        return show(request, UNSENT)

    @router.post(SECOND)
    @needs(Permission.PUBLIC)
    @shown_again(show, told=REFUSALS)
    def take_factor(request: Request) -> Response:
        """Open a session, or say that this proves nothing."""
        admitted = _proven(request, program, token_of(request, web, PENDING) or "", form_of(request))
        return admit(request, program, admitted, wanted_of(request))

    @router.post(f"{SECOND}/passkey-options")
    @needs(Permission.PUBLIC)
    def options(request: Request) -> Response:
        """Return what the browser needs to use a passkey."""
        token = token_of(request, web, PENDING) or ""
        made = sign_in.passkey_options(program.gate, token, at=site_of(request, program), now=program.clock())
        return Response(made, media_type=JSON)


def possible_site(request: Request, program: Program) -> Site | None:
    """Return the site that passkeys answer to here, None where no browser takes one."""
    settings = program.settings
    return passkeys.site(settings.web, request.headers.get("host"), production=settings.production)


def site_of(request: Request, program: Program) -> Site:
    """Return the site that passkeys answer to here. Raises BadForm where no browser takes one."""
    at = possible_site(request, program)
    if at is None:
        raise BadForm("Passkeys cannot be used at this address.", advice="Use the code of an app instead.")
    return at


def credential_of(form: dict[str, str]) -> str | None:
    """Return the browser's answer for a passkey, None when the form is not one about a passkey.

    Raises BadForm when the page's script did not fill it in.
    """
    if "credential" not in form:
        return None
    if not form["credential"]:
        raise BadForm("Passkeys need scripts.", advice="Let this page run its script, or use a code instead.")
    return form["credential"]


def _proven(request: Request, program: Program, token: str, form: dict[str, str]) -> Admitted:
    web = program.settings.web
    credential, now = credential_of(form), program.clock()
    visitor, replaced = visitor_of(request, web), token_of(request, web, SESSION)
    if credential is None:
        code = form.get("code", "")
        return sign_in.finish_by_code(program.gate, token, code, visitor=visitor, replaced=replaced, now=now)
    return sign_in.finish_by_passkey(
        program.gate,
        token,
        credential,
        at=site_of(request, program),
        visitor=visitor,
        replaced=replaced,
        now=now,
    )


def _asked_for(request: Request, program: Program) -> dict[str, Any]:
    """Return what the page shows. Raises NotAuthenticated when there is nothing to go on with."""
    token = token_of(request, program.settings.web, PENDING) or ""
    with program.database.begin() as tx:
        waiting = sign_in.pending(tx, token, now=program.clock())
    usable = passkeys.usable(waiting.factors.passkeys, possible_site(request, program))
    return {"factors": waiting.factors, "passkeys": usable}


def _second_page(program: Program, request: Request, form: Form) -> Response:
    """Ask for the second factor; where nothing is there to go on with, the sign-in is asked again."""
    try:
        shown = _asked_for(request, program)
    except NotAuthenticated:
        return go("/console/sign-in") if form is UNSENT else sign_in_page(program, request, form)
    return page(request, program, "second_step.html", form=form, wanted=wanted_of(request), **shown)
