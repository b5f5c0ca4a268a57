"""The guard that keeps tests off the network."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from safehold.testing.no_network import NetworkForbidden, Reach, is_loopback, limited_to

OUTSIDE_V4 = ("192.0.2.1", 9)  # TEST-NET-1: belongs to nobody
OUTSIDE_V6 = ("2001:db8::1", 9, 0, 0)


@pytest.mark.parametrize("reach", list(Reach))
@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, OUTSIDE_V4), (socket.AF_INET6, OUTSIDE_V6)], ids=["v4", "v6"]
)
def test_an_address_outside_this_machine_is_refused_at_every_reach(
    reach: Reach, family: socket.AddressFamily, address: tuple[str, int]
) -> None:
    with limited_to(reach) as refused, socket.socket(family) as client:
        with pytest.raises(NetworkForbidden):
            client.connect(address)

        assert len(refused) == 1


def test_a_datagram_is_refused_as_well() -> None:
    with (
        limited_to(Reach.LOOPBACK),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        pytest.raises(NetworkForbidden),
    ):
        client.sendto(b"x", OUTSIDE_V4)


def test_loopback_answers_under_loopback_and_is_refused_under_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with limited_to(Reach.LOOPBACK) as refused:
            socket.create_connection(address).close()
        assert refused == []

        with limited_to(Reach.NO_NETWORK), pytest.raises(NetworkForbidden):
            socket.create_connection(address)


def test_a_name_is_never_looked_up_except_localhost() -> None:
    with limited_to(Reach.LOOPBACK):
        socket.getaddrinfo("localhost", 80)
        socket.getaddrinfo("127.0.0.1", 80)
        socket.getaddrinfo(None, 0)
        with pytest.raises(NetworkForbidden):
            socket.getaddrinfo("name.invalid", 80)


def test_a_refusal_is_remembered_when_the_code_under_test_swallows_it() -> None:
    with limited_to(Reach.NO_NETWORK) as refused, contextlib.suppress(NetworkForbidden):
        socket.create_connection(("127.0.0.1", 9))

    assert refused == ["socket.connect was refused: this test may use no network at all."]


def test_unix_sockets_are_open_at_every_reach(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        with limited_to(Reach.NO_NETWORK) as refused:
            client.connect(path)

    assert refused == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "::1%lo", "localhost"])
def test_every_loopback_address_counts_as_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "localhost.invalid", "127.0.0.1.invalid"])
def test_nothing_else_counts_as_loopback(host: str) -> None:
    assert not is_loopback(host)
