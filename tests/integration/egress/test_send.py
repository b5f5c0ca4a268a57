"""Claims about posting to destinations, against real servers on the loopback interface."""

import os
import socket
import threading

import pytest

from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.client import Egress, Response
from safehold.model.errors import AddressRefused, FetchFailed
from safehold.testing.servers import LocalServer, Route, endless, redirect, reply, reset, silence

BODY = os.urandom(300_000)


def post(
    server: LocalServer, *, headers: dict[str, str] | None = None, deadline_seconds: float = 20
) -> Response:
    return Egress(user_agent="safehold-test").send(
        server.url("/hook"),
        body=BODY,
        headers=headers or {},
        permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"),
        deadline_seconds=deadline_seconds,
    )


def test_body_and_headers_arrive_exactly() -> None:
    with LocalServer({"/hook": reply(b"taken", status=202)}) as server:
        response = post(server, headers={"Content-Type": "application/json", "X-One": "1"})
    assert (response.status, response.body) == (202, b"taken")
    [request] = server.requests
    assert request.method == "POST"
    assert request.body == BODY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-one"] == "1"
    assert request.headers["user-agent"] == "safehold-test"


def test_an_empty_body_is_posted_with_its_length() -> None:
    with LocalServer({"/hook": reply()}) as server:
        Egress(user_agent="t").send(
            server.url("/hook"),
            body=b"",
            headers={},
            permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"),
            deadline_seconds=20,
        )
    assert server.requests[0].headers["content-length"] == "0"


@pytest.mark.parametrize("status", [200, 204, 400, 410, 429, 500, 503])
def test_every_status_comes_back_as_an_answer(status: int) -> None:
    with LocalServer({"/hook": reply(status=status, retry_after="7", x_other="no")}) as server:
        response = post(server)
    assert response.status == status
    assert response.headers == {"content-type": "application/octet-stream", "retry-after": "7"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with LocalServer({"/hook": redirect("/elsewhere", status=status), "/elsewhere": reply()}) as server:
        assert post(server).status == status
    assert [request.path for request in server.requests] == ["/hook"]


def test_only_the_first_two_kilobytes_of_an_answer_are_read() -> None:
    with LocalServer({"/hook": endless()}) as server:
        response = post(server)
    assert response.body == b"0" * 2048
    assert "0000" not in repr(response)


def test_a_caller_that_needs_more_of_an_answer_gets_as_much_as_it_says() -> None:
    with LocalServer({"/hook": endless()}) as server:
        response = Egress(user_agent="t").send(
            server.url("/hook"),
            body=b"",
            headers={},
            permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"),
            deadline_seconds=20,
            answer_bytes=100_000,
        )
    assert response.body == b"0" * 100_000


def test_an_answer_that_refuses_the_body_before_reading_it_is_still_seen() -> None:
    def refuse_early() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=refuse_early)
        thread.start()
        response = Egress(user_agent="t").send(
            f"http://127.0.0.1:{port}/",
            body=b"0" * 50_000_000,
            headers={},
            permitted=PermittedNetworks.of(f"127.0.0.1:{port}"),
            deadline_seconds=20,
        )
        thread.join()
    assert response.status == 413


@pytest.mark.parametrize(("route", "expected"), [(silence(), "timeout"), (reset(), "closed")])
def test_a_destination_that_fails_is_named_by_a_stable_reason(route: Route, expected: str) -> None:
    with LocalServer({"/hook": route}) as server, pytest.raises(FetchFailed) as failed:
        post(server, deadline_seconds=0.5)
    assert failed.value.reason == expected
    assert "hook" not in str(failed.value)


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Cookie"])
def test_a_header_of_the_clients_own_cannot_be_given(name: str) -> None:
    with LocalServer({"/hook": reply()}) as server, pytest.raises(ValueError, match="sets itself"):
        post(server, headers={name: "1"})
    assert server.requests == []


def test_a_header_cannot_smuggle_a_second_one() -> None:
    with LocalServer({"/hook": reply()}) as server, pytest.raises(FetchFailed) as failed:
        post(server, headers={"X-One": "1\r\nX-Two: 2"})
    assert failed.value.reason == "protocol"
    assert server.requests == []


def test_a_destination_must_state_its_networks() -> None:
    with pytest.raises(TypeError, match="permitted"):
        Egress(user_agent="t").send("http://127.0.0.1/", body=b"", headers={}, deadline_seconds=1)  # type: ignore[call-arg]


def test_what_content_may_reach_is_not_lent_to_destinations() -> None:
    with LocalServer({"/hook": reply()}) as server:
        content = PermittedNetworks.of(f"127.0.0.1:{server.port}")
        with pytest.raises(AddressRefused):
            Egress(user_agent="t", content_permitted=content).send(
                server.url("/hook"), body=b"", headers={}, permitted=NONE, deadline_seconds=20
            )
    assert server.requests == []
