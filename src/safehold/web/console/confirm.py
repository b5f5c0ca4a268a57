"""Step-up: somebody who is signed in confirms that it is them, before something that matters."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import passkeys, proof, second_factors
from safehold.app.program import Program
from safehold.model.permissions import Permission
from safehold.web.console.cookies import SESSION, put_cookie
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.second_step import JSON, credential_of, possible_site, site_of
from safehold.web.console.session import READS, form_of, session_of, session_token
from safehold.web.console.sign_in import wanted_of
from safehold.web.guard import needs

CONFIRM = "/console/confirm"


def add_confirm(router: APIRouter, program: Program) -> None:
    """Add the page that asks for a proof, and what its script fetches."""
    web, show = program.settings.web, partial(_confirm_page, program)

    @router.get(CONFIRM)
    @needs(Permission.SIGNED_IN)
    def show_confirm(request: Request) -> Response:
        """Ask for a proof, by the second factor of whoever has one."""
        return show(request, UNSENT)

    @router.post(CONFIRM)
    @needs(Permission.SIGNED_IN)
    @shown_again(show)
    def take_proof(request: Request) -> Response:
        """Note the proof and lead back, or say that this proves nothing."""
        token = _proven(request, program, form_of(request))
        response = go(wanted_of(request), done="repeat" if _is_again(request) else "confirmed")
        put_cookie(response, web, SESSION, token)
        return response

    @router.post(f"{CONFIRM}/passkey-options")
    @needs(Permission.SIGNED_IN)
    def options(request: Request) -> Response:
        """Return what the browser needs to use a passkey."""
        made = proof.passkey_options(
            program.gate, session_of(request), at=site_of(request, program), now=program.clock()
        )
        return Response(made, media_type=JSON)


def _proven(request: Request, program: Program, form: dict[str, str]) -> str:
    gate, now = program.gate, program.clock()
    signed_in, token = session_of(request), session_token(request, program.settings.web)
    credential = credential_of(form)
    if credential is not None:
        at = site_of(request, program)
        return proof.by_passkey(gate, signed_in, token, credential, at=at, now=now)
    if "code" in form:
        return proof.by_code(gate, signed_in, token, form["code"], now=now)
    return proof.by_password(gate, signed_in, token, form.get("password", ""), now=now)


def _confirm_page(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        factors = second_factors.factors_of(tx, session_of(request).user_id)
    usable = passkeys.usable(factors.passkeys, possible_site(request, program))
    return page(
        request,
        program,
        "confirm.html",
        form=form,
        factors=factors,
        passkeys=usable,
        wanted=wanted_of(request),
        again=_is_again(request),
    )


def _is_again(request: Request) -> bool:
    """Say whether something was sent before, which is to be done once more."""
    asked = request.query_params if request.method in READS else form_of(request)
    return asked.get("again") == "1"
