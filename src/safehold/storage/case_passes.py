"""Who passed which case on, and why: it is not offered to them again while somebody else could take it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import AnalystId, CaseId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, one_of, owned_by, writes


class PassReason(StrEnum):
    """Why an analyst passes a case on. It never counts against anybody."""

    NOT_NOW = "not_now"
    KNOWS_SOMEBODY = "knows_somebody"
    OTHER_LANGUAGE = "other_language"
    NEEDS_LEAD = "needs_lead"


case_pass = sa.Table(
    "case_pass",
    metadata,
    sa.Column("case_id", sa.ForeignKey("review_case.id"), primary_key=True),
    sa.Column("analyst_id", sa.ForeignKey("app_user.id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("passed_at", Instant, nullable=False),
    one_of("reason", PassReason),
    sa.Index("ix_case_pass_analyst_id", "analyst_id"),
)

owned_by("review", case_pass)


@writes(case_pass)
def put_pass(tx: Tx, case_id: CaseId, *, analyst: AnalystId, reason: PassReason, at: datetime) -> None:
    """Record that this analyst passed the case on; a second time replaces the first."""
    values = {"reason": reason.value, "passed_at": at}
    statement = postgresql.insert(case_pass).values(case_id=case_id, analyst_id=analyst, **values)
    tx.run(statement.on_conflict_do_update(index_elements=["case_id", "analyst_id"], set_=values))


def passed_by(tx: Tx, case_id: CaseId) -> dict[AnalystId, PassReason]:
    """Return who passed a case on, and why."""
    statement = sa.select(case_pass.c.analyst_id, case_pass.c.reason).where(case_pass.c.case_id == case_id)
    return {AnalystId(row.analyst_id): PassReason(row.reason) for row in tx.run(statement)}
