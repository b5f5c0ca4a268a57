"""What authorities ask about reports that they have: when it is due, and how it was answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.model.authority_question import AuthorityQuestion
from safehold.model.ids import AuthorityQuestionId, AuthorityReportId, UserId
from safehold.storage import admission, conflicts
from safehold.storage.authority_reports import authority_report
from safehold.storage.cases import review_case
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

authority_question = sa.Table(
    "authority_question",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("report_id", sa.ForeignKey("authority_report.id"), nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("recorded_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("answered_at", Instant),
    sa.Column("answered_by", sa.ForeignKey("app_user.id")),
    # One of the two, where it is answered: a report of ours, or what the answer is called.
    sa.Column("supplement", sa.ForeignKey("authority_report.id")),
    sa.Column("answer", sa.Text),
    sa.UniqueConstraint("report_id", "reference", name="uq_authority_question_reference"),
    sa.CheckConstraint(
        "due_at > received_at and due_at <= received_at + interval '168 hours'", name="due_within_seven_days"
    ),
    sa.CheckConstraint(
        "(answered_at is null) = (answered_by is null)"
        " and num_nonnulls(supplement, answer) = num_nonnulls(answered_at)",
        name="answered_in_one_way",
    ),
    sa.Index("ix_authority_question_open", "due_at", postgresql_where=sa.text("answered_at is null")),
)

owned_by("authorities", authority_question)

_COLUMNS = tuple(AuthorityQuestion.__slots__)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that waits for its answer, with the case that it is about."""

    question: AuthorityQuestion
    case_number: int


@writes(authority_question)
def insert(tx: Tx, question: AuthorityQuestion) -> None:
    """Record a question."""
    tx.run(authority_question.insert().values({name: getattr(question, name) for name in _COLUMNS}))


@writes(authority_question)
def set_answered(
    tx: Tx,
    question_id: AuthorityQuestionId,
    *,
    at: datetime,
    by: UserId,
    supplement: AuthorityReportId | None = None,
    answer: str | None = None,
) -> bool:
    """Record how a question was answered. False where it was before."""
    waits = authority_question.update().where(
        authority_question.c.id == question_id, authority_question.c.answered_at.is_(None)
    )
    values = {"answered_at": at, "answered_by": by, "supplement": supplement, "answer": answer}
    return tx.run(waits.values(values)).rowcount == 1


def get(tx: Tx, question_id: AuthorityQuestionId) -> AuthorityQuestion | None:
    """Return a question, None when there is none; locked until the transaction ends."""
    statement = sa.select(authority_question).where(authority_question.c.id == question_id)
    row = tx.run(statement.with_for_update()).mappings().first()
    return _question(row) if row is not None else None


def of_report(tx: Tx, report_id: AuthorityReportId) -> list[AuthorityQuestion]:
    """Return what was asked about a report, the oldest first."""
    statement = (
        sa.select(authority_question)
        .where(authority_question.c.report_id == report_id)
        .order_by(authority_question.c.received_at, authority_question.c.id)
    )
    return [_question(row) for row in tx.run(statement).mappings()]


def open_ones(tx: Tx, *, reader: UUID | None, limit: int) -> list[OpenQuestion]:
    """Return the questions that wait for an answer, the soonest due first.

    reader: a person; left out is what they may not know of, and what they have a conflict of interest about.
    """
    conditions: list[sa.ColumnElement[bool]] = [authority_question.c.answered_at.is_(None)]
    if reader is not None:
        conditions.append(admission.of_user_and_case(authority_report.c.case_id, reader))
        conditions.append(conflicts.knows_nobody_in(authority_report.c.case_id, reader))
    statement = (
        sa.select(authority_question, review_case.c.number)
        .join(authority_report, authority_report.c.id == authority_question.c.report_id)
        .join(review_case, review_case.c.id == authority_report.c.case_id)
        .where(*conditions)
        .order_by(authority_question.c.due_at, authority_question.c.id)
        .limit(limit)
    )
    return [OpenQuestion(_question(row), row["number"]) for row in tx.run(statement).mappings()]


def due_before(tx: Tx, at: datetime) -> dict[AuthorityQuestionId, datetime]:
    """Return the questions without an answer that are due before an instant, and when."""
    statement = sa.select(authority_question.c.id, authority_question.c.due_at).where(
        authority_question.c.answered_at.is_(None), authority_question.c.due_at < at
    )
    return {AuthorityQuestionId(row.id): row.due_at for row in tx.run(statement)}


def still_due(tx: Tx, ids: Collection[UUID], at: datetime) -> set[UUID]:
    """Return which of these questions have no answer and are due before an instant."""
    return set(ids) & set(due_before(tx, at))


def _question(row: Mapping[Any, Any]) -> AuthorityQuestion:
    return AuthorityQuestion(**{name: row[name] for name in _COLUMNS})
