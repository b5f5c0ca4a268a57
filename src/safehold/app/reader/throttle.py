"""The reader's own count of showings: it holds where the console, which counts in records, is taken over."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime
from uuid import UUID

from safehold.model.errors import TooManyViews
from safehold.review.viewing import ViewLimits


class Throttle:
    """Counts per person in memory, so nobody who can write to the records can reset it; a restart does.

    Safe to share between threads.
    """

    def __init__(self, limits: ViewLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._shown: dict[UUID, deque[datetime]] = {}

    def count(self, person: UUID, *, now: datetime) -> None:
        """Count one showing to this person. Raises TooManyViews, and counts nothing, over a limit."""
        windows = self._limits.windows()
        with self._lock:
            shown = self._shown.setdefault(person, deque())
            while shown and shown[0] <= now - windows[0][0]:
                shown.popleft()
            for span, most in windows:
                if sum(at > now - span for at in shown) >= most:
                    raise TooManyViews(span, most)
            shown.append(now)
