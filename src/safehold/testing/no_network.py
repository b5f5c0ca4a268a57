"""Keeps tests off the network: a connection that a test may not make fails it, with a reason.

Python's own audit events are listened to, so nothing is patched. Connections that native libraries or
other processes make are not seen.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any


class Reach(Enum):
    """How far a test may reach: to Unix sockets only, or to this machine's own addresses as well."""

    NO_NETWORK = "no network at all"
    LOOPBACK = "loopback addresses only"


class NetworkForbidden(PermissionError):
    """A test tried to reach further than it may. An OSError, so that libraries close what they opened."""


class _Guard:
    def __init__(self) -> None:
        self.reach: Reach | None = None
        self.refused: list[str] = []
        self.listening = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.reach is None or not event.startswith("socket."):
            return
        target = _target(event, arguments)
        if target is None or (self.reach is Reach.LOOPBACK and is_loopback(target)):
            return
        reason = f"{event} was refused: this test may use {self.reach.value}."
        self.refused.append(reason)
        raise NetworkForbidden(reason)


_guard = _Guard()


@contextmanager
def limited_to(reach: Reach) -> Iterator[list[str]]:
    """Refuse every connection and look-up beyond `reach` in this process until the block ends.

    Yields the reasons of refusals so far, in order, for code under test may swallow NetworkForbidden. Names
    other than localhost are never looked up. Blocks may be nested; the inner one counts.
    """
    if not _guard.listening:
        sys.addaudithook(_guard.hear)  # cannot be taken away again; it does nothing outside a block
        _guard.listening = True
    before = _guard.reach, _guard.refused
    _guard.reach, _guard.refused = reach, []
    try:
        yield _guard.refused
    finally:
        _guard.reach, _guard.refused = before


def is_loopback(host: str) -> bool:
    """Say whether `host` is localhost or a loopback address; any other name counts as far away."""
    try:
        return ipaddress.ip_address(host.split("%", 1)[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _target(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Return the host that the event reaches for, None when it does not leave the process's own sockets."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # Internet addresses are tuples; those of Unix sockets are paths, and those of netlink hold numbers.
        return address[0] if isinstance(address, tuple) and isinstance(address[0], str) else None
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        return _looked_up(arguments[0])
    return None


def _looked_up(host: object) -> str | None:
    """Return a name that has to be asked for; addresses, "any address" and localhost need nobody's answer."""
    name = host.decode(errors="replace") if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in ("", "localhost"):
        return None
    try:
        ipaddress.ip_address(name.split("%", 1)[0])
    except ValueError:
        return name
    return None
