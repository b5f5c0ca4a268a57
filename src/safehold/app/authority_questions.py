"""Questions of authorities as pages and commands have them: for whoever may come near the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from safehold.app.authority_reports import Desk, sheet
from safehold.authorities import questions
from safehold.model.authority_question import AuthorityQuestion
from safehold.model.authority_report import AuthorityReport
from safehold.model.errors import NotFound
from safehold.model.ids import AuthorityQuestionId, AuthorityReportId
from safehold.model.permissions import Actor, Permission
from safehold.storage import authority_questions as rows
from safehold.storage import authority_reports as report_rows
from safehold.storage.authority_questions import OpenQuestion
from safehold.storage.database import Tx

__all__ = ["Asked", "OpenQuestion", "answer", "of_report", "open_ones", "record"]

LISTED = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked about a report. answers: by question, the filed reports that can be its answer."""

    questions: tuple[AuthorityQuestion, ...]
    answers: Mapping[AuthorityQuestionId, tuple[AuthorityReport, ...]]


def open_ones(tx: Tx, *, actor: Actor) -> list[OpenQuestion]:
    """Return the questions that wait for an answer, of cases of which they may know. Raises NotAllowed."""
    actor.require(Permission.AUTHORITY_READ)
    return rows.open_ones(tx, reader=actor.user_id, limit=LISTED)


def of_report(tx: Tx, report: AuthorityReport) -> Asked:
    """Return what was asked about a report that somebody was shown."""
    found = tuple(rows.of_report(tx, report.id))
    others = report_rows.of_case(tx, report.case_id) if found else []
    return Asked(
        found,
        {
            each.id: tuple(one for one in others if questions.answers_it(report, one, each))
            for each in found
            if each.answered_at is None
        },
    )


def record(
    desk: Desk,
    report_id: AuthorityReportId,
    *,
    reference: str,
    received: str,
    due: str = "",
    actor: Actor,
) -> AuthorityQuestionId:
    """Write a question down. received, due: as people write them, see `questions.instant_said`.

    Raises as `questions.record` does, and ConflictOfInterest.
    """
    received_at = questions.instant_said(received, "received")
    due_at = questions.instant_said(due, "due") if due.strip() else None
    with desk.database.begin() as tx:
        sheet(tx, report_id, actor=actor)
        return questions.record(
            tx,
            report_id,
            reference=reference,
            received_at=received_at,
            due_at=due_at,
            actor=actor,
            now=desk.clock(),
        )


def answer(
    desk: Desk,
    question_id: AuthorityQuestionId,
    *,
    supplement: AuthorityReportId | None,
    words: str,
    actor: Actor,
) -> AuthorityReportId:
    """Write down how a question was answered, and return the report that it is about.

    Raises as `questions.answer` does, and ConflictOfInterest.
    """
    with desk.database.begin() as tx:
        report_id = _report_of(tx, question_id)
        sheet(tx, report_id, actor=actor)
        now: datetime = desk.clock()
        questions.answer(tx, question_id, supplement=supplement, words=words, actor=actor, now=now)
    return report_id


def _report_of(tx: Tx, question_id: AuthorityQuestionId) -> AuthorityReportId:
    found = rows.get(tx, question_id)
    if found is None:
        raise NotFound("There is no such question.")
    return found.report_id
