"""A form counts only when our own page sent it: by Origin, by what the browser adds, by content type."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request

from safehold.app.access.sessions import SignedIn
from safehold.app.program import Program
from safehold.app.settings_sections import WebSettings
from safehold.model.errors import BadForm, NotAllowed, UnsupportedMediaType
from safehold.model.ids import SessionId, UserId, new_id
from safehold.model.permissions import Actor
from safehold.web.console.session import check_origin, form_check, form_of

URLENCODED = "application/x-www-form-urlencoded"


def request(body: bytes = b"", method: str = "POST", query: bytes = b"", **headers: str) -> Request:
    """Return a request with these headers, an underscore standing for a hyphen."""
    named = {"host": "127.0.0.1:8400"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": "/",
        "headers": raw,
        "query_string": query,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


OURS = "http://127.0.0.1:8400"


@pytest.mark.parametrize(
    ("headers", "is_known"),
    [
        ({"origin": OURS}, False),
        ({"origin": OURS, "sec_fetch_site": "same-origin"}, False),
        ({"sec_fetch_site": "same-origin"}, False),
        ({"origin": "null", "sec_fetch_site": "same-origin"}, False),
        ({}, True),
    ],
)
def test_what_comes_from_our_own_page_is_let_through(headers, is_known) -> None:
    check_origin(request(**headers), WebSettings(), is_known=is_known)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere.example"},
        {"origin": "http://127.0.0.1:8401"},
        {"origin": "http://127.0.0.1"},
        {"origin": OURS, "sec_fetch_site": "cross-site"},
        {"origin": OURS, "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "none"},
        {"origin": "null"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"origin": ""},
        {"origin": f"{OURS}/"},
        {"origin": f"{OURS}.elsewhere.example"},
        {"origin": "http://", "host": ""},
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_what_comes_from_elsewhere_is_refused_whoever_is_signed_in(headers, is_known) -> None:
    with pytest.raises(NotAllowed):
        check_origin(request(**headers), WebSettings(), is_known=is_known)


def test_a_stranger_who_does_not_say_where_it_comes_from_is_refused() -> None:
    with pytest.raises(NotAllowed):
        check_origin(request(), WebSettings(), is_known=False)


def test_behind_tls_a_page_of_the_same_name_without_it_is_another_site() -> None:
    web = WebSettings(secure_cookies=True)
    check_origin(request(origin="https://127.0.0.1:8400"), web, is_known=True)
    with pytest.raises(NotAllowed):
        check_origin(request(origin=OURS), web, is_known=True)


def test_where_the_origin_is_declared_a_name_that_leads_here_all_the_same_does_not_count() -> None:
    web = WebSettings(origin="https://console.example.org")
    check_origin(request(origin="https://console.example.org", host="inner:8400"), web, is_known=False)
    with pytest.raises(NotAllowed):
        check_origin(request(origin="http://rebound.example", host="rebound.example"), web, is_known=False)


def rebound(host: str, web: WebSettings, server: str = "127.0.0.1", **more: str) -> None:
    """Send what a page at this host sends to itself, to a console that is listened on at `server`."""
    sent = request(**{"host": host, "origin": f"http://{host}"} | more)
    sent.scope["server"] = (server, 8400)
    check_origin(sent, web, is_known=False)


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "rebound.example:8400",
        "localhost.rebound.example",
        "10.9.8.7:8400",
        "127.0.0.1.example",
    ],
)
def test_without_a_declared_origin_a_strangers_name_that_leads_here_does_not_count(host) -> None:
    with pytest.raises(NotAllowed) as refused:
        rebound(host, WebSettings())
    assert "web.origin" in refused.value.advice_now
    with pytest.raises(NotAllowed):
        rebound(host, WebSettings(), origin="null", sec_fetch_site="same-origin")


@pytest.mark.parametrize(
    ("host", "listen", "server"),
    [
        ("localhost:8400", "127.0.0.1:8400", "127.0.0.1"),
        ("127.0.0.1:8400", "127.0.0.1:8400", "127.0.0.1"),
        ("[::1]:8400", "[::1]:8400", "::1"),
        ("console.localhost", "127.0.0.1:8400", "127.0.0.1"),
        ("10.9.8.7:8400", "10.9.8.7:8400", "10.9.8.7"),
        ("10.9.8.7:8400", "0.0.0.0:8400", "10.9.8.7"),
        ("console.lan:8400", "console.lan:8400", "10.9.8.7"),
    ],
)
def test_without_a_declared_origin_this_machine_and_what_is_listened_on_count(host, listen, server) -> None:
    rebound(host, WebSettings(listen=listen), server)


def test_where_origins_are_allowed_their_names_lead_here_as_well() -> None:
    rebound("other.example.org", WebSettings(allowed_origins=["https://other.example.org"]))


def test_an_origin_that_the_settings_allow_is_let_through() -> None:
    web = WebSettings(allowed_origins=["https://other.example.org"])
    check_origin(request(origin="https://other.example.org"), web, is_known=False)


def checked(sent: Request, *, signed_in: bool) -> dict[str, str]:
    """Run what runs before every handler; return the form."""
    program = cast("Program", SimpleNamespace(settings=SimpleNamespace(web=WebSettings())))
    if signed_in:
        sent.state.signed_in = SignedIn(
            actor=Actor(permissions=frozenset()),
            user_id=UserId(new_id()),
            name="Robin",
            roles=frozenset(),
            session_id=SessionId(new_id()),
            form_token="the right token",
            proved_at=None,
        )
    asyncio.run(form_check(program)(sent))
    return form_of(sent)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", "text/plain; x=multipart/form-data"]
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_only_what_forms_send_is_read(content_type, signed_in) -> None:
    with pytest.raises(UnsupportedMediaType):
        checked(
            request(b"form_token=the+right+token", origin=OURS, content_type=content_type),
            signed_in=signed_in,
        )


def test_a_form_of_a_session_needs_its_token_also_from_our_own_origin() -> None:
    right = request(b"form_token=the+right+token&a=1&a=2", origin=OURS, content_type=URLENCODED)
    assert checked(right, signed_in=True)["a"] == "1"
    for body in (b"", b"form_token=", b"form_token=another", b"form_token=the+right+toke"):
        with pytest.raises(NotAllowed):
            checked(request(body, origin=OURS, content_type=URLENCODED), signed_in=True)


def test_reading_a_page_asks_for_neither() -> None:
    assert checked(request(method="GET", origin="http://elsewhere.example"), signed_in=True) == {}


def part(name: bytes, value: bytes) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value + b"\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (URLENCODED, b"a=b%00c"),
        (URLENCODED, b"a%00b=c"),
        (URLENCODED, b"a=b\0c"),
        ("multipart/form-data; boundary=x", part(b"a", b"b\0c")),
        ("multipart/form-data; boundary=x; charset=utf-7", part(b"a", b"+2AA-")),
    ],
)
def test_a_text_that_the_records_cannot_keep_is_refused_before_anything_reads_it(content_type, body) -> None:
    with pytest.raises(BadForm):
        checked(request(body, origin=OURS, content_type=content_type), signed_in=False)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("query", [b"object=a%00b", b"a%00b=1", b"next=%00"])
def test_a_query_that_the_records_cannot_keep_is_refused_as_well(method, query) -> None:
    with pytest.raises(BadForm):
        checked(request(b"", method, query, origin=OURS, content_type=URLENCODED), signed_in=False)
    checked(request(b"", method, b"object=a%20b", origin=OURS, content_type=URLENCODED), signed_in=False)
