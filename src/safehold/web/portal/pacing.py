"""How often somebody may do something: counted in memory, by network, for an hour, and never on disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from fastapi import Request

from safehold.model.errors import TooOften
from safehold.web.addresses import client_address, network_of
from safehold.web.portal.words import TEXT

HOUR = 3600.0
_V4, _V6 = 24, 48


class Pace:
    """Lets a network do something `each` times an hour, and everybody together `in_all` times.

    words: the entry of TEXT that says it is one too many; those named after it with `_kept` and `_advice`
    say the rest. seconds: a clock that never goes back, such as time.monotonic. What is older than an hour
    is forgotten at the next question, whoever asks it.
    """

    def __init__(self, words: str, *, each: int, in_all: int, seconds: Callable[[], float]) -> None:
        self._said = (TEXT[words], TEXT[f"{words}_kept"], TEXT[f"{words}_advice"])
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
                what, kept, advice = self._said
                raise TooOften(what, kept=kept, advice=advice)
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


def place_of(request: Request, trusted_proxies: Iterable[str]) -> str:
    """Return the network that a visitor counts as: /24, or /48 of IPv6; whoever has no address is all one."""
    return network_of(client_address(request, trusted_proxies), v4=_V4, v6=_V6)
