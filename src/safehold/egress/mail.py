"""The one way in which mail leaves: to a server that settings name, over verified TLS, as plain ASCII text.

Addresses are judged and connected to as for HTTP: looked up once, checked, and the connection goes to the
checked one. Nothing in a message can become a header or a command: every line is checked before it is sent.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import httpcore

from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.connection import Deadline, PinnedBackend, Resolve, checked_addresses, system_resolve
from safehold.egress.tls import client_context
from safehold.egress.urls import parse_target
from safehold.model.errors import AddressRefused, BadSettings, FetchFailed, MailFailed

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_LONGEST_LINE = 900
_LONGEST_REPLY = 16_384
_ENCODED_BYTES = 57 * 1024
"""So many bytes become whole lines of base64, 76 characters each."""
_BOUNDARY = "a-line-that-stands-in-no-base64"
_REPLY = re.compile(rb"([2-5][0-9]{2})([ -]?)(.*)", re.DOTALL)


class Security(StrEnum):
    """How the connection is secured. NONE is for a server on this machine or in a trial; it never logs in."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server as settings declare it.

    host, port: where it takes mail. permitted: networks besides the public internet that it may be in.
    username, password: for logging in, both or neither. ca_file: PEM certificates trusted besides the
    public ones. deadline_seconds: for one message, all together. Raises BadSettings for a login that
    would cross the network in the open.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    permitted: PermittedNetworks = NONE
    deadline_seconds: float = 30.0

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise BadSettings("A mail server's username and password go together.")
        if self.username is not None and self.security is Security.NONE:
            raise BadSettings("A password is sent to a mail server over TLS only.")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the text, of any length. name: of letters, digits, dots and dashes. pieces: its bytes."""

    name: str
    pieces: Iterable[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message: ASCII text to one or more receivers, perhaps with a file.

    headers: besides From and To, such as Subject, Date and Message-ID. Raises BadSettings for an address
    that is none, ValueError for a header or a line that holds anything but printable ASCII.
    """

    sender: str
    recipients: tuple[str, ...]
    headers: Mapping[str, str]
    text: str = field(repr=False)
    attachment: Attachment | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.recipients or not all(map(_ADDRESS.fullmatch, (self.sender, *self.recipients))):
            raise BadSettings("A mail address is missing or is none.", advice="Write it as name@host.")
        for name, value in self.headers.items():
            if not re.fullmatch(r"[A-Z][A-Za-z-]+", name) or not _fits(value):
                raise ValueError("A header of a mail holds more than one line of printable ASCII.")
        if not all(map(_fits, self.text.split("\n"))):
            raise ValueError("The text of a mail holds something else than lines of printable ASCII.")
        if self.attachment is not None and not re.fullmatch(r"[A-Za-z0-9.-]{1,100}", self.attachment.name):
            raise ValueError("The name of an attachment is none.")

    def as_pieces(self) -> Iterator[bytes]:
        """Yield the message in whole lines, as it goes on the wire before dots are doubled."""
        named = {"From": self.sender, "To": ", ".join(self.recipients), **self.headers, "MIME-Version": "1.0"}
        text = ("Content-Type: text/plain; charset=us-ascii", "", *self.text.rstrip("\n").split("\n"), "")
        head = [f"{name}: {value}" for name, value in named.items()]
        if self.attachment is None:
            yield _lines(*head, *text)
            return
        yield _lines(
            *head, f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"', "", f"--{_BOUNDARY}", *text
        )
        yield _lines(
            f"--{_BOUNDARY}",
            "Content-Type: application/octet-stream",
            "Content-Transfer-Encoding: base64",
            f'Content-Disposition: attachment; filename="{self.attachment.name}"',
            "",
            "",
        )
        yield from _encoded(self.attachment.pieces)
        yield _lines(f"--{_BOUNDARY}--", "")


def send(mail: Mail, server: MailServer, *, introduced_as: str, resolve: Resolve = system_resolve) -> None:
    """Hand a message to the server; when this returns, the server has taken it for every receiver.

    introduced_as: our name in the greeting. Raises AddressRefused, and MailFailed with reason "timeout",
    "dns", "connect", "tls", "closed", "protocol", "no_tls", "no_login", "login", "refused:NNN", or
    "unanswered" where the whole message was handed over and nobody knows what became of it.
    """
    with _session(server, introduced_as, resolve) as talk:
        _envelope(talk, mail)
        talk.ask(b"DATA", 354)
        for piece in mail.as_pieces():
            talk.say(_dotted(piece))
        with _unanswered():
            talk.ask(b".", 250)


@contextmanager
def _unanswered() -> Iterator[None]:
    """Say of a message that ended, and got no answer in so many words, that nobody knows."""
    try:
        yield
    except MailFailed as failed:
        if failed.reason.startswith("refused:"):
            raise
        raise MailFailed("unanswered") from None
    except (FetchFailed, httpcore.NetworkError):
        raise MailFailed("unanswered") from None


