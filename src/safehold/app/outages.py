"""Alarms about what no single event says: a stale list, matching that is down, a report that is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from safehold.app import alarms
from safehold.authorities import filings
from safehold.authorities.questions import HEARD_BEFORE, QUESTION_DUE, QUESTION_LATE
from safehold.model.hash_list import HashList
from safehold.storage import alarms as alarm_rows
from safehold.storage import authority_questions, emergencies, hash_lists
from safehold.storage import filings as filing_rows
from safehold.storage.database import Tx

MATCHER = f"matcher:{UUID(int=0)}"
"""Matching as a whole: which host it is, the health of each says."""


def raise_for_outages(tx: Tx, *, now: datetime) -> None:
    """Raise each alarm whose cause stands at this instant.

    One that was acknowledged comes back when its cause comes anew: a list was refreshed, and is stale
    again. While matching stays down, the alarm comes back after a quarter of an hour: uploads go
    unchecked.
    """
    for known in hash_lists.in_use(tx):
        if known.is_stale(now):
            _raise_once(tx, alarms.LIST_STALE, f"list:{known.id}", since=_stale_since(known, now), now=now)
    for emergency_id, due_at in emergencies.unreported(tx, now).items():
        _raise_once(tx, alarms.REPORT_UNSENT, f"emergency:{emergency_id}", since=due_at, now=now)
    for report_id, due_at in filing_rows.overdue(tx, now).items():
        _raise_once(tx, alarms.REPORT_UNSENT, f"authority_report:{report_id}", since=due_at, now=now)
    for report_id, since in filings.expiring(tx, now=now).items():
        _raise_once(tx, alarms.REPORT_EXPIRING, f"authority_report:{report_id}", since=since, now=now)
    for question_id, due_at in authority_questions.due_before(tx, now + HEARD_BEFORE).items():
        subject, before = f"authority_question:{question_id}", due_at - HEARD_BEFORE
        if due_at < now:
            _raise_once(tx, QUESTION_LATE, subject, since=due_at, now=now)
        else:
            _raise_once(tx, QUESTION_DUE, subject, since=before, now=now)
    _raise_once(tx, alarms.MATCHER_DOWN, MATCHER, since=now - alarms.MATCHER_WINDOW, now=now)


def _raise_once(tx: Tx, code: str, subject: str, *, since: datetime, now: datetime) -> None:
    if not alarm_rows.raised_since(tx, code, subject, since):
        alarms.raise_alarm(tx, code, subject, now=now)


def _stale_since(known: HashList, now: datetime) -> datetime:
    """Return when a stale list became it; of one from a future that a wrong clock made, a day ago."""
    became = (known.refreshed_at or known.created_at) + timedelta(seconds=known.stale_after_seconds or 0)
    return became if became <= now else now - timedelta(days=1)
