"""In which language somebody reads the console: what they chose in this browser."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.permissions import Permission
from safehold.web.catalogs import CHOICE, Languages, languages
from safehold.web.console.cookies import LANGUAGE, put_cookie
from safehold.web.console.pages import go
from safehold.web.console.session import form_of
from safehold.web.guard import needs

ACCOUNT = "/console/account"


def add_choosing_language(router: APIRouter, program: Program) -> None:
    """Add what the form of one's account sends. It is there where there is more than English."""

    @router.post(f"{ACCOUNT}/language")
    @needs(Permission.SIGNED_IN)
    def choose_language(request: Request) -> Response:
        """Let this browser be answered in a language, whoever signs in. Raises BadForm for another."""
        chosen = known(program).named(form_of(request).get(CHOICE, ""))
        if chosen is None:
            raise BadForm("language: choose one of the list.", field=CHOICE)
        response = go(ACCOUNT, done="language")
        put_cookie(response, program.settings.web, LANGUAGE, chosen.tag)
        return response


def known(program: Program) -> Languages:
    """Return the languages that pages can be had in here."""
    return languages(program.settings.web.translations)
