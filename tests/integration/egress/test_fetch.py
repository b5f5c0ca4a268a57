"""Claims about fetching, against real servers on the loopback interface."""

import gzip
import logging
import os
import threading
from pathlib import Path

import pytest

from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.client import Egress
from safehold.egress.connection import Resolve, system_resolve
from safehold.model.errors import AddressRefused, FetchFailed, SafeholdError, TooLarge
from safehold.testing.certificates import self_signed_certificate
from safehold.testing.servers import (
    Answer,
    LocalServer,
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

BODY = os.urandom(200_000)


def loopback(server: LocalServer) -> PermittedNetworks:
    return PermittedNetworks.of(f"127.0.0.1:{server.port}")


def client(
    *, content: PermittedNetworks = NONE, resolve: Resolve = system_resolve, ca_file: Path | None = None
) -> Egress:
    return Egress(
        user_agent="safehold-test",
        resolve=resolve,
        content_permitted=content,
        ca_file=ca_file,
        connect_seconds=2,
    )


def always(addresses: list[str]) -> Resolve:
    return lambda host, port: addresses


def reason(route: Route, *, max_bytes: int = 1_000_000, deadline_seconds: float = 20) -> str:
    """Fetch one route and return the reason of the failure."""
    with LocalServer({"/": route}) as server, pytest.raises(FetchFailed) as failed:
        client().fetch(
            server.url(), max_bytes=max_bytes, deadline_seconds=deadline_seconds, permitted=loopback(server)
        )
    assert str(server.port) not in str(failed.value)
    assert "127.0.0.1" not in str(failed.value)
    return failed.value.reason


def test_a_body_arrives_exactly_with_its_claimed_media_type() -> None:
    with LocalServer({"/a": reply(BODY, media_type="Image/JPEG; q=1")}) as server:
        fetched = client().fetch(
            server.url("/a?b=c%20d#e"), max_bytes=len(BODY), deadline_seconds=20, permitted=loopback(server)
        )
    assert fetched.body == BODY
    assert fetched.media_type == "image/jpeg"
    assert fetched.redirects == 0
    assert fetched.final_url == server.url("/a?b=c%20d")
    assert "127.0.0.1" not in repr(fetched)
    [request] = server.requests
    assert request.path == "/a?b=c%20d"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["user-agent"] == "safehold-test"
    assert request.headers["accept-encoding"] == "identity"


def test_a_missing_media_type_is_none() -> None:
    with LocalServer({"/": reply(b"x", media_type=None)}) as server:
        fetched = client().fetch(server.url(), max_bytes=10, deadline_seconds=20, permitted=loopback(server))
    assert fetched.media_type is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "127.0.0.1."]
)
def test_loopback_is_refused_by_default_and_nothing_is_sent(host: str) -> None:
    with LocalServer({"/": reply(b"x")}) as server:
        with pytest.raises(AddressRefused):
            client().fetch(server.url(host=host), max_bytes=10, deadline_seconds=20)
        with pytest.raises(AddressRefused):
            client().send(server.url(host=host), body=b"", headers={}, permitted=NONE, deadline_seconds=20)
    assert server.requests == []


def test_a_permitted_port_opens_that_port_and_no_other() -> None:
    with LocalServer({"/": reply(b"open")}) as opened, LocalServer({"/": reply(b"shut")}) as shut:
        permitted = loopback(opened)
        fetched = client().fetch(opened.url(), max_bytes=10, deadline_seconds=20, permitted=permitted)
        assert fetched.body == b"open"
        with pytest.raises(AddressRefused):
            client().fetch(shut.url(), max_bytes=10, deadline_seconds=20, permitted=permitted)
    assert shut.requests == []


