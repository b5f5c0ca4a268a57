"""A strict mail server on loopback: takes only what the specifications allow, over TLS, and fails on demand.

The protocol is aiosmtpd's, which is none of ours; the faults that it could not commit are ours.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"


class Fault(StrEnum):
    """What is wrong with the server: the answers to a message, or to a receiver."""

    BUSY = "451 try again later"
    FULL = "552 no room"
    UNKNOWN_RECEIVER = "550 nobody of this name"
    SENDER_REFUSED = "553 not from you"
    ANSWER_LOST = "taken, and the connection ends before anybody hears of that"


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that was taken. over_tls: whether it came so. login: who sent it, None without one."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    over_tls: bool
    login: str | None

    @property
    def message(self) -> Message:
        """The parsed message."""
        return message_from_bytes(self.content)


class MailReceiver:
    """Runs on a free loopback port while its `with` block runs.

    tls: offers STARTTLS with it, and takes nothing before; None offers none. implicit: TLS from the first
    byte. login: the one username and password that are taken; without it no login is offered. fault: may
    be changed at any time. taken: the messages, in order.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.fault: Fault | None = None
        self.taken: list[Taken] = []
        self._login = login
        self.port = _free_port()
        self._controller = Controller(
            self,
            hostname=HOST,
            port=self.port,
            ssl_context=tls if implicit else None,
            tls_context=None if implicit else tls,
            require_starttls=tls is not None and not implicit,
            authenticator=self._authenticate if login else None,
            auth_require_tls=not implicit,
            ident="a strict server",
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    async def handle_MAIL(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender or refuse it."""
        if self._login is not None and not session.authenticated:
            return "530 who are you"
        if self.fault is Fault.SENDER_REFUSED:
            return self.fault.value
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a receiver or refuse it."""
        if self.fault is Fault.UNKNOWN_RECEIVER:
            return self.fault.value
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message or refuse it."""
        if self.fault is not None and self.fault is not Fault.ANSWER_LOST:
            return self.fault.value
        content = envelope.original_content or b""
        if content.count(b"\r\n") != content.count(b"\n") or content.count(b"\r") != content.count(b"\n"):
            return "554 a line ends by less than CR LF"
        known: Any = session.auth_data
        login = known.login.decode() if session.authenticated else None
        self.taken.append(
            Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), content, session.ssl is not None, login)
        )
        if self.fault is Fault.ANSWER_LOST and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "250 taken"

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        right = (given.login.decode(), given.password.decode()) == self._login
        return AuthResult(success=right, handled=False, auth_data=given)


Script = Callable[[socket.socket], None]
"""What a hostile server does with one connection."""


def says(*lines: bytes, then: Callable[[socket.socket], None] | None = None) -> Script:
    """Send one line at each turn, whatever is asked, and then do something, or hang up."""

    def script(connection: socket.socket) -> None:
        for place, line in enumerate(lines):
            if place:
                connection.recv(65_536)
            connection.sendall(line)
        if then is not None:
            then(connection)

    return script


@contextmanager
def hostile(script: Script) -> Iterator[int]:
    """Serve one connection by a script, and yield the port."""
    listener = socket.create_server((HOST, 0))
    listener.settimeout(10)

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            try:
                script(connection)
            except OSError:
                return

    thread = threading.Thread(target=serve, name="hostile-mail-server")
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()
        thread.join()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])
