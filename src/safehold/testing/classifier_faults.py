"""What goes wrong with the answer of a classifier on another machine: one mishap, one route."""

from __future__ import annotations

from enum import StrEnum

from safehold.testing.servers import (
    Route,
    break_off,
    drip,
    drip_headers,
    endless,
    garbage,
    redirect,
    reply,
    reset,
    silence,
)

JSON = "application/json"
MEBIBYTE = 1024 * 1024


class Fault(StrEnum):
    """What goes wrong with a call that was made properly."""

    NOT_HTTP = "bytes that are no HTTP"
    NOT_JSON = "JSON that breaks off"
    NOT_UNICODE = "bytes that are no UTF-8"
    ANOTHER_FORM = "JSON in which nothing stands where it should"
    A_LIST = "a list instead of an object"
    DEEP = "brackets in brackets without end"
    TWICE = "a name that stands twice"
    EMPTY = "nothing"
    HTML = "a page in place of JSON"
    MEGABYTE = "a megabyte of answer"
    ENDLESS = "an answer without end"
    NEW_WORD = "a word that nobody knows"
    NOT_A_NUMBER = "NaN"
    BEYOND = "a number that is no share"
    PARTIAL = "one answer fewer than pictures"
    TOO_MANY = "one answer more than pictures"
    STATUS_401 = "status 401"
    STATUS_403 = "status 403"
    STATUS_429 = "status 429 with Retry-After"
    STATUS_500 = "status 500"
    REDIRECT = "to somewhere else"
    RESET = "the connection breaks"
    CUT = "half of the answer"
    SILENCE = "no answer"
    DRIP = "a byte at a time"
    DRIP_HEADERS = "headers without end"


SLOW = frozenset({Fault.SILENCE, Fault.DRIP, Fault.DRIP_HEADERS})
"""Those that end only because nobody waits any longer."""
OF_THE_ANSWER = frozenset(
    {Fault.NEW_WORD, Fault.NOT_A_NUMBER, Fault.BEYOND, Fault.PARTIAL, Fault.TOO_MANY, Fault.CUT, Fault.TWICE}
)
"""Those that are made of a proper answer."""
NEVER_READ = frozenset({Fault.CUT, Fault.NOT_HTTP, Fault.RESET, Fault.REDIRECT})
"""Those after which no whole answer with status 200 has come."""


def route_of(fault: Fault) -> Route:
    """Return what answers so. Raises KeyError for one of OF_THE_ANSWER: see `spoilt`."""
    return _ROUTES[fault]


def cut(answer: bytes) -> Route:
    """Return what promises the answer and sends half of it."""
    return break_off(answer[: len(answer) // 2], promised=len(answer))


_ROUTES: dict[Fault, Route] = {
    Fault.NOT_HTTP: garbage(b"\x00\x01 no protocol at all\r\n\r\n"),
    Fault.NOT_JSON: reply(b'{"reviewPriorities": ["HIG', media_type=JSON),
    Fault.NOT_UNICODE: reply(b'{"a": "\xff\xfe"}', media_type=JSON),
    Fault.ANOTHER_FORM: reply(b'{"data": {"safe": true}}', media_type=JSON),
    Fault.A_LIST: reply(b'["VERY_LOW"]', media_type=JSON),
    Fault.DEEP: reply(b"[" * 50_000, media_type=JSON),
    Fault.EMPTY: reply(b"", media_type=JSON),
    Fault.HTML: reply(b"<p>Sign in to this network</p>", media_type="text/html"),
    Fault.MEGABYTE: reply(b'{"padding": "' + b"x" * MEBIBYTE + b'"}', media_type=JSON),
    Fault.ENDLESS: endless(media_type=JSON),
    Fault.STATUS_401: reply(b'{"error": {"code": 401}}', status=401, media_type=JSON),
    Fault.STATUS_403: reply(b'{"error": {"code": 403}}', status=403, media_type=JSON),
    Fault.STATUS_429: reply(b"", status=429, retry_after="120"),
    Fault.STATUS_500: reply(b"", status=500),
    Fault.REDIRECT: redirect("http://127.0.0.1:9/elsewhere", status=307),
    Fault.RESET: reset(),
    Fault.SILENCE: silence(),
    Fault.DRIP: drip(b'{"reviewPriorities": []}', pause_seconds=1.0),
    Fault.DRIP_HEADERS: drip_headers(pause_seconds=1.0),
}
