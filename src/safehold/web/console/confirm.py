"""Step-up: somebody who is signed in confirms that it is them, before something that matters."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import passkeys, proof, second_factors, sessions
from safehold.app.program import Program
from safehold.model.errors import NotAllowed, Refused, SafeholdError, SignInBusy, TooManyAttempts
from safehold.model.permissions import Permission
from safehold.web.console.cookies import SESSION, put_cookie
from safehold.web.console.pages import go, page
from safehold.web.console.second_step import JSON, credential_of, possible_site, site_of
from safehold.web.console.session import form_of, session_of, session_token
from safehold.web.console.sign_in import own_page, refusal
from safehold.web.guard import needs

CONFIRM = "/console/confirm"
_REFUSALS = (NotAllowed, Refused, TooManyAttempts, SignInBusy)


def add_confirm(router: APIRouter, program: Program) -> None:
    """Add the page that asks for a proof, and what its script fetches."""
    web = program.settings.web

    @router.get(CONFIRM)
    @needs(Permission.SIGNED_IN)
    def show_confirm(request: Request) -> Response:
        """Ask for a proof, by the second factor of whoever has one."""
        asked = request.query_params
        wanted, again = own_page(asked.get("next", "")), asked.get("again") == "1"
        return page(
            request, program, "confirm.html", refused=None, **_asked_for(request, program, wanted, again)
        )

    @router.post(CONFIRM)
    @needs(Permission.SIGNED_IN)
    def take_proof(request: Request) -> Response:
        """Note the proof and lead back, or say that this proves nothing."""
        form = form_of(request)
        wanted, again = own_page(form.get("next", "")), form.get("again") == "1"
        try:
            token = _proven(request, program, form)
        except _REFUSALS as error:
            return _refused(request, program, error, wanted, again)
        response = go(wanted, done="repeat" if again else "confirmed")
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


def require_proof(request: Request, program: Program) -> None:
    """Raise StepUpNeeded unless whoever sent this proved in the last ten minutes who they are."""
    sessions.require_recent_proof(session_of(request), now=program.clock())


def is_proven(request: Request, program: Program) -> bool:
    """Say whether whoever asks proved in the last ten minutes who they are."""
    return sessions.has_recent_proof(session_of(request), now=program.clock())


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


def _asked_for(request: Request, program: Program, wanted: str, again: bool) -> dict[str, Any]:
    with program.database.begin() as tx:
        factors = second_factors.factors_of(tx, session_of(request).user_id)
    usable = passkeys.usable(factors.passkeys, possible_site(request, program))
    return {"factors": factors, "passkeys": usable, "wanted": wanted, "again": again}


def _refused(request: Request, program: Program, error: SafeholdError, wanted: str, again: bool) -> Response:
    return refusal(request, program, "confirm.html", error, **_asked_for(request, program, wanted, again))
