"""A hostile host gets nothing but its own answer refused: in time, in bounds, by a stable reason."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress, Fetched
from safehold.model.errors import FetchFailed, SafeholdError, TooLarge
from safehold.testing.servers import Answer, LocalServer, Route, garbage, reply

MOST = 10_000
OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(20_000_000))


def fetch(route: Route, *, deadline_seconds: float = 10) -> Fetched:
    with LocalServer({"/": route}) as server:
        permitted = PermittedNetworks.of(f"127.0.0.1:{server.port}")
        return Egress(user_agent="t", content_permitted=permitted).fetch(
            server.url(), max_bytes=MOST, deadline_seconds=deadline_seconds
        )


def repeated(begin: bytes, again: bytes, *, pause_seconds: float = 0) -> Route:
    """Send a beginning, and then the same bytes for as long as they are read."""

    def route(answer: Answer) -> None:
        answer.send(begin)
        while not answer.stopping.wait(pause_seconds):
            answer.send(again)

    return route


ENDLESS = {
    "one header without end": repeated(OK + b"X-A: ", b"a" * 65_536),
    "headers without end": repeated(OK, b"X-A: b\r\n" * 8192),
    "a status line without end": repeated(b"HTTP/1.1 200 ", b"O" * 65_536),
    "blank lines before the answer": repeated(b"", b"\r\n" * 8192),
    "provisional answers without end": repeated(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "early hints without end": repeated(b"", b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n" * 1000),
    "a chunk extension without end": repeated(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536),
    "chunks of one byte with long extensions": repeated(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 4000 + b"\r\na\r\n"
    ),
    "trailers without end": repeated(
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", b"X-A: b\r\n" * 8192
    ),
    "a body without a length": repeated(OK + b"\r\n", b"a" * 65_536),
    "an upgrade nobody asked for": repeated(
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"a" * 65_536
    ),
}


@pytest.mark.parametrize("route", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_has_no_end_is_cut_off_without_being_kept(route: Route) -> None:
    tracemalloc.start()
    try:
        with pytest.raises((FetchFailed, TooLarge)):
            fetch(route, deadline_seconds=1)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4_000_000


SLOW = {
    "the status line": repeated(b"HTT", b"P", pause_seconds=0.05),
    "the headers": repeated(OK, b"X", pause_seconds=0.05),
    "the body": repeated(OK + b"Content-Length: 5000\r\n\r\n", b"a", pause_seconds=0.05),
    "the chunks": repeated(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", pause_seconds=0.05),
    "the provisional answers": repeated(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause_seconds=0.05),
}


@pytest.mark.parametrize("route", SLOW.values(), ids=SLOW.keys())
def test_whoever_drips_is_left_when_the_time_is_up(route: Route) -> None:
    with pytest.raises(FetchFailed, match="timeout"):
        fetch(route, deadline_seconds=0.4)


@pytest.mark.parametrize(
    "name", ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "gzip, identity", "identity, gzip", "aes"]
)
def test_no_compressed_body_is_ever_unpacked(name: str) -> None:
    with pytest.raises(FetchFailed, match="encoding"):
        fetch(reply(BOMB[:MOST], content_encoding=name))


def test_a_bomb_that_hides_its_compression_stays_as_small_as_it_came() -> None:
    small = zlib.compress(bytes(1_000_000))
    assert fetch(reply(small, media_type="application/gzip")).body == small
    with pytest.raises((FetchFailed, TooLarge)):
        fetch(garbage(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\naaaaa\r\n0\r\n\r\n"))


AMBIGUOUS = {
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": OK + b"Content-Length: 1, 2\r\n\r\nab",
    "a negative length": OK + b"Content-Length: -1\r\n\r\nab",
    "a length with a sign": OK + b"Content-Length: +1\r\n\r\nab",
    "a length in hexadecimal": OK + b"Content-Length: 0x1\r\n\r\nab",
    "a length in other digits": OK + "Content-Length: ٢\r\n\r\nab".encode(),
    "a length beyond all measure": OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nab",
    "a chunk beyond all measure": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nab",
    "a chunk with a sign": OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nab",
    "a chunk that is none": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab",
    "two transfer encodings": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "a header without a name": OK + b": x\r\n\r\n",
    "a header with a zero byte": OK + b"X: a\0b\r\n\r\n",
    "a space before the colon": OK + b"X : a\r\n\r\n",
    "no protocol": b"ab",
    "a mail server": b"220 here\r\n250 fine\r\n",
    "a shorter body than promised": OK + b"Content-Length: 10\r\n\r\nab",
}


@pytest.mark.parametrize("data", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_an_answer_that_two_readers_could_read_differently_is_refused(data: bytes) -> None:
    with pytest.raises((FetchFailed, TooLarge)) as failed:
        fetch(garbage(data))
    assert getattr(failed.value, "reason", "size") in ("protocol", "closed", "size", "encoding")


def test_what_follows_the_answer_is_not_read_as_another() -> None:
    data = OK + b"Content-Length: 2\r\n\r\nab" + OK + b"Content-Length: 2\r\n\r\ncd"
    assert fetch(garbage(data)).body == b"ab"


PARTS = st.sampled_from(
    [
        *[
            OK,
            b"HTTP/1.1 302 Found\r\n",
            b"HTTP/1.1 100 C\r\n",
            b"HTTP/0.9",
            b"\r\n",
            b"\n",
            b":",
            b"\0",
            b"\xff",
        ],
        *[b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"abc"],
        *[b"Location: /\r\n", b"Location: http://127.0.0.1:1/\r\n", b"Content-Encoding: gzip\r\n"],
        *[b"X: y\r\n", b" z\r\n", b"Set-Cookie: a=b\r\n"],
    ]
)
ONE_CLIENT = Egress(user_agent="t")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PARTS | st.binary(max_size=20), max_size=12))
def test_whatever_a_host_answers_we_get_bytes_or_a_failure_of_our_own(parts: list[bytes]) -> None:
    said, size = "", 0
    with LocalServer({"/": garbage(b"".join(parts))}) as server:
        permitted = PermittedNetworks.of(f"127.0.0.1:{server.port}")
        try:
            fetched = ONE_CLIENT.fetch(server.url(), max_bytes=MOST, deadline_seconds=5, permitted=permitted)
            size = len(fetched.body)
        except SafeholdError as failed:
            said = str(failed)
    assert size <= MOST
    assert "127.0.0.1" not in said
