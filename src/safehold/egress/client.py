"""The one HTTP client: fetch what content points to, send to destinations that settings name."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpcore

from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.connection import Deadline, PinnedBackend, Resolve, checked_addresses, system_resolve
from safehold.egress.tls import client_context
from safehold.egress.urls import Target, parse_target, redirected
from safehold.model.errors import FetchFailed, TooLarge

# httpcore writes hosts, paths and headers to its debug log, and addresses may stand in no log.
logging.getLogger("httpcore").setLevel(logging.WARNING)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANSWER_BYTES = 2048
_ANSWER_HEADERS = frozenset({"content-type", "retry-after"})
_OUR_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "user-agent", "accept-encoding", "cookie"}
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave us.

    body: exactly the bytes that were sent. media_type: what the server claims, in lower case and
    without parameters, or None; a claim, never to be believed about the bytes. redirects: how
    many were followed. final_url: where the bytes came from, for resolving relative links.
    """

    body: bytes = field(repr=False)
    media_type: str | None
    redirects: int
    final_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """A destination's answer: any status, two headers by lower-case name, the beginning of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Egress:
    """Reaches public web servers, and what a caller explicitly permits; nothing else.

    Every name is looked up once, every address found is checked, and the connection goes to a
    checked address. TLS certificates are verified. No cookies, no proxies from the environment,
    no decompression. Safe to share between threads: it holds no state of an exchange.

    user_agent: how we introduce ourselves. connect_seconds: limit for one TCP connection.
    resolve: how names are looked up. content_permitted: networks besides the public internet that
    addresses from content and redirects may reach; a rehearsal against a server on this machine
    names one port here, nothing that runs for real passes it. ca_file: PEM certificates trusted
    besides the public ones, for destinations with an authority of their own.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        connect_seconds: float = 10.0,
        resolve: Resolve = system_resolve,
        content_permitted: PermittedNetworks = NONE,
        ca_file: Path | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._connect_seconds = connect_seconds
        self._resolve = resolve
        self._content_permitted = content_permitted
        self._tls = client_context(ca_file)

    def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        deadline_seconds: float,
        max_redirects: int = 5,
        permitted: PermittedNetworks = NONE,
    ) -> Fetched:
        """GET an address and return its bytes, following redirects by hand.

        max_bytes: of the body. deadline_seconds: for everything together. permitted: only for a URL
        that an operator wrote into settings, and only for that URL: where it redirects to is
        judged like any address from content.

        Raises AddressRefused, TooLarge, and FetchFailed with reason "timeout", "dns", "connect",
        "tls", "closed" (the connection ended early), "protocol" (not HTTP), "encoding" (compressed
        although we asked for none), "redirects" (too many) or "status:NNN" (anything but 200).
        """
        deadline = Deadline(deadline_seconds)
        target, reach = parse_target(url), permitted.join(self._content_permitted)
        for followed in range(max_redirects + 1):
            with self._exchange("GET", target, {"Accept": "*/*"}, None, reach, deadline) as answer:
                if answer.status not in _REDIRECTS:
                    body = _body(answer, max_bytes)
                    return Fetched(body, _media_type(answer), followed, target.url)
                location = _header(answer, b"location")
            if location is None:
                raise FetchFailed(f"status:{answer.status}")
            target, reach = redirected(target, location), self._content_permitted
        raise FetchFailed("redirects")

    def send(
        self,
        url: str,
        *,
        body: bytes | Sequence[bytes] | None,
        headers: Mapping[str, str],
        permitted: PermittedNetworks,
        deadline_seconds: float,
        answer_bytes: int = _ANSWER_BYTES,
    ) -> Response:
        """POST to a destination that settings name, or GET without a body; return its answer, whatever it is.

        body: bytes, or parts of one that are sent one after the other without being put together.
        permitted has no default: each destination states its own networks (NONE: public only).
        answer_bytes: how much of the answer is read; the rest is left.
        Redirects are not followed; a 3xx comes back as it is. Raises AddressRefused, FetchFailed as
        in `fetch` except for "status", "encoding" and "redirects", and ValueError for a header that is
        ours to set.
        """
        if any(name.lower() in _OUR_HEADERS for name in headers):
            raise ValueError("A header was given that the client sets itself.")
        deadline = Deadline(deadline_seconds)
        method = "GET" if body is None else "POST"
        with self._exchange(method, parse_target(url), headers, body, permitted, deadline) as answer:
            kept = {
                name.decode("ascii").lower(): value.decode("latin-1")
                for name, value in answer.headers
                if name.decode("ascii").lower() in _ANSWER_HEADERS
            }
            return Response(answer.status, kept, _beginning(answer, answer_bytes))

    @contextmanager
    def _exchange(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        body: bytes | Sequence[bytes] | None,
        permitted: PermittedNetworks,
        deadline: Deadline,
    ) -> Iterator[httpcore.Response]:
        """Send one request over one fresh connection; the body can be read inside the block."""
        addresses = checked_addresses(target, permitted, self._resolve, deadline)
        backend = PinnedBackend(addresses, deadline, self._connect_seconds)
        parts = (body,) if isinstance(body, bytes) else body
        sent = dict(headers)
        if parts is not None:
            sent["Content-Length"] = str(sum(map(len, parts)))
        sent |= {"Host": target.host_header, "User-Agent": self._user_agent}
        sent |= {"Accept-Encoding": "identity", "Connection": "close"}
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend, http2=False) as pool,
                pool.stream(
                    method,
                    httpcore.URL(
                        scheme=target.scheme, host=target.host, port=target.port, target=target.path
                    ),
                    headers=list(sent.items()),
                    content=iter(parts) if parts is not None else None,
                ) as answer,
            ):
                yield answer
        except (httpcore.ProtocolError, httpcore.NetworkError) as failure:
            broken_off = backend.ended or isinstance(failure, httpcore.NetworkError)
            raise FetchFailed("closed" if broken_off else "protocol") from None


def _body(answer: httpcore.Response, max_bytes: int) -> bytes:
    """Read a body that is plain, wanted and small enough. Raises FetchFailed, TooLarge."""
    if answer.status != 200:
        raise FetchFailed(f"status:{answer.status}")
    if (_header(answer, b"content-encoding") or b"identity").strip().lower() != b"identity":
        raise FetchFailed("encoding")
    too_large = TooLarge(f"The address sends more than {max_bytes} bytes.")
    if int(_header(answer, b"content-length") or 0) > max_bytes:
        raise too_large
    body = bytearray()
    for chunk in answer.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def _beginning(answer: httpcore.Response, size: int) -> bytes:
    """Read the first bytes: 2 KB are enough to see what a destination complains of."""
    body = bytearray()
    for chunk in answer.iter_stream():
        body += chunk
        if len(body) >= size:
            break
    return bytes(body[:size])


def _header(answer: httpcore.Response, name: bytes) -> bytes | None:
    """Return the first header of this lower-case name, or None."""
    return next((value for header, value in answer.headers if header.lower() == name), None)


def _media_type(answer: httpcore.Response) -> str | None:
    """Return the claimed media type without parameters, or None where there is none."""
    claimed = (_header(answer, b"content-type") or b"").decode("latin-1")
    return claimed.partition(";")[0].strip().lower() or None
