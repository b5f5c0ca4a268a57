"""A question is what an authority asks about a report that it has: by when it is answered, and how it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from safehold.model.ids import AuthorityQuestionId, AuthorityReportId, UserId

ANSWERED_WITHIN = timedelta(days=7)
"""Within what the National Crime Agency has its answer."""
THEIR_CLOCK = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityQuestion:
    """A question that an authority asked about a filed report.

    reference: what they call it. due_at: at the latest `latest_answer` of when it came. supplement: the
    report that answered it. answer: where it was answered otherwise, under which reference.
    """

    id: AuthorityQuestionId
    report_id: AuthorityReportId
    reference: str
    received_at: datetime
    due_at: datetime
    recorded_by: UserId
    recorded_at: datetime
    answered_at: datetime | None = None
    answered_by: UserId | None = None
    supplement: AuthorityReportId | None = None
    answer: str | None = None


def latest_answer(received_at: datetime) -> datetime:
    """Return until when a question is answered that came at an instant, in UTC.

    That is seven days: by hours, or by the clock in London, whichever of the two ends first where its clocks
    were changed in between.
    """
    by_hours = received_at.astimezone(UTC) + ANSWERED_WITHIN
    there = received_at.astimezone(THEIR_CLOCK)
    return min(by_hours, earliest(there.replace(tzinfo=None) + ANSWERED_WITHIN))


def earliest(in_london: datetime) -> datetime:
    """Return the first instant, in UTC, that clocks in London may mean by a time without a zone.

    A time that comes twice is the first of the two; one that is left out is the earlier reading of it.
    """
    readings = (in_london.replace(tzinfo=THEIR_CLOCK, fold=fold).astimezone(UTC) for fold in (0, 1))
    return min(readings)
