"""Uploads while something goes wrong: a decoder that hangs, a sender that leaves or lies, forms cut short."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, altered_copy
from safehold.vault.decoding.pool import DecoderPool
from safehold.web.server import served

CONTEXT = {"surface": "rehearsal"}
PDQ = {"type": "pdq", "value": "0f" * 32}
LISTED = altered_copy(1)
MUCH = 700_000
"""Bytes that are more than one piece of a body."""


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that is about to happen; the test's time-out is the limit."""
    while not holds():
        time.sleep(0.005)


@contextmanager
def hanging(decoders: DecoderPool) -> Iterator[None]:
    """Let every decoder stand still for as long as the block lasts."""
    stopped = decoders.pids
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def form(data: bytes, *, file_first: bool = False) -> bytes:
    """Return the parts of an upload, the final boundary left out."""
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="context"\r\n\r\n' + json.dumps(CONTEXT).encode(),
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + data,
    ]
    return b"\r\n".join(reversed(parts) if file_first else parts) + b"\r\n--b"


def head(safehold: Installation, *fields: str) -> bytes:
    lines = [
        "POST /v1/scan HTTP/1.1",
        "Host: a",
        f"Authorization: Bearer {safehold.key()}",
        "Content-Type: multipart/form-data; boundary=b",
        *fields,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def connected(safehold: Installation) -> Iterator[socket.socket]:
    where = urlsplit(safehold.base_url)
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[int, str]:
    """Return the status of the first answer, and the result or the code that it tells."""
    got = b""
    while not (told := re.search(rb'"(?:result|code)":"(\w+)"', got.replace(b" ", b""))):
        part = connection.recv(65_536)
        assert part, got
        got += part
    return int(got.split()[1]), told[1].decode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("data", [LISTED, LISTED + bytes(MUCH)], ids=["short", "long"])
def test_while_every_decoder_hangs_all_else_is_answered_and_then_every_upload(
    safehold: Installation, platform: Platform, data: bytes
) -> None:
    decoders = safehold.program.scanner.decoders
    with ThreadPoolExecutor(60) as senders:
        with hanging(decoders):
            uploads = [senders.submit(platform.upload, data, CONTEXT) for _ in range(30)]
            wait_until(decoders._places.empty)
            for _ in range(3):
                compared = platform.ask("POST", "/v1/scan", {"signals": [PDQ], "context": CONTEXT})
                assert (compared.status, compared.body["result"]) == (200, "clear")
                assert platform.ask("GET", "/v1/lists").status == 200
            assert not any(upload.done() for upload in uploads)
        assert {upload.result().body["result"] for upload in uploads} == {"hold"}


def test_a_decoder_that_hangs_for_good_makes_its_upload_incomplete_and_no_other(
    fresh_database_url: str, tmp_path: Path
) -> None:
    settings = running.settings_of(tmp_path / "data", fresh_database_url, decoding={"seconds": 2})
    with running.installation(settings, serve=served) as own, ThreadPoolExecutor(4) as senders:
        own.add_list()
        platform, decoders = own.platform(), own.program.scanner.decoders
        [pid] = decoders.pids
        os.kill(pid, signal.SIGSTOP)
        first = senders.submit(platform.upload, altered_copy(100), CONTEXT)
        wait_until(decoders._places.empty)
        others = [senders.submit(platform.upload, LISTED, CONTEXT) for _ in range(3)]
        told = first.result().body
        assert (told["result"], told["degraded"]) == ("incomplete", ["decoder:limit"])
        assert {other.result().body["result"] for other in others} == {"hold"}
        assert pid not in decoders.pids


def test_a_sender_who_leaves_before_the_answer_takes_no_decoder_along_and_is_held_all_the_same(
    safehold: Installation, platform: Platform
) -> None:
    decoders = safehold.program.scanner.decoders
    before = decoders.pids
    body = form(LISTED) + b"--\r\n"
    with hanging(decoders), connected(safehold) as connection:
        connection.sendall(head(safehold, f"Content-Length: {len(body)}") + body)
        wait_until(decoders._places.empty)
    assert platform.upload(LISTED, CONTEXT).body["result"] == "hold"
    wait_until(lambda: len(safehold.sql("select id from hold")) == 2)
    assert decoders.pids == before


@pytest.mark.parametrize("file_first", [True, False])
@pytest.mark.parametrize("size", [0, MUCH], ids=["short", "long"])
def test_a_form_is_read_the_same_wherever_its_pieces_begin(
    safehold: Installation, size: int, file_first: bool
) -> None:
    body = form(LISTED + bytes(size), file_first=file_first) + b"--\r\n"
    edges = [match.start() for match in re.finditer(rb"--b", body)]
    cuts = sorted({0, *(edge + step for edge in edges for step in range(-2, 5) if edge + step > 0)})
    pieces = [body[start:end] for start, end in zip(cuts, [*cuts[1:], len(body)], strict=True)]
    with connected(safehold) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head(safehold, f"Content-Length: {len(body)}"))
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.002)
        assert answer(connection) == (200, "hold")