def test_a_redirect_does_not_inherit_what_its_start_was_permitted() -> None:
    with LocalServer({"/secret": reply(b"inner")}) as server:
        with LocalServer({"/": redirect(server.url("/secret"))}) as start:
            both = loopback(server).join(loopback(start))
            with pytest.raises(AddressRefused):
                client().fetch(start.url(), max_bytes=10, deadline_seconds=20, permitted=both)
        assert len(start.requests) == 1
    assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_where_content_may_reach(status: int) -> None:
    routes = {
        "/": redirect("/next?x=1", status=status),
        "/next": redirect("last", status=status),
        "/last": reply(b"here"),
    }
    with LocalServer(routes) as server:
        fetched = client(content=loopback(server)).fetch(server.url(), max_bytes=10, deadline_seconds=20)
    assert (fetched.body, fetched.redirects) == (b"here", 2)
    assert [request.path for request in server.requests] == ["/", "/next?x=1", "/last"]
    assert fetched.final_url.endswith("/last")


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/hostname",
        "ftp://8.8.8.8/",
        "http://[::1/",
        "http://name:word@8.8.8.8/",
        "http://10.0.0.1/",
    ],
)
def test_every_hop_of_a_redirect_is_judged(location: str) -> None:
    with LocalServer({"/": redirect(location)}) as server, pytest.raises(AddressRefused):
        client(content=loopback(server)).fetch(server.url(), max_bytes=10, deadline_seconds=20)


def test_a_redirect_loop_ends_after_the_allowed_number() -> None:
    with LocalServer({"/": redirect("/")}) as server, pytest.raises(FetchFailed) as failed:
        client(content=loopback(server)).fetch(
            server.url(), max_bytes=10, deadline_seconds=20, max_redirects=3
        )
    assert failed.value.reason == "redirects"
    assert len(server.requests) == 4


def test_a_name_and_password_in_a_url_is_refused_even_where_the_address_is_permitted() -> None:
    with LocalServer({"/": reply(b"x")}) as server, pytest.raises(AddressRefused, match="name or password"):
        client().fetch(
            server.url(host="name:word@127.0.0.1"),
            max_bytes=10,
            deadline_seconds=20,
            permitted=loopback(server),
        )
    assert server.requests == []


def test_an_answer_that_changes_after_the_check_changes_nothing() -> None:
    """The name answers with a permitted address once and with another server's ever after."""
    with LocalServer({"/": reply(b"checked")}) as server:
        asked: list[str] = []

        def rebinding(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

        fetched = client(resolve=rebinding).fetch(
            server.url(host="example.test"), max_bytes=10, deadline_seconds=20, permitted=loopback(server)
        )
    assert fetched.body == b"checked"
    assert asked == ["example.test"]
    assert server.requests[0].headers["host"] == f"example.test:{server.port}"


def test_the_connection_goes_to_the_checked_address_and_not_to_the_name() -> None:
    """The system knows this name as the server's own address; the check was of another."""
    with LocalServer({"/": reply(b"x")}) as server, pytest.raises(FetchFailed) as failed:
        client(resolve=always(["127.9.9.9"])).fetch(
            server.url(host="localhost"),
            max_bytes=10,
            deadline_seconds=20,
            permitted=PermittedNetworks.of(f"127.0.0.0/8:{server.port}"),
        )
    assert failed.value.reason == "connect"
    assert server.requests == []


def test_a_name_that_turns_to_an_inner_address_on_the_second_hop_is_refused() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.7"]])
    with (
        LocalServer({"/": redirect("/again"), "/again": reply(b"x")}) as server,
        pytest.raises(AddressRefused),
    ):
        client(content=loopback(server), resolve=lambda host, port: next(answers)).fetch(
            server.url(host="example.test"), max_bytes=10, deadline_seconds=20
        )
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1", "10.0.0.7"],
        ["127.0.0.1", "::1"],
        ["127.0.0.1", "fe80::1%1"],
        ["127.0.0.1", "::ffff:10.0.0.7"],
    ],
)
def test_one_refused_address_among_several_refuses_the_name(addresses: list[str]) -> None:
    with LocalServer({"/": reply(b"x")}) as server:
        for answer in (addresses, addresses[::-1]):
            with pytest.raises(AddressRefused):
                client(resolve=always(answer)).fetch(
                    server.url(host="example.test"),
                    max_bytes=10,
                    deadline_seconds=20,
                    permitted=loopback(server),
                )
    assert server.requests == []


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    with LocalServer({"/": reply(b"second")}) as server:
        permitted = PermittedNetworks.of(f"127.0.0.0/8:{server.port}")
        fetched = client(resolve=lambda host, port: ["127.9.9.9", "127.0.0.1"]).fetch(
            server.url(host="example.test"), max_bytes=10, deadline_seconds=20, permitted=permitted
        )
    assert fetched.body == b"second"


