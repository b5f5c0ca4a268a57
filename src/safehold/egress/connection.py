"""Connections to checked addresses only: what is judged is the very number that is connected to."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any

import httpcore

from safehold.egress.addresses import IPAddress, PermittedNetworks, check_address, plain_address
from safehold.egress.urls import Target
from safehold.model.errors import FetchFailed

Resolve = Callable[[str, int], list[str]]
"""Turns a host name and a port into IP addresses as text. Raises OSError when the name has none."""

_ADDRESSES_TRIED = 4


def system_resolve(host: str, port: int) -> list[str]:
    """Ask the operating system. Raises OSError (socket.gaierror) when there is no such name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Deadline:
    """One budget of seconds for a whole exchange: lookup, connections, redirects, body."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, more than 0. Raises FetchFailed("timeout") when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise FetchFailed("timeout")
        return left


def checked_addresses(
    target: Target, permitted: PermittedNetworks, resolve: Resolve, deadline: Deadline
) -> list[IPAddress]:
    """Return the addresses of a target, every one of them permitted, at least one.

    One refused address refuses the target: a name that answers with a public and a private
    address is trying something. Raises AddressRefused, FetchFailed("dns"), FetchFailed("timeout").
    """
    if target.literal is not None:
        found = [target.literal]
    else:
        found = [plain_address(text) for text in _resolve_in_time(target, resolve, deadline)]
    if not found:
        raise FetchFailed("dns")
    for address in found:
        check_address(address, target.port, permitted)
    return found[:_ADDRESSES_TRIED]


def _resolve_in_time(target: Target, resolve: Resolve, deadline: Deadline) -> list[str]:
    """Look a name up in a thread of its own: libc's lookup knows no time limit."""
    answers: SimpleQueue[list[str] | None] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(resolve(target.host, target.port))
        except (OSError, UnicodeError):
            answers.put(None)

    threading.Thread(target=look_up, name="egress-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining())
    except Empty:
        raise FetchFailed("timeout") from None
    if answer is None:
        raise FetchFailed("dns")
    return answer


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the given addresses whatever name the HTTP layer asks for.

    Host header, SNI and certificate check keep the name; the name is never looked up again,
    so that an answer which changes between check and connection changes nothing.
    """

    def __init__(self, addresses: list[IPAddress], deadline: Deadline, connect_seconds: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._connect_seconds = connect_seconds
        self.ended = False
        """Whether the peer ended the connection: tells a torn answer from one that is not HTTP."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the addresses that answers. Raises FetchFailed("connect" or "timeout")."""
        for address in self._addresses:
            connected = self._connect(address, port)
            if connected is not None:
                return DeadlineStream(connected, self._deadline, self._note_end)
        self._deadline.remaining()
        raise FetchFailed("connect")

    def _note_end(self) -> None:
        self.ended = True

    def _connect(self, address: IPAddress, port: int) -> socket.socket | None:
        """Open one TCP connection, or return None when this address does not answer."""
        limit = min(self._connect_seconds, self._deadline.remaining())
        connected = socket.socket(
            socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM
        )
        try:
            connected.settimeout(limit)
            connected.connect((str(address), port))
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connected.close()
            return None
        return connected


class DeadlineStream(httpcore.NetworkStream):
    """A socket whose every wait ends with the deadline; a peer that drips bytes gains nothing."""

    def __init__(self, connected: socket.socket, deadline: Deadline, on_end: Callable[[], None]) -> None:
        self._socket = connected
        self._deadline = deadline
        self._on_end = on_end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return up to max_bytes, b"" at the end. Raises FetchFailed("timeout", "tls" or "closed")."""
        try:
            self._socket.settimeout(self._deadline.remaining())
            received = self._socket.recv(max_bytes)
        except OSError as failure:
            raise _failed(failure, otherwise="closed") from None
        if not received:
            self._on_end()
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything. Raises FetchFailed("timeout"), or WriteError when the peer stopped reading.

        After a WriteError the HTTP layer still reads the answer: a server may refuse a body early.
        """
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(self._deadline.remaining())
                rest = rest[self._socket.send(rest) :]
        except TimeoutError:
            raise FetchFailed("timeout") from None
        except OSError:
            raise httpcore.WriteError from None

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands and verify the certificate for the name. Raises FetchFailed("tls" or "timeout")."""
        try:
            self._socket.settimeout(self._deadline.remaining())
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except (OSError, ValueError) as failure:
            self.close()
            raise _failed(failure, otherwise="tls") from None
        except FetchFailed:
            self.close()
            raise
        return DeadlineStream(secured, self._deadline, self._on_end)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """Return the socket for "socket", else None."""
        return self._socket if info == "socket" else None


def _failed(failure: Exception, *, otherwise: str) -> FetchFailed:
    """Name a socket's failure by its stable reason."""
    if isinstance(failure, TimeoutError):
        return FetchFailed("timeout")
    return FetchFailed("tls" if isinstance(failure, ssl.SSLError) else otherwise)