@pytest.mark.parametrize("size", [0, MUCH], ids=["short", "long"])
def test_of_two_lengths_that_contradict_each_other_the_one_that_counts_is_what_came(
    safehold: Installation, size: int
) -> None:
    body = form(LISTED + bytes(size)) + b"--\r\n"
    with connected(safehold) as connection:
        fields = ("Content-Length: 10", "Transfer-Encoding: chunked")
        connection.sendall(head(safehold, *fields) + chunk(body) + chunk(b""))
        assert answer(connection) == (200, "hold")


def test_a_form_that_says_that_it_is_shorter_than_it_is_is_refused_and_the_rest_is_no_request(
    safehold: Installation, platform: Platform
) -> None:
    body = form(LISTED) + b"--\r\n"
    with connected(safehold) as connection:
        connection.sendall(head(safehold, f"Content-Length: {len(body) - 1000}") + body)
        assert answer(connection) == (422, "bad_form")
    assert "hold" not in safehold.counts()
    assert platform.upload(LISTED, CONTEXT).body["result"] == "hold"


@pytest.mark.parametrize("size", [0, MUCH], ids=["short", "long"])
@pytest.mark.parametrize(
    ("end", "told"),
    [
        (b"--", (200, "hold")),
        (b"--\r\n", (200, "hold")),
        (b"--\r\nwhatever follows", (200, "hold")),
        (b"", (422, "bad_form")),
        (b"c--\r\n", (422, "bad_form")),
        (
            b'\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\n\r\n--b--',
            (422, "bad_form"),
        ),
        (b'\r\nContent-Disposition: form-data; name="other"\r\n\r\n\r\n--b--', (422, "bad_form")),
    ],
    ids=["plain", "usual", "more", "none", "another", "twice", "third"],
)
def test_however_a_form_ends_a_short_one_is_answered_as_a_long_one_is(
    platform: Platform, size: int, end: bytes, told: tuple[int, str]
) -> None:
    body = form(LISTED + bytes(size)) + end
    got = platform.send("POST", "/v1/scan", body, {"Content-Type": "multipart/form-data; boundary=b"})
    assert (got.status, got.body.get("result") or got.body["code"]) == told


@pytest.mark.parametrize("size", [0, MUCH], ids=["short", "long"])
def test_a_form_within_a_form_is_a_file_like_any_other(platform: Platform, size: int) -> None:
    inner = b'--i\r\nContent-Disposition: attachment; filename="a"\r\n\r\n' + LISTED + b"\r\n--i--\r\n"
    nested = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
        b"Content-Type: multipart/mixed; boundary=i\r\n\r\n" + inner + bytes(size) + b"\r\n"
        b'--b\r\nContent-Disposition: form-data; name="context"\r\n\r\n{"surface": "rehearsal"}\r\n--b--'
    )
    got = platform.send("POST", "/v1/scan", nested, {"Content-Type": "multipart/form-data; boundary=b"})
    assert (got.status, got.body["result"]) == (200, "incomplete")
    assert any(code.startswith("decoder:") for code in got.body["degraded"])
