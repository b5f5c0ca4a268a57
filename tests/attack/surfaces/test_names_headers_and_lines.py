"""Names lead nowhere, headers stay one line, and nothing that is sent can write a line of the log."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog

from safehold.testing.running import Installation, altered_copy
from safehold.web.patience import LARGEST_HEAD

CLIMBING = (
    "../../../../etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "/etc/passwd",
    "....//....//etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%c0%af..%c0%afetc/passwd",
    "file:///etc/passwd",
    "C:\\boot.ini",
    "~/.ssh/id_ed25519",
    "CON",
    "a" * 255,
    "\u202egnp.exe",
)
SPLITTING = ("a\r\nSet-Cookie: planted=1", "a\nX-Planted: 1", "a\r\n\r\n<p>planted</p>", "a\u2028planted: 1")


def files_below(folder: Path) -> set[str]:
    """Return the names of all files in this folder, the database's own left out."""
    return {str(path) for path in folder.rglob("*") if path.is_file() and "postgres" not in path.parts}


@pytest.mark.parametrize("name", CLIMBING)
def test_a_name_that_climbs_is_only_text(safehold: Installation, name: str) -> None:
    platform = safehold.platform()
    place = {"surface": "rehearsal", "original_name": name, "content_id": name, "account_id": name}
    before = files_below(safehold.folder)
    answer = platform.upload(altered_copy(1), place)
    assert (answer.status, answer.body["result"]) == (200, "hold")
    new = files_below(safehold.folder) - before
    assert all("/vault/objects/" in path for path in new), new
    [row] = safehold.sql("select original_name from item_context where original_name = %(name)s", name=name)
    assert row.original_name == name


@pytest.mark.parametrize("start", ["/static/", "/v/", "/console/", "/report/", "/v1/lists/"])
def test_a_path_that_climbs_finds_nothing(safehold: Installation, start: str) -> None:
    for name in CLIMBING:
        sent = (start + name).encode("ascii", "replace").replace(b" ", b"%20")
        request = b"GET " + sent + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        [status], body = raw(safehold, request)
        assert status in (303, 400, 401, 404), (sent, status)
        assert b"root:" not in body
        assert b"PRIVATE KEY" not in body


@pytest.mark.parametrize("value", SPLITTING)
def test_what_is_sent_never_starts_a_header(safehold: Installation, visitor: Any, value: str) -> None:
    for path in ("/console/sign-in", "/console/queue", "/", "/console/nowhere", "/v1/lists"):
        for name in ("next", "done", "q", "wanted"):
            answer = visitor.client.get(path, params={name: value}, follow_redirects=False)
            assert not {"x-planted", "planted"} & {header.lower() for header in answer.headers}
            assert "planted" not in str(answer.headers.get("set-cookie", ""))
            assert "\n" not in str(answer.headers.get("location", ""))
    place = {"surface": "rehearsal", "original_name": value}
    answer = safehold.platform().upload(altered_copy(1), place)
    assert answer.status == 200
    [form] = [one for one in visitor.forms("/console/sign-in") if "password" in one.typed]
    refused = visitor.submit(form, lambda *_: value)
    assert "planted=1" not in str(refused.headers.get("set-cookie", ""))


def test_a_zero_byte_in_a_form_or_a_query_of_the_console_is_refused_as_what_it_is(
    safehold: Installation, visitor: Any
) -> None:
    visitor.sign_in("everybody", "a password that is long enough")
    refused = {}
    for path in ("/console/sign-in", "/console/audit", "/console/account", "/console/conflicts"):
        for form in visitor.forms(path):
            if form.typed:
                refused[form.action] = visitor.submit(form, lambda *_: "a\0b")
    assert len(refused) >= 4
    assert {answer.status_code for answer in refused.values()} == {422}
    for path in ("/console/audit?object=%00", "/console/queue?%00=1"):
        assert visitor.client.get(path).json()["code"] == "bad_form"


def test_a_number_that_no_column_holds_is_refused_as_what_it_is(safehold: Installation, visitor: Any) -> None:
    visitor.sign_in("everybody", "a password that is long enough")
    for number in ("0", "-1", str(2**63), "9" * 5_000):
        assert visitor.client.get("/console/audit", params={"before": number}).status_code == 422
    assert visitor.client.get("/console/audit", params={"before": str(2**63 - 1)}).status_code == 200


UNCLEAR_END = (
    b"X-Odd: a\x00b",
    b"X-Odd: a\rb",
    b"Content-Length: -1",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding : chunked",
    b"Host: b",
)
"""Lines by which two readers can disagree about where a request ends, or whom it is for."""
TOO_MUCH = b"X" * (LARGEST_HEAD + 5_000) + b": 1"
"""A head that is refused for its length alone."""
MUCH = b"\r\n".join(b"X-%d: 1" % number for number in range(5_000))
"""Odd as well, but everybody sees where the request ends: what follows it is a request of its own."""


@pytest.mark.parametrize(
    ("line", "answered"),
    [*((line, [400]) for line in (*UNCLEAR_END, TOO_MUCH)), (MUCH, [401, 200])],
)
def test_odd_headers_smuggle_no_second_request(
    safehold: Installation, line: bytes, answered: list[int]
) -> None:
    # Only the second asks to close: whoever reads the first in another way than we do would have it answered.
    second = b"GET /v1/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    head = b"POST /v1/scan HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n"
    # Whether all of it comes at once or in parts is nothing that an answer may depend on.
    for size in (len(head + second), 20_000, 3_000):
        statuses, _ = raw(safehold, head + second, at_once=size)
        assert statuses == answered
    assert safehold.platform().ask("GET", "/v1/health/live").status == 200


def test_no_text_writes_a_line_of_its_own_into_the_log(safehold: Installation, visitor: Any) -> None:
    forged = 'x\n{"event": "request", "status": 200, "route": "/planted"}\r\nplanted\x1b[2J'
    with structlog.testing.capture_logs() as lines:
        platform = safehold.platform()
        platform.upload(
            altered_copy(1), {"surface": "rehearsal", "account_id": forged, "original_name": forged}
        )
        platform.ask("POST", "/v1/scan", {"text": forged, "context": {"surface": forged}})
        visitor.client.get("/console/nowhere", params={"q": forged}, headers={"user-agent": "planted"})
        [form] = [one for one in visitor.forms("/console/sign-in") if "password" in one.typed]
        visitor.submit(form, lambda *_: forged)
    assert len(lines) >= 4
    assert "planted" not in json.dumps(lines, default=str)


def raw(safehold: Installation, request: bytes, *, at_once: int = 2**20) -> tuple[list[int], bytes]:
    """Send bytes as they are, so many at once; return the status of each answer, and all that came."""
    parts = urlsplit(safehold.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        got = b""
        with suppress(OSError):  # refused before all was sent
            for start in range(0, len(request), at_once):
                connection.sendall(request[start : start + at_once])
                time.sleep(0.005)
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                got += part
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", got)], got
