"""Peers that send a byte now and then are left, and everybody else is answered meanwhile."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from safehold.testing.running import Installation
from safehold.web.patience import Patience
from safehold.web.server import served

HEAD = b"POST /v1/scan HTTP/1.1\r\nHost: a\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n"
HASTY = Patience(head_seconds=0.4, body_seconds=0.4)
LATE = 15.0
"""Seconds after which a test gives up; far above what the server is told to wait."""


@contextmanager
def connected(safehold: Installation) -> Iterator[socket.socket]:
    parts = urlsplit(safehold.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=LATE) as connection:
        yield connection


def answer(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes."""
    got = b""
    while part := connection.recv(65536):
        got += part
    return got


@pytest.fixture(scope="module")
def hasty_url(running_program: Installation) -> Iterator[str]:
    with served(running_program.program, frozenset({"api"}), patience=HASTY) as url:
        yield url


@pytest.fixture
def hasty(safehold: Installation, hasty_url: str) -> Installation:
    return replace(safehold, base_url=hasty_url)


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD, HEAD + b"X: "])
def test_a_head_that_does_not_arrive_in_time_ends_the_connection(hasty: Installation, sent: bytes) -> None:
    with connected(hasty) as connection:
        connection.sendall(sent)
        assert answer(connection) == b""


def test_a_head_that_comes_byte_by_byte_gets_no_more_time(hasty: Installation) -> None:
    with connected(hasty) as connection, pytest.raises(ConnectionError):
        drip(connection, HEAD * 1000)


def drip(connection: socket.socket, sent: bytes) -> None:
    gives_up = time.monotonic() + LATE
    for byte in sent:
        assert time.monotonic() < gives_up
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def test_the_head_of_a_second_request_has_to_come_in_time_as_well(hasty: Installation) -> None:
    with connected(hasty) as connection:
        connection.sendall(b"GET /v1/health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /v1")
        got = answer(connection)
    assert re.findall(rb"HTTP/1\.1 (\d{3})", got) == [b"200"]


def test_a_body_that_does_not_arrive_in_time_is_refused_with_a_reason(hasty: Installation) -> None:
    key = f"Authorization: Bearer {hasty.key()}\r\n".encode()
    with connected(hasty) as connection:
        connection.sendall(HEAD + key + FORM + b"--x\r\n")
        got = answer(connection)
    assert re.findall(rb"HTTP/1\.1 (\d{3})", got) == [b"408"]
    assert b'"too_slow"' in got


def test_a_body_that_comes_steadily_may_take_longer(hasty: Installation) -> None:
    part = b"x" * (HASTY.body_rate // 2)
    head = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (len(part) * 6)
    key = f"Authorization: Bearer {hasty.key()}\r\nConnection: close\r\n".encode()
    with connected(hasty) as connection:
        connection.sendall(HEAD + key + head)
        for _ in range(6):
            connection.sendall(part)
            time.sleep(0.15)
        got = answer(connection)
    assert re.findall(rb"HTTP/1\.1 (\d{3})", got) == [b"422"], "read to the end, and it is no JSON"


def test_three_hundred_connections_that_say_nothing_keep_nobody_out(safehold: Installation) -> None:
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connected(safehold)).sendall(HEAD)
        assert safehold.platform().ask("GET", "/v1/health/live").status == 200
