"""Counting scans: in memory, written down at least once a second, sealed into the audit log by the minute."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from safehold.model.clock import Clock
from safehold.model.errors import SafeholdError
from safehold.model.permissions import Actor
from safehold.model.scan import ScanResult
from safehold.storage import audit, scans
from safehold.storage.database import Database
from safehold.storage.scans import CounterKey

log = structlog.get_logger()

FLUSH_SECONDS = 0.5
"""A crash may lose one second of clear-scan counters; half of it is spent waiting."""
SETTLE = timedelta(seconds=5)
"""How long after the end of a minute its counters are sealed."""


class ScanCounters:
    """Counts answers in memory and writes them down from a thread of its own."""

    def __init__(
        self, database: Database, clock: Clock, *, then: Sequence[Callable[[Database], None]] = ()
    ) -> None:
        """then: what else is written down each time, after the counters."""
        self._then = then
        self._database = database
        self._clock = clock
        self._counts: Counter[CounterKey] = Counter()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_flushing, name="scan-counters", daemon=True)

    def count(
        self, *, actor: Actor, surface: str, result: ScanResult, lists_version: str, scans: int = 1
    ) -> None:
        """Count answered scans: one, or several that have all this in common."""
        minute = self._clock().replace(second=0, microsecond=0)
        key = CounterKey(minute, actor.key_id, surface, result.value, lists_version)
        with self._lock:
            self._counts[key] += scans

    def flush(self) -> None:
        """Write down what was counted. Counts that could not be written stay for the next time.

        When it returns, what another thread was just writing is written too.
        """
        with self._flushing:
            self._flush_scans()
            for write in self._then:
                write(self._database)

    def _flush_scans(self) -> None:
        with self._lock:
            taken, self._counts = self._counts, Counter()
        if not taken:
            return
        try:
            with self._database.begin() as tx:
                scans.add_counts(tx, dict(taken))
        except SafeholdError:
            with self._lock:
                self._counts.update(taken)
            raise

    def start(self) -> None:
        """Begin to flush in the background."""
        self._thread.start()

    def close(self) -> None:
        """Stop the background thread and flush once more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def _keep_flushing(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except SafeholdError as error:
                log.warning("counters_not_written", code=error.code)


def seal_counters(database: Database, *, now: datetime) -> int:
    """Seal every counter of past minutes into one audit record each; return how many records that were."""
    minute = (now - SETTLE).replace(second=0, microsecond=0)
    with database.begin() as tx:
        open_counts = scans.unsealed_counts(tx, before=minute)
        for key, (total, ids) in open_counts.items():
            record_id = audit.append(
                tx,
                at=now,
                actor=f"key:{key.key_id}" if key.key_id else "system:scan",
                verb="scan.count",
                object=f"surface:{key.surface}",
                detail={
                    "minute": key.minute.strftime("%Y-%m-%dT%H:%MZ"),
                    "result": key.result,
                    "lists": key.lists_version,
                    "scans": total,
                },
            )
            scans.seal_counts(tx, ids, record_id=record_id)
    return len(open_counts)
