"""Questions of the National Crime Agency: written down by hand, and answered within seven days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from safehold.authorities.decisions import LONGEST_REFERENCE, existing
from safehold.model.authority_question import AuthorityQuestion, earliest, latest_answer
from safehold.model.authority_report import AuthorityReport, AuthorityReportState, DestinationKind
from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound
from safehold.model.ids import AuthorityQuestionId, AuthorityReportId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit
from safehold.storage import authority_questions as rows
from safehold.storage import authority_reports as reports
from safehold.storage.database import Tx

QUESTION_DUE, QUESTION_LATE = "question_due", "question_late"
"""Codes of the alarms."""
HEARD_BEFORE = timedelta(hours=48)
"""So long before a question is due a person hears of it."""


def instant_said(text: str, name: str) -> datetime:
    """Return an instant that a person wrote: without a zone it is what clocks in London show.

    name: of the field. Raises BadForm about it.
    """
    try:
        said = datetime.fromisoformat(text.strip())
        at = said if said.tzinfo is not None else earliest(said)
        # What no clock can show in London or in UTC is no time at which anything came.
        latest_answer(at)
    except (ValueError, OverflowError):
        raise BadForm(
            f"{name}: a date and time, such as 2026-11-20T09:00 in London, or with its zone.", field=name
        ) from None
    return at


def record(
    tx: Tx,
    report_id: AuthorityReportId,
    *,
    reference: str,
    received_at: datetime,
    due_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> AuthorityQuestionId:
    """Write a question down that an authority asked about a filed report, and return its id.

    due_at: where they ask for an answer sooner than the law does; later than that never counts. Raises
    NotAllowed, NotFound, BadForm; Conflict for a report that they do not have, or of another authority, and
    where this question is on record.
    """
    by, report = _person(actor), existing(tx, report_id)
    if report.kind is not DestinationKind.UK_NCA:
        raise Conflict("No clock for questions is known of this authority.")
    if report.state is not AuthorityReportState.FILED or report.filed_at is None:
        raise Conflict("They do not have this report yet, so they can ask nothing about it.")
    said = _line(reference, "reference")
    if not report.filed_at - timedelta(days=1) <= received_at <= now:
        raise BadForm("received: after the report was filed, and not in the future.", field="received")
    if any(each.reference == said for each in rows.of_report(tx, report_id)):
        raise Conflict("This question is on record already.")
    question = AuthorityQuestion(
        id=AuthorityQuestionId(new_id()),
        report_id=report_id,
        reference=said,
        received_at=received_at,
        due_at=_due(received_at, due_at),
        recorded_by=by,
        recorded_at=now,
    )
    rows.insert(tx, question)
    _audit(tx, report, "authority_question.record", question.id, actor, now, due=question.due_at.isoformat())
    return question.id


def answer(
    tx: Tx,
    question_id: AuthorityQuestionId,
    *,
    supplement: AuthorityReportId | None = None,
    words: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Write down how a question was answered: by a report that was filed since, or under which reference.

    Raises NotAllowed, NotFound, BadForm; Conflict where it was answered before, and for a report that is not
    filed, came before the question, or is about something else.
    """
    by, question = _person(actor), rows.get(tx, question_id)
    if question is None:
        raise NotFound("There is no such question.")
    report = existing(tx, question.report_id)
    if supplement is not None:
        _must_answer(tx, report, question, supplement)
    said = None if supplement is not None else _line(words, "answer")
    if not rows.set_answered(tx, question_id, at=now, by=by, supplement=supplement, answer=said):
        raise Conflict("This question was answered before.")
    how = {"supplement": str(supplement)} if supplement is not None else {}
    _audit(tx, report, "authority_question.answer", question_id, actor, now, **how)


def answers_it(report: AuthorityReport, told: AuthorityReport, question: AuthorityQuestion) -> bool:
    """Say whether another report can be the answer to a question about one."""
    return (
        told.id != report.id
        and (told.case_id, told.destination) == (report.case_id, report.destination)
        and told.state is AuthorityReportState.FILED
        and told.filed_at is not None
        and told.filed_at >= question.received_at
    )


def _must_answer(
    tx: Tx, report: AuthorityReport, question: AuthorityQuestion, supplement: AuthorityReportId
) -> None:
    told = reports.get(tx, supplement)
    if told is None or not answers_it(report, told, question):
        raise Conflict(
            "This report is no answer: it is not filed, came before the question, or is of another case.",
            advice="File it first, or write down how the question was answered.",
        )


def _due(received_at: datetime, wished: datetime | None) -> datetime:
    latest = latest_answer(received_at)
    if wished is None:
        return latest
    if wished <= received_at:
        raise BadForm("due: after the question came.", field="due")
    return min(wished, latest)


def _line(said: str, name: str) -> str:
    line = said.strip()
    if not 1 <= len(line) <= LONGEST_REFERENCE or not line.isprintable():
        raise BadForm(f"{name}: 1 to {LONGEST_REFERENCE} characters on one line.", field=name)
    return line


def _person(actor: Actor) -> UserId:
    actor.require(Permission.AUTHORITY_SEND)
    if actor.user_id is None:
        raise NotAllowed("Only a person can do this.")
    return actor.user_id


def _audit(
    tx: Tx,
    report: AuthorityReport,
    verb: str,
    question_id: AuthorityQuestionId,
    actor: Actor,
    now: datetime,
    **detail: Any,
) -> None:
    about = {"case": str(report.case_id), "report": str(report.id), **detail}
    audit.append(
        tx, at=now, actor=actor.label, verb=verb, object=f"authority_question:{question_id}", detail=about
    )
