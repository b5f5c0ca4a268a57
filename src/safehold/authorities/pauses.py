"""How long to wait before a report is tried again, counted in attempts: no clock changes any of it."""

from __future__ import annotations

from datetime import timedelta

from safehold.model.authority_report import Priority

PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=3),
    timedelta(minutes=10),
    timedelta(minutes=20),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
"""After the first failed attempt, the second, and so on; the last one from then on."""
URGENT = timedelta(minutes=1)
"""No pause of a report that is due at once is longer."""
OURS = timedelta(minutes=1)
"""No pause is longer where what is missing is ours: a person may have mended it."""
HORIZON = timedelta(hours=72)
"""After so much waiting without getting any further a person must look."""
_SPREAD = 0.2


def pause(attempts: int, *, priority: Priority, chance: float, asked_for: timedelta | None) -> timedelta:
    """Return how long to wait after the failed attempt of this number (1 is the first).

    chance: from 0 to 1; it spreads the attempts of several reports by up to a fifth. asked_for: how long they
    said; it counts where it is longer.
    """
    wait = PAUSES[min(attempts, len(PAUSES)) - 1]
    if priority is Priority.ONE:
        wait = min(wait, URGENT)
    wait *= 1 + _SPREAD * chance
    return max(wait, asked_for or wait)


def pause_for_ours(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts where what is missing is ours to mend."""
    return min(PAUSES[min(attempts, len(PAUSES)) - 1], OURS)
