"""What an authority asks about a report: written down, with a countdown, and how it was answered."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import authority_questions
from safehold.app.authority_reports import Desk
from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.ids import AuthorityQuestionId, AuthorityReportId
from safehold.model.permissions import Permission
from safehold.web.console.forms import Show, shown_again
from safehold.web.console.pages import go
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs


def add_questions(router: APIRouter, program: Program, address: str, show: Show) -> None:
    """Add writing a question down, and how it was answered. address: of a report. show: its page."""

    @router.post(address + "/questions")
    @needs(Permission.AUTHORITY_SEND)
    @shown_again(show)
    def record(request: Request, report_id: UUID) -> Response:
        """Write down what they asked."""
        said = form_of(request)
        authority_questions.record(
            Desk.of(program),
            AuthorityReportId(report_id),
            reference=said.get("reference", ""),
            received=said.get("received", ""),
            due=said.get("due", ""),
            actor=actor_of(request),
        )
        return go(address.format(report_id=report_id), done="authority-asked")

    @router.post(address + "/questions/{question_id}/answer")
    @needs(Permission.AUTHORITY_SEND)
    @shown_again(show)
    def answer(request: Request, report_id: UUID, question_id: UUID) -> Response:
        """Write down how it was answered."""
        said = form_of(request)
        authority_questions.answer(
            Desk.of(program),
            AuthorityQuestionId(question_id),
            supplement=_report(said.get("supplement", "")),
            words=said.get("answer", ""),
            actor=actor_of(request),
        )
        return go(address.format(report_id=report_id), done="authority-answered")


def _report(said: str) -> AuthorityReportId | None:
    try:
        return AuthorityReportId(UUID(said)) if said else None
    except ValueError:
        raise BadForm("supplement: choose one.", field="supplement") from None