def test_a_name_without_addresses_is_a_dns_failure() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    for resolve in (unknown, always([])):
        with pytest.raises(FetchFailed) as failed:
            client(resolve=resolve).fetch("http://example.test/", max_bytes=10, deadline_seconds=20)
        assert failed.value.reason == "dns"
        assert "example" not in str(failed.value)


def test_a_lookup_that_hangs_ends_with_the_deadline() -> None:
    released = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        released.wait()
        return []

    try:
        with pytest.raises(FetchFailed) as failed:
            client(resolve=hanging).fetch("http://example.test/", max_bytes=10, deadline_seconds=0.2)
    finally:
        released.set()
    assert failed.value.reason == "timeout"


def test_nobody_listening_is_a_connect_failure() -> None:
    with LocalServer({}) as server:
        permitted, url = loopback(server), server.url()
    with pytest.raises(FetchFailed) as failed:
        client().fetch(url, max_bytes=10, deadline_seconds=20, permitted=permitted)
    assert failed.value.reason == "connect"


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 410, 429, 500, 503])
def test_any_status_but_200_fails_and_is_named(status: int) -> None:
    assert reason(reply(status=status)) == f"status:{status}"


def test_a_redirect_without_a_location_is_named_by_its_status() -> None:
    assert reason(reply(status=302)) == "status:302"


def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    with LocalServer({"/": reply(b"0" * 1000)}) as server:
        permitted = loopback(server)
        whole = client().fetch(server.url(), max_bytes=1000, deadline_seconds=20, permitted=permitted)
        assert len(whole.body) == 1000
        with pytest.raises(TooLarge, match="999"):
            client().fetch(server.url(), max_bytes=999, deadline_seconds=20, permitted=permitted)


def test_a_body_without_end_is_cut_at_the_limit() -> None:
    with LocalServer({"/": endless()}) as server, pytest.raises(TooLarge):
        client().fetch(server.url(), max_bytes=100_000, deadline_seconds=60, permitted=loopback(server))


def test_a_body_without_a_promised_length_meets_the_same_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with LocalServer({"/": garbage(head + b"3e8\r\n" + b"0" * 1000 + b"\r\n0\r\n\r\n")}) as server:
        permitted = loopback(server)
        whole = client().fetch(server.url(), max_bytes=1000, deadline_seconds=20, permitted=permitted)
        assert whole.body == b"0" * 1000
        with pytest.raises(TooLarge):
            client().fetch(server.url(), max_bytes=999, deadline_seconds=20, permitted=permitted)


def test_a_promise_of_too_much_is_refused_before_any_of_it_arrives() -> None:
    with LocalServer({"/": break_off(b"", promised=10**15)}) as server, pytest.raises(TooLarge):
        client().fetch(server.url(), max_bytes=100, deadline_seconds=20, permitted=loopback(server))


def test_a_compressed_body_is_refused_and_never_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert reason(reply(bomb, content_encoding="gzip")) == "encoding"


@pytest.mark.parametrize(
    "route",
    [drip(b"0" * 1000, pause_seconds=0.05), drip_headers(pause_seconds=0.05), silence()],
    ids=["body", "headers", "silence"],
)
def test_a_server_that_stalls_or_drips_is_left_when_the_time_is_up(route: Route) -> None:
    assert reason(route, deadline_seconds=0.5) == "timeout"


def test_an_endless_body_ends_with_the_deadline_when_the_size_does_not_end_it() -> None:
    assert reason(endless(), max_bytes=10**15, deadline_seconds=0.5) == "timeout"