def _lines(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("ascii")


def _dotted(piece: bytes) -> bytes:
    """Double the dot that a line begins with. piece: begins at the beginning of a line."""
    return (b"." if piece.startswith(b".") else b"") + piece.replace(b"\r\n.", b"\r\n..")


def _encoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield base64 in whole lines, however the bytes are cut."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _ENCODED_BYTES:
            yield base64.encodebytes(waiting[:_ENCODED_BYTES]).replace(b"\n", b"\r\n")
            del waiting[:_ENCODED_BYTES]
    yield base64.encodebytes(waiting).replace(b"\n", b"\r\n")


def try_out(mail: Mail, server: MailServer, *, introduced_as: str, resolve: Resolve = system_resolve) -> None:
    """Go as far as naming the receivers, and send nothing. Raises as `send` does."""
    with _session(server, introduced_as, resolve) as talk:
        _envelope(talk, mail)
        talk.ask(b"RSET", 250)


def _envelope(talk: _Conversation, mail: Mail) -> None:
    talk.ask(b"MAIL FROM:<%s>" % mail.sender.encode("ascii"), 250)
    for recipient in mail.recipients:
        talk.ask(b"RCPT TO:<%s>" % recipient.encode("ascii"), 250, 251)


@contextmanager
def _session(server: MailServer, introduced_as: str, resolve: Resolve) -> Iterator[_Conversation]:
    """Connect, secure, log in; say goodbye at the end."""
    try:
        stream = _connect(server, resolve)
        try:
            talk = _Conversation(stream)
            _begin(talk, server, b"EHLO " + introduced_as.encode("ascii"))
            yield talk
            with suppress(MailFailed, FetchFailed, httpcore.NetworkError):
                talk.ask(b"QUIT", 221)
        finally:
            talk.close()
    except FetchFailed as failed:
        raise MailFailed(failed.reason) from None
    except httpcore.NetworkError:
        raise MailFailed("closed") from None


def _connect(server: MailServer, resolve: Resolve) -> httpcore.NetworkStream:
    deadline = Deadline(server.deadline_seconds)
    target = parse_target(f"https://{server.host}:{server.port}/")
    if (target.port, target.path) != (server.port, b"/"):
        raise AddressRefused("The mail server is not named by a host and a port.")
    # The operator named this port for this server, so it is open there in place of the web's.
    reach = server.permitted.join(PermittedNetworks(public_ports=frozenset({server.port})))
    addresses = checked_addresses(target, reach, resolve, deadline)
    stream = PinnedBackend(addresses, deadline, server.deadline_seconds).connect_tcp(target.host, target.port)
    return _secured(stream, server) if server.security is Security.TLS else stream


def _secured(stream: httpcore.NetworkStream, server: MailServer) -> httpcore.NetworkStream:
    try:
        context = client_context(server.ca_file)
    except OSError:
        raise BadSettings("The file of a mail server's authority holds no certificates.") from None
    return stream.start_tls(context, server_hostname=server.host)


def _begin(talk: _Conversation, server: MailServer, hello: bytes) -> None:
    talk.expect(220)
    offers = talk.ask(hello, 250)
    if server.security is Security.STARTTLS:
        if not any(line.upper() == b"STARTTLS" for line in offers):
            raise MailFailed("no_tls")
        talk.ask(b"STARTTLS", 220)
        talk.secure(server)
        offers = talk.ask(hello, 250)
    if server.username is not None and server.password is not None:
        _log_in(talk, offers, server.username.encode(), server.password.encode())


def _log_in(talk: _Conversation, offers: list[bytes], username: bytes, password: bytes) -> None:
    offered = next((line.upper().split()[1:] for line in offers if line.upper().startswith(b"AUTH ")), [])
    try:
        if b"PLAIN" in offered:
            talk.ask(b"AUTH PLAIN " + base64.b64encode(b"\0%s\0%s" % (username, password)), 235)
        elif b"LOGIN" in offered:
            talk.ask(b"AUTH LOGIN", 334)
            talk.ask(base64.b64encode(username), 334)
            talk.ask(base64.b64encode(password), 235)
        else:
            raise MailFailed("no_login")
    except MailFailed as failed:
        raise MailFailed("login" if failed.reason.startswith("refused:5") else failed.reason) from None


class _Conversation:
    """Commands and replies over one connection."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._waiting = bytearray()

    def ask(self, command: bytes, *wanted: int) -> list[bytes]:
        """Send a command and return the text of the reply's lines. Raises MailFailed for another status."""
        self._stream.write(command + b"\r\n")
        return self.expect(*wanted)

    def say(self, data: bytes) -> None:
        """Send what is answered later."""
        self._stream.write(data)

    def expect(self, *wanted: int) -> list[bytes]:
        """Read one reply. Raises MailFailed: "protocol" for none, "refused:NNN" for another status."""
        lines: list[bytes] = []
        while True:
            found = _REPLY.fullmatch(self._line())
            if found is None or sum(map(len, lines)) > _LONGEST_REPLY:
                raise MailFailed("protocol")
            status, more, text = found.groups()
            lines.append(text.strip())
            if more != b"-":
                break
        if int(status) not in wanted:
            raise MailFailed(f"refused:{int(status)}")
        return lines

    def secure(self, server: MailServer) -> None:
        """Go on over TLS. Whatever came before the handshake is no part of it: more than that is refused."""
        if self._waiting:
            raise MailFailed("protocol")
        self._stream = _secured(self._stream, server)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def _line(self) -> bytes:
        while b"\n" not in self._waiting:
            received = self._stream.read(4096)
            if not received:
                raise MailFailed("closed")
            self._waiting += received
            if len(self._waiting) > _LONGEST_REPLY:
                raise MailFailed("protocol")
        line, _, rest = bytes(self._waiting).partition(b"\n")
        self._waiting[:] = rest
        return line.rstrip(b"\r")


def _fits(line: str) -> bool:
    return len(line) <= _LONGEST_LINE and _PRINTABLE.fullmatch(line) is not None
