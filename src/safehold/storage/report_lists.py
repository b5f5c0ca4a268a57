"""Authority reports as people list them: with their cases, and with what was told before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from safehold.model.authority_report import AuthorityReport, AuthorityReportState
from safehold.storage import admission, conflicts
from safehold.storage.authority_reports import (
    OPEN,
    authority_report,
    authority_report_item,
    report_of,
)
from safehold.storage.cases import review_case
from safehold.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A report in a list. items: how many it tells about, or would have told about."""

    report: AuthorityReport
    case_number: int
    items: int


def listed(tx: Tx, *, is_open: bool, reader: UUID | None, limit: int) -> list[ReportLine]:
    """Return reports with their cases: the open ones, soonest due first, or those that ended, newest first.

    reader: a person; left out is what they may not know of, and what they have a conflict of interest about.
    """
    by_time = authority_report.c.due_at if is_open else authority_report.c.ended_at.desc()
    wanted = authority_report.c.state.in_(OPEN)
    conditions: list[sa.ColumnElement[bool]] = [wanted if is_open else ~wanted]
    if reader is not None:
        conditions.append(admission.of_user_and_case(authority_report.c.case_id, reader))
        conditions.append(conflicts.knows_nobody_in(authority_report.c.case_id, reader))
    items = sa.select(sa.func.count()).where(authority_report_item.c.report_id == authority_report.c.id)
    statement = (
        sa.select(authority_report, review_case.c.number, items.scalar_subquery().label("items"))
        .join(review_case, review_case.c.id == authority_report.c.case_id)
        .where(*conditions)
        .order_by(by_time, authority_report.c.id)
        .limit(limit)
    )
    return [
        ReportLine(report=report_of(row), case_number=row["number"], items=row["items"])
        for row in tx.run(statement).mappings()
    ]


def references_before(tx: Tx, report: AuthorityReport, *, before: datetime) -> list[str]:
    """Return what its destination calls earlier reports about the same case or account, oldest first.

    Of other cases of the account those of the same purpose count, so that whoever may know of this case may
    know of them; and what was practice counts for practice alone. before: when they were filed.
    """
    here = review_case.alias("here")
    of_account = sa.and_(
        review_case.c.account_id == here.c.account_id,
        review_case.c.purpose == here.c.purpose,
        review_case.c.rehearsal == here.c.rehearsal,
    )
    statement = (
        sa.select(authority_report.c.reference)
        .join(review_case, review_case.c.id == authority_report.c.case_id)
        .join(here, here.c.id == report.case_id)
        .where(
            authority_report.c.state == AuthorityReportState.FILED.value,
            authority_report.c.destination == report.destination,
            authority_report.c.id != report.id,
            authority_report.c.filed_at < before,
            sa.or_(review_case.c.id == here.c.id, of_account),
        )
        .order_by(authority_report.c.filed_at, authority_report.c.id)
    )
    return list(tx.run(statement).scalars())
