"""Where a request comes from, past the proxies that the operator trusts."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from fastapi import Request

UNKNOWN = "unknown"
"""The network of whatever is no address."""


def client_address(request: Request, trusted_proxies: Iterable[str]) -> str:
    """Return the address that a request comes from: the socket's, or what a trusted proxy says of it.

    Of `X-Forwarded-For` the last address counts that is no trusted proxy itself; what stands before it
    was written by whoever sent the request.
    """
    trusted = [ip_network(network) for network in trusted_proxies]
    address = request.client.host if request.client is not None else ""
    said = [part.strip() for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
    while said and any(_in(address, network) for network in trusted):
        last = said.pop()
        if parsed(last) is None:
            break
        address = last
    return address


def parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address as a value, one of IPv4 in the form of IPv6 as what it is; None for no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network_of(address: str, *, v4: int, v6: int) -> str:
    """Return the network that an address counts as: its first `v4` or `v6` bits; UNKNOWN for no address."""
    found = parsed(address)
    if found is None:
        return UNKNOWN
    return str(ip_network((found, v4 if found.version == 4 else v6), strict=False))


def _in(address: str, network: IPv4Network | IPv6Network) -> bool:
    found = parsed(address)
    return found is not None and found in network