def test_the_deadline_counts_redirects_together() -> None:
    def slowly_around(answer: Answer) -> None:
        pause.wait(0.1)
        redirect("/")(answer)

    pause = threading.Event()
    with LocalServer({"/": slowly_around}) as server, pytest.raises(FetchFailed) as failed:
        client(content=loopback(server)).fetch(
            server.url(), max_bytes=10, deadline_seconds=0.5, max_redirects=1000
        )
    assert failed.value.reason == "timeout"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (break_off(b"half", promised=8), "closed"),
        (reset(), "closed"),
        (garbage(b""), "closed"),
        (garbage(b"not HTTP at all\r\n\r\n"), "protocol"),
        (garbage(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), "protocol"),
        (garbage(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nxx"), "protocol"),
        (
            garbage(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            "protocol",
        ),
        (garbage(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000), "protocol"),
    ],
    ids=["half", "reset", "nothing", "words", "two lengths", "negative length", "upgrade", "huge header"],
)
def test_a_broken_answer_is_a_named_failure(route: Route, expected: str) -> None:
    assert reason(route) == expected


def test_cookies_are_not_kept_between_requests() -> None:
    with LocalServer({"/": reply(b"x", set_cookie="a=b")}) as server:
        reaching = client(content=loopback(server))
        for _ in range(2):
            reaching.fetch(server.url(), max_bytes=10, deadline_seconds=20)
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


def test_a_proxy_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalServer({}) as proxy, LocalServer({"/": reply(b"direct")}) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        fetched = client().fetch(server.url(), max_bytes=10, deadline_seconds=20, permitted=loopback(server))
    assert fetched.body == b"direct"
    assert proxy.requests == []


def test_no_address_reaches_a_log_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with LocalServer({"/listed": redirect("/gone")}) as server, pytest.raises(SafeholdError):
        client(content=loopback(server)).fetch(server.url("/listed"), max_bytes=10, deadline_seconds=20)
    assert len(server.requests) == 2
    assert "listed" not in caplog.text
    assert str(server.port) not in caplog.text


def test_a_self_signed_certificate_is_refused(tmp_path: Path) -> None:
    files = self_signed_certificate(tmp_path, "127.0.0.1", "example.test")
    server = LocalServer({"/": reply(b"x")}, tls=files.server_context())
    with server, pytest.raises(FetchFailed) as failed:
        client().fetch(server.url(), max_bytes=10, deadline_seconds=20, permitted=loopback(server))
    assert failed.value.reason == "tls"
    assert server.requests == []


def test_a_trusted_certificate_is_checked_for_the_name_and_not_for_the_pinned_address(tmp_path: Path) -> None:
    files = self_signed_certificate(tmp_path, "example.test")
    with LocalServer({"/": reply(b"secret")}, tls=files.server_context()) as server:
        trusting = client(ca_file=files.certificate, resolve=lambda host, port: ["127.0.0.1"])
        permitted = loopback(server)
        fetched = trusting.fetch(
            server.url(host="example.test"), max_bytes=10, deadline_seconds=20, permitted=permitted
        )
        assert fetched.body == b"secret"
        for host in ("other.test", "127.0.0.1"):
            with pytest.raises(FetchFailed) as failed:
                trusting.fetch(server.url(host=host), max_bytes=10, deadline_seconds=20, permitted=permitted)
            assert failed.value.reason == "tls"
    assert len(server.requests) == 1


def test_a_plain_server_behind_https_is_a_tls_failure() -> None:
    with LocalServer({"/": reply(b"x")}) as server, pytest.raises(FetchFailed) as failed:
        client().fetch(
            server.url().replace("http:", "https:"),
            max_bytes=10,
            deadline_seconds=20,
            permitted=loopback(server),
        )
    assert failed.value.reason == "tls"


def test_one_client_serves_many_threads_at_once() -> None:
    with LocalServer({f"/{n}": reply(str(n).encode() * 1000) for n in range(8)}) as server:
        shared, bodies = client(content=loopback(server)), dict[int, bytes]()

        def fetch(n: int) -> None:
            bodies[n] = shared.fetch(server.url(f"/{n}"), max_bytes=10_000, deadline_seconds=30).body

        threads = [threading.Thread(target=fetch, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert bodies == {n: str(n).encode() * 1000 for n in range(8)}
