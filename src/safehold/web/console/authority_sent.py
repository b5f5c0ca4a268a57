"""What an authority was told, shown again: to people who may, once they have proved who they are."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import authority_sent
from safehold.app.program import Program
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Permission
from safehold.web.console import ledger_words, sent_words
from safehold.web.console.forms import Show, shown_again
from safehold.web.console.pages import page
from safehold.web.console.session import require_proof
from safehold.web.guard import actor_of, needs


def add_sent(router: APIRouter, program: Program, address: str, show: Show) -> None:
    """Add reading again what was sent. address: of a report. show: its page."""

    @router.post(address + "/sent")
    @needs(Permission.AUTHORITY_REREAD)
    @shown_again(show)
    def read_again(request: Request, report_id: UUID) -> Response:
        """Show the sealed copy, and every call. It is shown as an answer alone: no address leads to it."""
        require_proof(request, program)
        sent = authority_sent.read_again(
            program.database,
            authority_sent.opening(program.reader),
            AuthorityReportId(report_id),
            actor=actor_of(request),
            now=program.clock(),
        )
        return page(
            request,
            program,
            "authority_sent.html",
            place="authorities",
            sent=sent,
            report=sent.sheet.report,
            case=sent.sheet.case,
            sent_words=sent_words,
            ledger_words=ledger_words,
        )
