"""One reading of a URL, used both for judging it and for connecting, so that the two cannot disagree."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import httpx

from safehold.egress.addresses import IPAddress, plain_address
from safehold.model.errors import AddressRefused

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Browsers drop tabs and line breaks, and take a backslash for a slash; others do not. What two programs
# could read as two addresses is nobody's honest address.
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WEB = re.compile(r"(https?://)([^/?]*)([^?]*)(.*)", re.DOTALL | re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^\[\]: ]+)(:[0-9]*)?")
_DOT = re.compile(r"\.|%2e", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads, taken apart. Its repr is silent about all of it: URLs stay out of logs.

    host: an ASCII name in lower case without a trailing dot, or the plain text of `literal`.
    path: path and query as they go on the wire. literal: the address when the URL names one.
    url: the URL again, without its fragment.
    """

    scheme: str = field(repr=False)
    host: str = field(repr=False)
    port: int = field(repr=False)
    path: bytes = field(repr=False)
    literal: IPAddress | None = field(repr=False)
    url: str = field(repr=False)

    @property
    def host_header(self) -> str:
        """The value of the Host header: brackets around IPv6, the port only when unusual."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Read an absolute http or https URL.

    Addresses written in decimal, octal, hexadecimal or with fewer than four parts become plain
    ones, and steps in the path (".", "..", also with %2e) are taken as browsers take them. Raises
    AddressRefused for other schemes, a name or password in the URL, hosts that are neither a DNS
    name nor an address, control characters and backslashes before the fragment, and spaces before the
    path.
    """
    try:
        parsed = httpx.URL(_plain(url.strip(" ").partition("#")[0]))
    except (httpx.InvalidURL, ValueError):
        raise AddressRefused("The address is not a URL.") from None
    literal = _literal(parsed.raw_host.decode("ascii"))
    host = _name(parsed.raw_host.decode("ascii")) if literal is None else str(literal)
    port = _DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 0 < port < 65536:
        raise AddressRefused("The address names a port that does not exist.")
    return Target(parsed.scheme, host, port, parsed.raw_path or b"/", literal, str(parsed))


def redirected(target: Target, location: bytes) -> Target:
    """Read a Location header, relative or absolute, as browsers do.

    Raises AddressRefused as `parse_target` does, and for forms that only a browser's repairs make an
    address of: "http:name", "///name".
    """
    try:
        text = location.decode("utf-8").strip(" ")
    except ValueError:
        raise AddressRefused("The address redirects to something that is not a URL.") from None
    if _SCHEME.match(text):
        return parse_target(text)
    if text.startswith("//"):
        return parse_target(f"{target.scheme}:{text}")
    before_query = target.url.partition("?")[0]
    if not text or text.startswith("#"):
        return parse_target(target.url)
    if text.startswith("?"):
        return parse_target(before_query + text)
    origin = target.url[: target.url.index("/", len(target.scheme) + 3)]
    folder = "" if text.startswith("/") else before_query[len(origin) :].rpartition("/")[0] + "/"
    return parse_target(f"{origin}{folder}{text}")


def _refuse_ambiguous(text: str) -> None:
    if _AMBIGUOUS.search(text):
        raise AddressRefused("The address holds a control character or a backslash.")


def _plain(url: str) -> str:
    """Return a URL as parsers agree on it: one host, one port, and a path without steps."""
    _refuse_ambiguous(url)
    parts = _WEB.fullmatch(url)
    if parts is None:
        raise AddressRefused("The address is neither http nor https.")
    scheme, authority, path, query = parts.groups()
    if "@" in authority:
        raise AddressRefused("The address carries a name or password.")
    if not _HOST_AND_PORT.fullmatch(authority):
        raise AddressRefused("The address does not name a host and a port as addresses do.")
    # Two signs that our parser leaves as they are and browsers escape.
    path, query = path.replace("^", "%5E"), query.replace("'", "%27")
    return f"{scheme}{authority}/{'/'.join(_without_steps(path.split('/')[1:]))}{query}"


def _without_steps(segments: list[str]) -> list[str]:
    kept: list[str] = []
    for place, segment in enumerate(segments, 1):
        dots = _DOT.sub(".", segment)
        if dots == ".." and kept:
            kept.pop()
        if dots not in (".", ".."):
            kept.append(segment)
        elif place == len(segments):
            kept.append("")
    return kept


def _literal(host: str) -> IPAddress | None:
    """Return the address that a host spells, or None for a name.

    A host whose last label is a number is never a name (that is how browsers and libc see it),
    so one that cannot be read as an address is refused instead of looked up.
    """
    if ":" in host:
        return plain_address(host)
    labels = host.removesuffix(".").split(".")
    if not _NUMERIC_LABEL.fullmatch(labels[-1]):
        return None
    try:
        numbers = [_number(label) for label in labels]
        *leading, last = numbers
        if len(numbers) > 4 or any(number > 255 for number in leading) or last >= 256 ** (5 - len(numbers)):
            raise ValueError
    except ValueError:
        raise AddressRefused("The address is a number that is not an IP address.") from None
    value = sum(number << 8 * (3 - place) for place, number in enumerate(leading)) + last
    return IPv4Address(value)


def _number(label: str) -> int:
    """Read one part as inet_aton does: 0x is hexadecimal, a leading 0 octal. Raises ValueError."""
    if label.startswith("0x"):
        return int(label, 16)
    if not (label.isascii() and label.isdigit()):
        raise ValueError
    return int(label, 8) if label.startswith("0") else int(label)


def _name(host: str) -> str:
    """Return a DNS name without its trailing dot, or refuse what cannot be one."""
    name = host.removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise AddressRefused("The address names a host that cannot exist.")
    return name
