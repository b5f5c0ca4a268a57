"""Who is at the door: the network that a request comes from, and the program behind it in our own words."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from safehold.app.access.gate import Visitor
from safehold.app.settings_sections import WebSettings
from safehold.web.addresses import client_address, network_of
from safehold.web.console.cookies import DEVICES, put_cookie, token_of

MOST_DEVICES = 5
"""People who share a browser and are each known there."""
_V4, _V6 = 32, 64
"""What counts as one place: of IPv6 what a household is given. The rest it may choose anew each time."""

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
    network = network_of(address, v4=_V4, v6=_V6)
    return Visitor(network, described(request), tuple(filter(None, devices)))


def remember_device(request: Request, response: Response, web: WebSettings, token: str | None) -> None:
    """Let the browser keep a device token in front of those that it has. None changes nothing."""
    if token is None:
        return
    kept = (token_of(request, web, DEVICES) or "").split(".")
    put_cookie(response, web, DEVICES, ".".join([token, *filter(None, kept)][:MOST_DEVICES]))


def described(request: Request) -> str:
    """Return which program this is, coarsely: "Firefox on Linux". Nothing of what it sends is repeated."""
    said = request.headers.get("user-agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in said), "A program")
    system = next((name for mark, name in _SYSTEMS if mark in said), None)
    return browser if system is None else f"{browser} on {system}"
