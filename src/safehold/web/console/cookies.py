"""The console's three cookies: a session, a sign-in that waits for its second factor, a known browser."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

from safehold.app.access.sign_in import DEVICE_LASTS, PENDING_LASTS
from safehold.app.settings_sections import WebSettings


@dataclass(frozen=True, slots=True)
class Cookie:
    """One of them. suffix: what follows the common name. seconds: how long it is kept.

    None for seconds: while the browser is open.
    """

    suffix: str
    seconds: int | None


SESSION = Cookie("", None)
PENDING = Cookie("-sign-in", int(PENDING_LASTS.total_seconds()))
LANGUAGE = Cookie("-language", 365 * 24 * 3600)
DEVICES = Cookie("-devices", int(DEVICE_LASTS.total_seconds()))


def cookie_name(web: WebSettings, cookie: Cookie = SESSION) -> str:
    """Return a cookie's name. The prefix binds it to this host, and browsers accept it over TLS only."""
    return ("__Host-safehold" if web.secure_cookies else "safehold") + cookie.suffix


def put_cookie(response: Response, web: WebSettings, cookie: Cookie, value: str) -> None:
    """Hand a cookie to the browser: out of reach of scripts, and sent from our own pages alone."""
    response.set_cookie(
        cookie_name(web, cookie),
        value,
        max_age=cookie.seconds,
        path="/",
        secure=web.secure_cookies,
        httponly=True,
        samesite="strict",
    )


def drop_cookie(response: Response, web: WebSettings, cookie: Cookie) -> None:
    """Take a cookie back."""
    response.delete_cookie(
        cookie_name(web, cookie), path="/", secure=web.secure_cookies, httponly=True, samesite="strict"
    )


def sets_cookie(response: Response, web: WebSettings, cookie: Cookie) -> bool:
    """Say whether an answer sets this cookie, or takes it back, already."""
    wanted = f"{cookie_name(web, cookie)}="
    return any(value.startswith(wanted) for value in response.headers.getlist("set-cookie"))


def token_of(request: Request, web: WebSettings, cookie: Cookie) -> str | None:
    """Return the token that the browser sent in a cookie, None when it sent none."""
    return request.cookies.get(cookie_name(web, cookie)) or None
