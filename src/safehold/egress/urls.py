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
    ones. Raises AddressRefused for other schemes, a name or password in the URL, and hosts that
    are neither a DNS name nor an address.
    """
    try:
        parsed = httpx.URL(url).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError):
        raise AddressRefused("The address is not a URL.") from None
    if parsed.scheme not in _DEFAULT_PORTS:
        raise AddressRefused("The address is neither http nor https.")
    if parsed.userinfo:
        raise AddressRefused("The address carries a name or password.")
    literal = _literal(parsed.raw_host.decode("ascii"))
    host = _name(parsed.raw_host.decode("ascii")) if literal is None else str(literal)
    port = _DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 0 < port < 65536:
        raise AddressRefused("The address names a port that does not exist.")
    return Target(parsed.scheme, host, port, parsed.raw_path or b"/", literal, str(parsed))


def redirected(target: Target, location: bytes) -> Target:
    """Read a Location header, relative or absolute. Raises AddressRefused as `parse_target` does."""
    try:
        url = str(httpx.URL(target.url).join(location.decode("utf-8")))
    except (httpx.InvalidURL, ValueError):
        raise AddressRefused("The address redirects to something that is not a URL.") from None
    return parse_target(url)


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
