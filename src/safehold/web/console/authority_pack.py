"""The pack of a report as one file, for whoever takes it to the authority."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from safehold.app import authority_checklists, authority_packs
from safehold.app.program import Program
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Permission
from safehold.web.console.forms import Show, shown_again
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs


def add_pack(router: APIRouter, program: Program, address: str, show: Show) -> None:
    """Add downloading the pack. address: of a report. show: its page."""

    @router.post(address + "/pack")
    @needs(Permission.AUTHORITY_READ)
    @shown_again(show)
    def take(request: Request, report_id: UUID) -> Response:
        """Send the pack, which is put on record, to somebody who may send the report."""
        made = authority_packs.opened(
            program.database,
            program.settings,
            AuthorityReportId(report_id),
            open_entries=lambda of, actor: authority_checklists.opened(
                program.database, program.reader, of, actor=actor
            ),
            vault=program.vault,
            actor=actor_of(request),
            now=program.clock(),
        )
        file = authority_packs.download(made, form_of(request).get("form", ""))
        headers = {
            "content-disposition": f'attachment; filename="{file.name}"',
        }
        return StreamingResponse(file.pieces, media_type=file.media_type, headers=headers)
