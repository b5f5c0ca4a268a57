"""Who uses the console: a cookie that leads to a session, and forms that only its own pages can send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from safehold.app.access import sessions
from safehold.app.access.sessions import SignedIn
from safehold.app.listening import address
from safehold.app.program import Program
from safehold.app.settings_sections import WebSettings
from safehold.model.errors import (
    NotAllowed,
    NotAuthenticated,
    SafeholdError,
    Unavailable,
    UnsupportedMediaType,
)
from safehold.model.permissions import Actor
from safehold.web.console.cookies import SESSION, drop_cookie, put_cookie, sets_cookie, token_of
from safehold.web.forms import MULTIPART, URLENCODED, check_text, content_type_of, form_in_memory
from safehold.web.guard import Authenticate, Finish
from safehold.web.origins import leads_here

READS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field, itself no secret


def by_session(program: Program) -> Authenticate:
    """Return an authenticator that reads the cookie. It raises NotAuthenticated.

    Where nobody can be asked who somebody is, what they sent is read all the same: the page that says so
    hands it back.
    """

    def resume(request: Request) -> Actor:
        token = token_of(request, program.settings.web, SESSION)
        if token is None:
            raise NotAuthenticated("Nobody is signed in.")
        with program.database.begin() as tx:
            signed_in = sessions.resume(tx, program.gate, token, now=program.clock())
        if signed_in is None:
            raise NotAuthenticated("Your session is over.")
        request.state.signed_in = signed_in
        return signed_in.actor

    async def authenticate(request: Request) -> Actor:
        try:
            return await run_in_threadpool(resume, request)
        except Unavailable:
            await _read_unasked(request, program.settings.web)
            raise

    return authenticate


async def _read_unasked(request: Request, web: WebSettings) -> None:
    """Put a form of our own pages at hand, though nobody knows yet who sent it."""
    if request.method in READS or content_type_of(request) not in (URLENCODED, MULTIPART):
        return
    with suppress(SafeholdError, HTTPException):
        check_origin(request, web, is_known=False)
        request.state.form = await form_in_memory(request)


def renewing(program: Program) -> Finish:
    """Return what hands the browser the token that follows, when the session offers one.

    An answer that sets the cookie itself is left alone. An answer that fails offers nothing, and the
    next one does.
    """
    web = program.settings.web

    def finish(request: Request, response: Response) -> None:
        signed_in = signed_in_of(request)
        if signed_in is None or signed_in.next_token is None or sets_cookie(response, web, SESSION):
            return
        put_cookie(response, web, SESSION, signed_in.next_token)

    return finish


def signed_in_of(request: Request) -> SignedIn | None:
    """Return who is signed in, None on pages that everybody may see."""
    found: SignedIn | None = getattr(request.state, "signed_in", None)
    return found


def session_of(request: Request) -> SignedIn:
    """Return who is signed in, on a page that lets nobody else in."""
    signed_in: SignedIn = request.state.signed_in
    return signed_in


def session_token(request: Request, web: WebSettings) -> str:
    """Return the session's token that the browser sent, "" when it sent none."""
    return token_of(request, web, SESSION) or ""


def require_proof(request: Request, program: Program) -> None:
    """Raise StepUpNeeded unless whoever sent this proved in the last ten minutes who they are."""
    sessions.require_recent_proof(session_of(request), now=program.clock())


def is_proven(request: Request, program: Program) -> bool:
    """Say whether whoever asks proved in the last ten minutes who they are."""
    return sessions.has_recent_proof(session_of(request), now=program.clock())


def form_check(program: Program) -> Callable[[Request], Awaitable[None]]:
    """Return what runs before every handler: a request that changes something must come from our own page.

    It raises NotAllowed where the browser names another origin, or the form does not carry the token of
    the session, UnsupportedMediaType for what no form sends, and BadForm for a text, of a query too, that the
    records cannot keep. The form is then at hand through `form_of`.
    """
    web = program.settings.web

    async def check(request: Request) -> None:
        check_text(request.query_params.multi_items())
        if request.method in READS:
            return
        signed_in = signed_in_of(request)
        check_origin(request, web, is_known=signed_in is not None)
        if content_type_of(request) not in (URLENCODED, MULTIPART):
            raise UnsupportedMediaType("This takes what a form sends.", advice="Use the page's own form.")
        form = await form_in_memory(request)
        if signed_in is not None:
            sessions.check_form_token(signed_in, _text(form, FORM_TOKEN))
        request.state.form = form

    return check


def check_origin(request: Request, web: WebSettings, *, is_known: bool = True) -> None:
    """Raise NotAllowed where a browser says that another site sent this.

    What says nothing of where it comes from is let in only where the token of a session is checked next
    (is_known): a stranger's page must not sign anybody in either.
    """
    origin, sent_by = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin in web.allowed_origins:
        return
    _check_host(request, web)
    if sent_by not in (None, "same-origin"):
        raise NotAllowed("This request comes from another site.")
    # Browsers write null where a page keeps its address to itself; the line above has judged those.
    if origin in (None, "null"):
        if sent_by is None and (origin == "null" or not is_known):
            raise NotAllowed(
                "This request does not say which site it comes from.",
                advice="Browsers send an Origin header with every form; so must other programs.",
            )
        return
    if not _is_ours(str(origin), request.headers.get("host", ""), web):
        raise NotAllowed("This request comes from another site.")


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of the form that was sent, the first of each name; files are left out."""
    fields: dict[str, str] = {}
    for name, value in whole_form_of(request).multi_items():
        if isinstance(value, str):
            fields.setdefault(name, value)
    return fields


def chosen_of(request: Request, name: str) -> list[str]:
    """Return every value of a field that may be sent several times."""
    return [value for value in whole_form_of(request).getlist(name) if isinstance(value, str)]


def whole_form_of(request: Request) -> FormData:
    """Return all that the form sent, empty where none was."""
    form: FormData = getattr(request.state, "form", FormData())
    return form


def end_session(response: Response, web: WebSettings) -> None:
    """Take the session's token back from the browser."""
    drop_cookie(response, web, SESSION)


def _check_host(request: Request, web: WebSettings) -> None:
    """Raise NotAllowed where a browser asked for a name that is not known to be the console's.

    A stranger's name can be made to lead here: to the browser, their page and this one are then one site.
    """
    if web.origin is not None:
        return
    # What is listened on is as set, and the address at which this very connection came in.
    bound = request.scope.get("server") or ("",)
    listens = (address(web.listen)[0], str(bound[0]))
    if not leads_here(request.headers.get("host", ""), listens, web.allowed_origins):
        raise NotAllowed(
            "This address is not known to be the console's own.",
            advice="Operators name the address that people open in the setting web.origin.",
        )


def _is_ours(origin: str, host: str, web: WebSettings) -> bool:
    if web.origin is not None:
        return origin == web.origin
    # A page of the same name without TLS is another site: whoever is on the line can write it.
    schemes = ("https",) if web.secure_cookies else ("http", "https")
    return bool(host) and any(origin == f"{scheme}://{host}" for scheme in schemes)


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) else None
