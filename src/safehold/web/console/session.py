"""Who uses the console: a cookie that leads to a session, and forms that only its own pages can send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from safehold.app.access import sessions
from safehold.app.access.sessions import SignedIn
from safehold.app.program import Program
from safehold.app.settings_sections import WebSettings
from safehold.model.errors import NotAllowed, NotAuthenticated
from safehold.model.permissions import Actor
from safehold.web.guard import Authenticate

READS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field, itself no secret


def cookie_name(web: WebSettings) -> str:
    """Return the cookie's name. The prefix binds it to this host, and browsers accept it over TLS only."""
    return "__Host-safehold" if web.secure_cookies else "safehold"


def set_cookie(response: Response, web: WebSettings, token: str) -> None:
    """Hand the session's token to the browser, for as long as it is open."""
    response.set_cookie(
        cookie_name(web), token, path="/", secure=web.secure_cookies, httponly=True, samesite="strict"
    )


def drop_cookie(response: Response, web: WebSettings) -> None:
    """Take the token back."""
    response.delete_cookie(
        cookie_name(web), path="/", secure=web.secure_cookies, httponly=True, samesite="strict"
    )


def token_of(request: Request, web: WebSettings) -> str | None:
    """Return the session's token that the browser sent, None when it sent none."""
    return request.cookies.get(cookie_name(web)) or None


def by_session(program: Program) -> Authenticate:
    """Return an authenticator that reads the cookie. It raises NotAuthenticated."""

    def authenticate(request: Request) -> Actor:
        token = token_of(request, program.settings.web)
        if token is None:
            raise NotAuthenticated("Nobody is signed in.")
        with program.database.begin() as tx:
            signed_in = sessions.resume(tx, token, now=program.clock())
        if signed_in is None:
            raise NotAuthenticated("Your session is over.")
        request.state.signed_in = signed_in
        return signed_in.actor

    return authenticate


def signed_in_of(request: Request) -> SignedIn | None:
    """Return who is signed in, None on pages that everybody may see."""
    found: SignedIn | None = getattr(request.state, "signed_in", None)
    return found


def form_check(program: Program) -> Callable[[Request], Awaitable[None]]:
    """Return what runs before every handler: a request that changes something must come from our own page.

    It raises NotAllowed where the browser names another origin, or the form does not carry the token of
    the session. The form is then at hand through `form_of`.
    """
    web = program.settings.web

    async def check(request: Request) -> None:
        if request.method in READS:
            return
        check_origin(request, web)
        form = await request.form()
        signed_in = signed_in_of(request)
        if signed_in is not None:
            sessions.check_form_token(signed_in, _text(form, FORM_TOKEN))
        request.state.form = form

    return check


def check_origin(request: Request, web: WebSettings) -> None:
    """Raise NotAllowed where a browser says that another site sent this. Other clients say nothing."""
    origin = request.headers.get("origin")
    if origin in web.allowed_origins:
        return
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise NotAllowed("This request comes from another site.")
    # Browsers write null where a page keeps its address to itself; the line above has judged those.
    if origin in (None, "null") and ("sec-fetch-site" in request.headers or origin is None):
        return
    if urlsplit(origin or "").netloc != request.headers.get("host"):
        raise NotAllowed("This request comes from another site.")


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of the form that was sent, the first of each name; files are left out."""
    form: FormData = getattr(request.state, "form", FormData())
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, value)
    return fields


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) else None
