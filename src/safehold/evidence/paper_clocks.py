"""Until when the papers of an authority report are kept: by the clocks that keep the evidence it tells of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from safehold.evidence import clocks, retention
from safehold.model.authority_report import AuthorityReport
from safehold.model.ids import AuthorityReportId
from safehold.model.retention import Basis, Reach, RetentionClock, end_of
from safehold.storage import authority_papers, authority_reports, items
from safehold.storage import evidence as evidence_rows
from safehold.storage import retention_clocks as rows
from safehold.storage.database import Tx
from safehold.storage.evidence import Rule


def decide(
    report: AuthorityReport,
    of_report: Sequence[RetentionClock],
    of_told: Sequence[RetentionClock],
    *,
    operator_term: timedelta,
    ordered_at: datetime | None = None,
) -> datetime | None:
    """Work out until when a report's papers are kept; None without an end: it is open, or a hold stands.

    of_report: the clocks about the report itself. of_told: those of what it tells of, media and records. As
    with the evidence the latest date counts, that of a hold which was lifted too. What was filed under a law
    is kept for the years of that law, whether or not its clocks have begun; what no law asks for is kept for
    the operator's term: after it ended, and as long as that term runs for its media. The clock of a reference
    keeps no paper: the reference stays with the report.

    ordered_at: when the last of what it tells of was destroyed on an order. That ends the operator's term,
    unless the report ended later; a law's year runs on, as it does for where the picture appeared.
    """
    if report.ended_at is None or any(each.holds for each in of_told):
        return None
    lifted = [each.end for each in of_told if each.basis is Basis.LEGAL_HOLD]
    laws = _laws(report)
    if laws:
        ends = [end_of(basis, report.filed_at or report.ended_at) for basis in laws]
        ends += [each.end for each in of_report if each.basis is not Basis.UK_REFERENCE]
    elif ordered_at is not None and ordered_at >= report.ended_at:
        ends = [ordered_at]
    else:
        terms = [each for each in of_told if each.basis is Basis.OPERATOR_TERM]
        ends = [report.ended_at + operator_term]
        ends += [each.end for each in terms if each.about == report.case_id]
    return max(end for end in [*ends, *lifted] if end is not None)


def kept_until(tx: Tx, report_id: AuthorityReportId, *, operator_term: timedelta) -> datetime | None:
    """Return until when a report's papers are kept, see `decide`; waits for whoever is at the same evidence.

    What is decided holds until the transaction ends: nobody places a hold in between.
    """
    retention.lock_all(tx, told_of(tx, report_id))
    report = authority_reports.get(tx, report_id)
    return None if report is None else foreseen(tx, report, operator_term=operator_term)


def foreseen(tx: Tx, report: AuthorityReport, *, operator_term: timedelta) -> datetime | None:
    """Return until when a report's papers are kept as it stands now. A hold may come any time."""
    told = told_of(tx, report.id)
    return decide(
        report,
        rows.about(tx, report.id),
        [*rows.of_media(tx, told.media), *rows.of_records(tx, told.records)],
        operator_term=operator_term,
        ordered_at=_ordered_at(tx, told),
    )


def kept_for(tx: Tx, report: AuthorityReport) -> tuple[Basis, ...]:
    """Return what the papers of a report that ended are kept for, see `decide`.

    The bases of a law, else the operator's term, else the order that ended it.
    """
    laws, ordered_at = _laws(report), _ordered_at(tx, told_of(tx, report.id))
    if laws:
        return tuple(laws)
    cut_short = ordered_at is not None and report.ended_at is not None and ordered_at >= report.ended_at
    return (Basis.DESTROY_ORDER if cut_short else Basis.OPERATOR_TERM,)


def perhaps_over(
    tx: Tx, *, now: datetime, after: AuthorityReportId | None = None, limit: int
) -> list[AuthorityReportId]:
    """Return reports that ended and have papers, and no clock about them that runs; `kept_until` decides.

    By id; after: where the last ones ended.
    """
    return authority_papers.of_ended(tx, without=rows.runs_about_papers(now), after=after, limit=limit)


def _laws(report: AuthorityReport) -> list[Basis]:
    """Return the laws under which what was told is kept: none where nobody was told, or for practice."""
    if report.filed_at is None or report.rehearsal:
        return []
    bases = clocks.BASES[report.kind]
    return [each for each in bases if each.keeps_media and each.keeps_papers]


def told_of(tx: Tx, report_id: AuthorityReportId) -> Reach:
    """Return what a report tells of, or told of before something fell."""
    told = authority_reports.items_of(tx, report_id, standing=False)
    return items.reach_of(tx, [one.item_id for one in told])


def _ordered_at(tx: Tx, told: Reach) -> datetime | None:
    """Return when the last of this media was destroyed, if all was and each on an order; else None."""
    gone = evidence_rows.destroyed(tx, told.media)
    on_order = [one.destroyed_at for one in gone.values() if one.rule is Rule.DESTROY_ORDER]
    return max(on_order) if told.media and len(on_order) == len(told.media) else None
