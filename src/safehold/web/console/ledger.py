"""The ledger: what is kept, why, until when, and when it was destroyed, in ids and dates alone."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import ledger_pages
from safehold.app.program import Program
from safehold.evidence.ledger import REASONS, Wanted
from safehold.model.permissions import Permission
from safehold.model.retention import LineState
from safehold.web.console import ledger_words
from safehold.web.console.pages import page
from safehold.web.guard import actor_of, needs

LEDGER = "/console/ledger"


def add_ledger_page(router: APIRouter, program: Program) -> None:
    """Add the page of the ledger."""

    @router.get(LEDGER)
    @needs(Permission.LEDGER_READ)
    def show_ledger(
        request: Request, state: str = "", why: str = "", about: str = "", before: UUID | None = None
    ) -> Response:
        """Show the newest lines, or those of a state, a reason or an id; and what expires soon."""
        said = about.strip()
        wanted = Wanted(
            state=next((each for each in LineState if each.value == state), None),
            why=why if why in REASONS else None,
            about=_id(said),
        )
        with program.database.begin() as tx:
            shown = ledger_pages.read(tx, wanted, actor=actor_of(request), now=program.clock(), before=before)
        chosen = {"state": wanted.state, "why": wanted.why, "about": said}
        return page(
            request,
            program,
            "ledger.html",
            place="ledger",
            shown=shown,
            wanted=wanted,
            said=said,
            is_no_id=bool(said) and wanted.about is None,
            chosen={name: str(value) for name, value in chosen.items() if value},
            states=tuple(LineState),
            whys=REASONS,
            ahead=ledger_pages.AHEAD,
            ledger_words=ledger_words,
        )


def _id(said: str) -> UUID | None:
    """Return the id that was written, also behind the kind that a line shows it with; None for no id."""
    try:
        return UUID(said.rpartition(":")[2])
    except ValueError:
        return None
