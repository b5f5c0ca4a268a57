"""Until when a report, its papers and what it tells of are kept, in dates and counts, for its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from safehold.evidence import ledger, paper_clocks
from safehold.model.authority_report import AuthorityReport
from safehold.model.retention import Basis, RetentionClock
from safehold.storage import authority_papers, authority_reports, retention_clocks
from safehold.storage.database import Tx
from safehold.storage.evidence import Rule


class ClockOf(StrEnum):
    """What a clock on the page of a report is about."""

    REPORT = "report"
    """The papers of the report, or its reference."""
    MEDIA = "media"
    RECORD = "record"
    """What is written of an item that came without bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Clocks that are alike, and how many; of: what they are about."""

    basis: Basis
    of: ClockOf
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    confirmed_at: datetime | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportClocks:
    """Until when what goes with a report is kept.

    has_papers: whether anything sealed is there; papers_until: until when, None without an end.
    papers_gone_at: when they were destroyed. media: under which rule, until when (None without a date), and
    how many. clocks: all of them, also those that ended, the oldest first.
    """

    has_papers: bool
    papers_until: datetime | None
    papers_gone_at: datetime | None
    media: Sequence[tuple[str, datetime | None, int]]
    clocks: Sequence[Running]


def of_report(tx: Tx, report: AuthorityReport, *, operator_term: timedelta) -> ReportClocks:
    """Return them. Whoever asks was let near the report."""
    told = paper_clocks.told_of(tx, report.id)
    known = {each.id: each for each in retention_clocks.about(tx, report.id)}
    known |= {each.id: each for each in ledger.clocks_of(tx, told)}
    alike = Counter(
        (each.since, each.basis, _of(each), each.until, each.ended_at, each.confirmed_at)
        for each in known.values()
    )
    kept = ledger.untils(tx, told.media)
    return ReportClocks(
        has_papers=bool(authority_papers.of_report(tx, report.id)),
        papers_until=paper_clocks.foreseen(tx, report, operator_term=operator_term),
        papers_gone_at=authority_reports.papers_gone_at(tx, report.id),
        media=[(rule.value, until, kept[rule, until]) for rule, until in sorted(kept, key=_by_date)],
        clocks=[
            Running(
                basis=basis,
                of=of,
                since=since,
                until=until,
                ended_at=ended_at,
                confirmed_at=confirmed_at,
                count=count,
            )
            for (since, basis, of, until, ended_at, confirmed_at), count in sorted(
                alike.items(), key=lambda each: (each[0][0], each[0][1])
            )
        ],
    )


def _of(clock: RetentionClock) -> ClockOf:
    if clock.of_report:
        return ClockOf.REPORT
    return ClockOf.MEDIA if clock.media_id is not None else ClockOf.RECORD


def _by_date(kept: tuple[Rule, datetime | None]) -> tuple[bool, str, str]:
    rule, until = kept
    return until is None, until.isoformat() if until else "", rule.value
