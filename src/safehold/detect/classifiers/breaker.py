"""A circuit breaker: what fails again and again is left alone for a while, so that nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

FAILURES = 5
"""So many in a row open the circuit."""
FIRST_REST, LONGEST_REST = 10.0, 600.0
"""Seconds it stays open the first time; each further failure doubles it, up to the second."""


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row. Safe to share between threads. clock: seconds, never going back."""

    clock: Callable[[], float]
    _failures: int = 0
    _rest: float = FIRST_REST
    _open_until: float = 0.0
    _trying: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether nobody is let through now but one who tries."""
        with self._lock:
            return self._failures >= FAILURES

    def admits(self) -> bool:
        """Say whether to ask now. After a rest one is let through to try, and others once that went well."""
        with self._lock:
            if self._failures < FAILURES:
                return True
            if self._trying or self.clock() < self._open_until:
                return False
            self._trying = True
            return True

    def withdrew(self) -> None:
        """Say that the one who was let through did not ask after all: somebody else may try."""
        with self._lock:
            self._trying = False

    def went_well(self) -> bool:
        """Close the circuit; say whether it was open."""
        with self._lock:
            was_open = self._failures >= FAILURES
            self._failures, self._rest, self._trying = 0, FIRST_REST, False
            return was_open

    def rest(self, seconds: float) -> None:
        """Open the circuit for so long, at most LONGEST_REST: the other side asked for it."""
        with self._lock:
            self._failures = max(self._failures, FAILURES)
            self._trying = False
            self._open_until = max(self._open_until, self.clock() + min(LONGEST_REST, seconds))

    def failed(self) -> None:
        """Count a failure; the one that is too many opens the circuit."""
        with self._lock:
            self._failures += 1
            if self._failures < FAILURES:
                return
            if self._trying:
                self._rest = min(LONGEST_REST, self._rest * 2)
            self._trying = False
            self._open_until = self.clock() + self._rest
