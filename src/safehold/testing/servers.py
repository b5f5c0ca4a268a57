"""Real HTTP servers on the loopback interface, scripted route by route, some of them hostile on purpose."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Answer:
    """The hands of a route: what it can do with one connection."""

    def __init__(
        self, handler: BaseHTTPRequestHandler, received: Received, stopping: threading.Event
    ) -> None:
        self._handler = handler
        self.received = received
        self.stopping = stopping
        """Set when the server is closing; a route that waits must wait on it."""

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and the headers; the connection closes after the answer."""
        self._handler.send_response(status)
        for name, value in {**headers, "Connection": "close"}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        """Send bytes as they are. Raises OSError when the client has gone."""
        self._handler.wfile.write(data)

    def reset(self) -> None:
        """Break the connection so that the client sees a reset instead of an end."""
        at_once = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._handler.connection.close()


Route = Callable[[Answer], None]


def reply(
    body: bytes = b"",
    *,
    status: int = 200,
    media_type: str | None = "application/octet-stream",
    **headers: str,
) -> Route:
    """Answer properly. Further headers are given with underscores: retry_after="3"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    typed = {} if media_type is None else {"Content-Type": media_type}

    def route(answer: Answer) -> None:
        answer.head(status, {**typed, **named, "Content-Length": str(len(body))})
        answer.send(body)

    return route


def redirect(location: str, *, status: int = 302) -> Route:
    """Send the client elsewhere."""
    return reply(status=status, media_type=None, location=location)


def drip(body: bytes, *, pause_seconds: float) -> Route:
    """Answer one byte at a time with a pause before each."""

    def route(answer: Answer) -> None:
        answer.head(200, {"Content-Length": str(len(body))})
        for place in range(len(body)):
            if answer.stopping.wait(pause_seconds):
                return
            answer.send(body[place : place + 1])

    return route


def drip_headers(*, pause_seconds: float) -> Route:
    """Send a status line and then header lines without end, slowly."""

    def route(answer: Answer) -> None:
        answer.send(b"HTTP/1.1 200 OK\r\n")
        while not answer.stopping.wait(pause_seconds):
            answer.send(b"X-More: yes\r\n")

    return route


def endless(*, media_type: str = "application/octet-stream") -> Route:
    """Send bytes in chunks, without a length, for as long as the client reads."""
    piece = b"0" * 16_384

    def route(answer: Answer) -> None:
        answer.head(200, {"Content-Type": media_type, "Transfer-Encoding": "chunked"})
        while not answer.stopping.is_set():
            answer.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    return route


def break_off(body: bytes, *, promised: int) -> Route:
    """Promise `promised` bytes, send `body`, and close."""

    def route(answer: Answer) -> None:
        answer.head(200, {"Content-Length": str(promised)})
        answer.send(body)

    return route


def garbage(data: bytes) -> Route:
    """Send bytes that need not be HTTP at all, and close."""

    def route(answer: Answer) -> None:
        answer.send(data)

    return route


def silence() -> Route:
    """Accept the request and never answer; ends when the server closes."""

    def route(answer: Answer) -> None:
        answer.stopping.wait()

    return route


def reset() -> Route:
    """Accept the request and break the connection."""

    def route(answer: Answer) -> None:
        answer.reset()

    return route


class LocalServer:
    """An HTTP server on a free loopback port while its `with` block runs, one thread per connection.

    routes: by path, without the query; any other path answers 404. tls: serve HTTPS with it.
    `requests` holds what arrived, in order, unless it is not to remember. Leaving the block raises what a
    route raised by mistake.
    """

    def __init__(
        self, routes: Mapping[str, Route], *, tls: ssl.SSLContext | None = None, remember: bool = True
    ) -> None:
        self.requests: list[Received] = []
        self._remember = remember
        self._routes = dict(routes)
        self._scheme = "http" if tls is None else "https"
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler_class())
        if tls is not None:
            # The connection's own thread shakes hands: a client that stalls must not block the others.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="local-server")

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """Return the address of a path; host may be any other spelling of this machine."""
        return f"{self._scheme}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self._server.failures and error is None:
            raise self._server.failures[0]

    def _respond(self, handler: BaseHTTPRequestHandler) -> None:
        """Record the request and let its route answer."""
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("The client went before the whole request had come.")
        headers = {name.lower(): value for name, value in handler.headers.items()}
        received = Received(handler.command, handler.path, headers, body)
        if self._remember:
            self.requests.append(received)
        handler.close_connection = True
        route = self._routes.get(handler.path.partition("?")[0], reply(status=404))
        route(Answer(handler, received, self._stopping))

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        respond = self._respond

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = _IDLE_SECONDS

            def do_GET(self) -> None:
                respond(self)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet: request lines hold addresses."""

        return Handler


class _Server(ThreadingHTTPServer):
    """Joins its connection threads when closed, and takes a client's leaving as ordinary."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.failures: list[BaseException] = []
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over broken connections, which these servers provoke; keep a route's mistakes."""
        failure = sys.exception()
        if failure is not None and not isinstance(failure, OSError):
            self.failures.append(failure)
