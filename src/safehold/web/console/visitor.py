"""Who is at the door: the network that a request comes from, and the program behind it in our own words."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_network

from fastapi import Request
from fastapi.responses import Response

from safehold.app.access.gate import Visitor
from safehold.app.settings_sections import WebSettings
from safehold.web.addresses import client_address, parsed
from safehold.web.console.cookies import DEVICES, put_cookie, token_of

MOST_DEVICES = 5
"""People who share a browser and are each known there."""
_IPV6_PREFIX = 64
"""What one household or server is given; the rest of the address it may choose anew for every request."""

# The first that is found counts: most browsers also claim to be the ones after them.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def visitor_of(request: Request, web: WebSettings) -> Visitor:
    """Return who is at the door."""
    devices = (token_of(request, web, DEVICES) or "").split(".")[:MOST_DEVICES]
    address = client_address(request, web.trusted_proxies)
    return Visitor(network_of(address), described(request), tuple(filter(None, devices)))


def remember_device(request: Request, response: Response, web: WebSettings, token: str | None) -> None:
    """Let the browser keep a device token in front of those that it has. None changes nothing."""
    if token is None:
        return
    kept = (token_of(request, web, DEVICES) or "").split(".")
    put_cookie(response, web, DEVICES, ".".join([token, *filter(None, kept)][:MOST_DEVICES]))


def network_of(address: str) -> str:
    """Return what counts as one place: an IPv4 address, the first 64 bits of an IPv6 address."""
    found = parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found or address)


def described(request: Request) -> str:
    """Return which program this is, coarsely: "Firefox on Linux". Nothing of what it sends is repeated."""
    said = request.headers.get("user-agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in said), "A program")
    system = next((name for mark, name in _SYSTEMS if mark in said), None)
    return browser if system is None else f"{browser} on {system}"
