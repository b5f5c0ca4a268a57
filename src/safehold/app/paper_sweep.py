"""The papers of authority reports go when the clocks of evidence say so: two stages, put together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from safehold.authorities import papers
from safehold.evidence import paper_clocks
from safehold.model.ids import AuthorityReportId
from safehold.storage.database import Database

LOOKED_AT_ONCE = 500


def forget_papers(
    database: Database, *, operator_term: timedelta, now: datetime, limit: int = 100
) -> list[AuthorityReportId]:
    """Destroy the papers of at most `limit` reports that nothing keeps any more; return of which.

    Each report is a transaction of its own, in which its clocks are asked anew: a hold that somebody places
    meanwhile either comes first, and keeps them, or waits until they are gone.
    """
    gone: list[AuthorityReportId] = []
    for report_id in _candidates(database, now):
        if _forget(database, report_id, operator_term=operator_term, now=now):
            gone.append(report_id)
        if len(gone) >= limit:
            break
    return gone


def _candidates(database: Database, now: datetime) -> Iterator[AuthorityReportId]:
    after: AuthorityReportId | None = None
    while True:
        with database.begin() as tx:
            found = paper_clocks.perhaps_over(tx, now=now, after=after, limit=LOOKED_AT_ONCE)
        yield from found
        if len(found) < LOOKED_AT_ONCE:
            return
        after = found[-1]


def _forget(
    database: Database, report_id: AuthorityReportId, *, operator_term: timedelta, now: datetime
) -> bool:
    with database.begin() as tx:
        until = paper_clocks.kept_until(tx, report_id, operator_term=operator_term)
        if until is None or until > now:
            return False
        papers.forget(tx, report_id, now=now)
    return True
