"""Counting what classifiers say of every upload, in the shadow too: by day and band, and nothing else.

Of a harmless upload nothing is kept, so that these counts alone show how a classifier's bands shift.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from safehold.model.classifier import Heard
from safehold.model.clock import Clock
from safehold.storage import classifier_counts as rows
from safehold.storage.classifier_counts import Said
from safehold.storage.database import Database, Tx

REMEMBERED = timedelta(days=400)
"""For how long counts of a day are kept."""


class HeardCounters:
    """Counts in memory until the counters of scans are written down. Safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counted: Counter[Said] = Counter()
        self._lock = threading.Lock()

    def count(self, heard: Sequence[Heard], *, known: bool) -> None:
        """Count what was said of one upload. known: whether a list knew it."""
        if not heard:
            return
        day = self._clock().date()
        said = [
            Said(
                day=day,
                classifier=each.classifier,
                version=each.opinion.version,
                in_shadow=each.in_shadow,
                known=known,
                answered=each.opinion.answered,
                band=each.opinion.band,
            )
            for each in heard
        ]
        with self._lock:
            self._counted.update(said)

    def write(self, database: Database) -> None:
        """Write down what was counted. What could not be written stays counted."""
        with self._lock:
            taken, self._counted = self._counted, Counter()
        if not taken:
            return
        try:
            with database.begin() as tx:
                rows.add(tx, taken)
        except BaseException:
            with self._lock:
                self._counted.update(taken)
            raise


def forget(tx: Tx, *, now: datetime) -> None:
    """Erase counts of days that are over for REMEMBERED."""
    rows.forget(tx, before=(now - REMEMBERED).date())
