"""Alarms about what no single event says: what is stale or down, and a report that is late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from safehold.app import alarms
from safehold.authorities import filings
from safehold.authorities.questions import HEARD_BEFORE, QUESTION_DUE, QUESTION_LATE
from safehold.detect.classifiers import circuits
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
    for code, subject, since in (*_of_machines(tx, now), *_of_reports(tx, now)):
        if not alarm_rows.raised_since(tx, code, subject, since):
            alarms.raise_alarm(tx, code, subject, now=now)


def _of_machines(tx: Tx, now: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Yield what is stale or down: code, subject, and since when."""
    for known in hash_lists.in_use(tx):
        if known.is_stale(now):
            yield alarms.LIST_STALE, f"list:{known.id}", _stale_since(known, now)
    for classifier_id, opened_at in circuits.opened_at(tx, now).items():
        yield alarms.CLASSIFIER_DOWN, f"classifier:{classifier_id}", opened_at
    yield alarms.MATCHER_DOWN, MATCHER, now - alarms.MATCHER_WINDOW


def _of_reports(tx: Tx, now: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Yield what authorities wait for: code, subject, and since when."""
    for emergency_id, due_at in emergencies.unreported(tx, now).items():
        yield alarms.REPORT_UNSENT, f"emergency:{emergency_id}", due_at
    for report_id, due_at in filing_rows.overdue(tx, now).items():
        yield alarms.REPORT_UNSENT, f"authority_report:{report_id}", due_at
    for report_id, since in filings.expiring(tx, now=now).items():
        yield alarms.REPORT_EXPIRING, f"authority_report:{report_id}", since
    for question_id, due_at in authority_questions.due_before(tx, now + HEARD_BEFORE).items():
        subject = f"authority_question:{question_id}"
        if due_at < now:
            yield QUESTION_LATE, subject, due_at
        else:
            yield QUESTION_DUE, subject, due_at - HEARD_BEFORE


def _stale_since(known: HashList, now: datetime) -> datetime:
    """Return when a stale list became it; of one from a future that a wrong clock made, a day ago."""
    became = (known.refreshed_at or known.created_at) + timedelta(seconds=known.stale_after_seconds or 0)
    return became if became <= now else now - timedelta(days=1)
