"""How often somebody may do something: counted in memory, by network, for an hour, and never on disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from ipaddress import ip_network

from safehold.model.errors import TooOften
from safehold.web.addresses import parsed
from safehold.web.portal.words import TEXT

HOUR = 3600.0
UNKNOWN = "unknown"
_PREFIXES = {4: 24, 6: 48}


class Pace:
    """Lets a network do something `each` times an hour, and everybody together `in_all` times.

    seconds: a clock that never goes back, such as time.monotonic. What is older than an hour is forgotten
    at the next question, whoever asks it.
    """

    def __init__(self, *, each: int, in_all: int, seconds: Callable[[], float]) -> None:
        self._each = each
        self._in_all = in_all
        self._seconds = seconds
        self._lock = threading.Lock()
        self._order: deque[tuple[float, str]] = deque()
        self._counts: dict[str, int] = {}

    def take(self, network: str) -> None:
        """Count one. Raises TooOften, and counts nothing, when it is one too many."""
        with self._lock:
            now = self._seconds()
            self._forget(now - HOUR)
            if len(self._order) >= self._in_all or self._counts.get(network, 0) >= self._each:
                raise TooOften(
                    TEXT["too_often"], kept=TEXT["too_often_kept"], advice=TEXT["too_often_advice"]
                )
            self._order.append((now, network))
            self._counts[network] = self._counts.get(network, 0) + 1

    def remembered(self) -> frozenset[str]:
        """Return the networks that are in memory now."""
        with self._lock:
            self._forget(self._seconds() - HOUR)
            return frozenset(self._counts)

    def _forget(self, before: float) -> None:
        while self._order and self._order[0][0] <= before:
            _, network = self._order.popleft()
            self._counts[network] -= 1
            if not self._counts[network]:
                del self._counts[network]


def network_of(address: str) -> str:
    """Return the network of an address: /24, or /48 of IPv6; what is no address is all one."""
    found = parsed(address)
    if found is None:
        return UNKNOWN
    return str(ip_network((found, _PREFIXES[found.version]), strict=False))
