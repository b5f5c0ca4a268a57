"""The origin of pictures: one address, no cookies, no cache, for the console's scripts alone, once."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import Any, cast

import httpx
import pytest
import structlog
from PIL import Image

from safehold.model.errors import ReaderDown, VaultObjectDamaged
from safehold.web.media.application import create_media_app
from safehold.web.origins import console_origins
from safehold.web.server import served

CONSOLE = "https://console.example.org"


@pytest.fixture
def fetch(room: Any) -> Any:
    """Return what fetches by a ticket as the console's script does; headers can be changed and left out."""
    app = create_media_app(room.reader, console_origins=[CONSOLE], at_once=2)
    transport = httpx.ASGITransport(app)

    def ask(ticket: str, method: str = "GET", **headers: str | None) -> httpx.Response:
        sent = {"origin": CONSOLE, "sec-fetch-dest": "empty"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        for name, value in headers.items():
            if value is None:
                sent.pop(name.replace("_", "-"), None)
        return _asked(transport, method, f"/v/{ticket}", sent)

    return ask


def _asked(transport: httpx.ASGITransport, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="https://media.example.org") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(once())


def test_a_picture_comes_once_and_may_be_kept_by_nobody(room: Any, fetch: Any) -> None:
    ticket = room.asks().secret
    answer = fetch(ticket)
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == CONSOLE
    assert answer.headers["vary"] == "origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "inline"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["accept-ranges"] == "none"
    assert not {"set-cookie", "access-control-allow-credentials", "etag", "last-modified"} & set(
        answer.headers
    )
    assert fetch(ticket).status_code == 404


def test_a_wrong_a_used_and_an_old_ticket_all_get_the_same_answer(room: Any, fetch: Any) -> None:
    used, old = room.asks().secret, room.asks().secret
    assert fetch(used).status_code == 200
    room.safehold.sql(
        "update reveal set opened_at = opened_at - interval '31 seconds',"
        " ends_by = ends_by - interval '31 seconds'"
    )
    answers = [fetch(ticket) for ticket in ("made-up", used, old)]
    assert {answer.status_code for answer in answers} == {404}
    told = [{name: value for name, value in a.json().items() if name != "request_id"} for a in answers]
    assert told[0] == told[1] == told[2]
    lengths = {tuple(sorted(set(a.headers) - {"x-request-id"})) for a in answers}
    assert len(lengths) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": None},
        {"origin": "https://console.example.org.evil.example.net"},
        {"origin": "null"},
        {"origin": "http://console.example.org"},
        {"sec_fetch_dest": "document"},
        {"sec_fetch_dest": "image"},
        {"method": "HEAD"},
        {"method": "POST"},
        {"method": "OPTIONS"},
    ],
)
def test_whoever_is_no_script_of_the_console_gets_nothing_and_the_ticket_stays_good(
    room: Any, fetch: Any, wrong: dict[str, Any]
) -> None:
    ticket = room.asks().secret
    refused = fetch(ticket, **wrong)
    assert refused.status_code == 404
    assert "access-control-allow-origin" not in refused.headers
    assert refused.headers["cache-control"] == "no-store"
    assert fetch(ticket).status_code == 200


@pytest.mark.parametrize(
    "odd", ["A" * 65, "A" * 20_000, "%F0%9F%98%80", "%00" * 43, "A" * 42 + "%0a", "..%2f.."]
)
def test_what_cannot_be_a_ticket_never_reaches_the_reader(odd: str) -> None:
    # Nothing is there to be asked: asking would be a failure, and 500.
    app = create_media_app(cast("Any", None), console_origins=[CONSOLE], at_once=2)
    headers = {"origin": CONSOLE, "sec-fetch-dest": "empty"}
    assert _asked(httpx.ASGITransport(app), "GET", f"/v/{odd}", headers).status_code == 404


def test_a_part_of_a_picture_cannot_be_asked_for(room: Any, fetch: Any) -> None:
    answer = fetch(room.asks().secret, range="bytes=0-9")
    assert answer.status_code == 200
    assert len(answer.content) > 1000


def test_no_ticket_and_no_path_is_ever_in_the_log(room: Any, fetch: Any) -> None:
    ticket, other = room.asks().secret, "made-up-ticket-of-nobody"
    with structlog.testing.capture_logs() as lines:
        fetch(ticket)
        fetch(other)
        fetch(other, origin=None)
    assert {line["route"] for line in lines if line["event"] == "request"} == {"/v/{ticket}", "none"}
    assert ticket not in str(lines)
    assert other not in str(lines)


class Slow:
    """A reader that keeps everybody waiting."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Semaphore(0), threading.Event()

    def show(self, ticket: str) -> bytes:
        self.asked.release()
        self.go_on.wait(60)
        return b"\xff\xd8"


def test_so_many_pictures_at_once_and_who_comes_on_top_is_asked_to_come_again() -> None:
    slow = Slow()
    transport = httpx.ASGITransport(create_media_app(slow, console_origins=[CONSOLE], at_once=2))
    headers, statuses = {"origin": CONSOLE}, []
    waiting = [
        threading.Thread(
            target=lambda: statuses.append(_asked(transport, "GET", "/v/x", headers).status_code)
        )
        for _ in range(2)
    ]
    for thread in waiting:
        thread.start()
    for _ in waiting:
        assert slow.asked.acquire(timeout=60)
    on_top = _asked(transport, "GET", "/v/x", headers)
    slow.go_on.set()
    for thread in waiting:
        thread.join()
    assert on_top.status_code == 503
    assert on_top.headers["retry-after"] == "1"
    assert statuses == [200, 200]


@pytest.mark.parametrize(("error", "status"), [(ReaderDown(), 503), (VaultObjectDamaged(), 500)])
def test_a_script_can_read_why_a_good_ticket_shows_nothing(error: Exception, status: int) -> None:
    class Broken:
        def show(self, ticket: str) -> bytes:
            raise error

    transport = httpx.ASGITransport(create_media_app(Broken(), console_origins=[CONSOLE], at_once=2))
    answer = _asked(transport, "GET", "/v/x", {"origin": CONSOLE})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == CONSOLE
    assert answer.json()["advice"]


def test_pages_and_pictures_answer_at_two_ports_and_know_of_each_other(room: Any) -> None:
    program = room.safehold.program
    surfaces = frozenset({"console", "media"})
    with served(program, surfaces) as base_url, httpx.Client(base_url=base_url, trust_env=False) as browser:
        page = browser.get("/console/sign-in")
        policy = page.headers["content-security-policy"]
        [connect] = [part for part in policy.split("; ") if part.startswith("connect-src")]
        own, media = connect.split()[1:]
        assert own == "'self'"
        assert media.startswith("http://127.0.0.1:")
        assert media != base_url
        assert "'self' blob:" in policy
        assert media not in policy.replace(connect, "")
        ticket = room.asks().secret
        assert browser.get(f"{base_url}/v/{ticket}").status_code == 404
        shown = browser.get(f"{media}/v/{ticket}", headers={"origin": base_url})
        assert shown.status_code == 200
        assert shown.headers["access-control-allow-origin"] == base_url
        assert browser.get(f"{media}/console").status_code == 404


def test_the_console_is_where_the_settings_say_or_where_it_listens(room: Any) -> None:
    settings = room.safehold.program.settings
    assert "http://localhost:8400" in console_origins(settings)
    named = settings.model_copy(update={"web": settings.web.model_copy(update={"origin": CONSOLE})})
    assert console_origins(named) == {CONSOLE}
