"""Probing: somebody who comes near the edge of a list again and again is brought to a person's notice.

Kept for seven days, per hour: a key's id or a keyed digest of key and account, and two counts. Nothing of
what was sent, no distance and no account. An upload that comes near nothing leaves no trace here at all.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from safehold.app import alarms
from safehold.app.alarms import PROBING_WINDOW as WINDOW
from safehold.app.settings_sections import ProbingSettings
from safehold.detect.verdict import Verdict
from safehold.model.clock import Clock
from safehold.model.ids import KeyId
from safehold.model.permissions import Actor, system_actor
from safehold.storage import alarms as alarm_rows
from safehold.storage import audit, scans
from safehold.storage import probing as rows
from safehold.storage.database import Database, Tx
from safehold.storage.probing import Calls, Whose

KEPT = timedelta(days=7)
"""How long hours are remembered."""

_ACTOR = system_actor("probing").label


class CloseCalls:
    """Counts close calls in memory until the counters are written down. Safe to share between threads."""

    def __init__(self, settings: ProbingSettings, secret: bytes, clock: Clock) -> None:
        """secret: 32 bytes that key the digests of accounts; without it they cannot be guessed back."""
        self._settings = settings
        self._secret = secret
        self._clock = clock
        self._counted: Counter[tuple[Whose, datetime, str]] = Counter()
        self._lock = threading.Lock()

    @property
    def margin(self) -> int:
        """How many bits beyond a list's edge count as a near miss."""
        return self._settings.margin

    def note(self, verdict: Verdict, actor: Actor, account_id: str | None) -> None:
        """Count an answer that was close; do nothing about any other."""
        matched = bool(verdict.matches)
        if not matched and not verdict.near_miss:
            return
        hour = self._clock().replace(minute=0, second=0, microsecond=0)
        with self._lock:
            for whose in whose_calls(self._secret, actor.key_id, account_id):
                self._counted[whose, hour, "matches" if matched else "near_misses"] += 1

    def write(self, database: Database) -> None:
        """Write down what was counted, and raise an alarm where it is too much. What failed stays counted."""
        with self._lock:
            taken, self._counted = self._counted, Counter()
        if not taken:
            return
        try:
            with database.begin() as tx:
                rows.add(tx, _summed(taken))
                for whose in sorted({key[0] for key in taken}, key=lambda one: one.subject):
                    self._judge(tx, whose)
        except BaseException:
            with self._lock:
                self._counted.update(taken)
            raise

    def _judge(self, tx: Tx, whose: Whose) -> None:
        now = self._clock()
        calls = rows.since(tx, whose, now - WINDOW)
        if not self._is_too_much(tx, whose, calls, now):
            return
        subject = subject_of(whose)
        alarm_rows.lock(tx, alarms.PROBING, subject)
        if alarm_rows.raised_since(tx, alarms.PROBING, subject, now - WINDOW):
            return
        if not alarms.raise_alarm(tx, alarms.PROBING, subject, now=now):
            # It stands already: who was noticed once is not put on record at every flush.
            return
        audit.append(
            tx,
            at=now,
            actor=_ACTOR,
            verb="probing.notice",
            object=subject,
            detail={
                "key": str(whose.key_id) if whose.key_id else None,
                "near_misses": calls.near_misses,
                "matches": calls.matches,
            },
        )

    def _is_too_much(self, tx: Tx, whose: Whose, calls: Calls, now: datetime) -> bool:
        if not whose.is_key:
            return calls.total >= self._settings.per_account
        if calls.total < self._settings.per_key or whose.key_id is None:
            return False
        # A large platform meets a list's edge by chance, too: only a share of what its key sends is odd.
        sent = scans.sent_by(tx, whose.key_id, since=now - WINDOW)
        return calls.total * 100 >= sent * self._settings.per_key_percent


def whose_calls(secret: bytes, key_id: KeyId | None, account_id: str | None) -> list[Whose]:
    """Return for whom a call counts: the key, and the account under a digest that only this secret makes."""
    found = [Whose(UUID(str(key_id)), key_id)] if key_id else []
    if account_id:
        text = f"{key_id or ''}\n{account_id}".encode()
        digest = hmac.new(secret, text, hashlib.sha256).digest()
        found.append(Whose(UUID(bytes=digest[:16]), key_id))
    return found


def subject_of(whose: Whose) -> str:
    """Return what an alarm names: "key:018f…", or "account:" with half of a keyed digest."""
    return f"{'key' if whose.is_key else 'account'}:{whose.subject}"


def of_last_day(tx: Tx, *, now: datetime) -> dict[Whose, Calls]:
    """Return everybody who came close in the last 24 hours, the most calls first."""
    found = rows.summed(tx, now - WINDOW)
    return dict(sorted(found.items(), key=lambda one: (-one[1].total, one[0].subject)))


def forget(tx: Tx, *, now: datetime) -> int:
    """Forget what is older than seven days; return how many rows that were."""
    return rows.delete_older(tx, before=now - KEPT)


def _summed(taken: Mapping[tuple[Whose, datetime, str], int]) -> dict[tuple[Whose, datetime], Calls]:
    together: defaultdict[tuple[Whose, datetime], Calls] = defaultdict(Calls)
    for (whose, hour, what), count in taken.items():
        together[whose, hour] += Calls(**{what: count})
    return dict(together)
