"""/transparency: what is compared with whose lists, by whose word, and how they changed, for everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from safehold.app.program import Program
from safehold.lists import ledger
from safehold.lists.ledger import PublicChange
from safehold.model.hash_list import HOLDING_PURPOSES, Purpose
from safehold.model.permissions import Permission
from safehold.web.guard import needs
from safehold.web.portal.pages import page

PURPOSES = {
    Purpose.CSAM: "sexual abuse of children",
    Purpose.INTIMATE_IMAGES: "intimate images shared without consent",
    Purpose.OWN_TERMS: "the operator's own terms",
}
"""Every purpose that a list can have in earnest. There is no other, and none can be added in settings."""

_HELD_FOR = HOLDING_PURPOSES - {Purpose.TEST}


def add_transparency(router: APIRouter, program: Program) -> None:
    """Add the page about lists, and the same as JSON."""

    @router.get("/transparency")
    @needs(Permission.PUBLIC)
    def show_transparency() -> Response:
        """Show what every list is for, who stands behind it, and how it changed."""
        history = _history(program)
        return page(
            program,
            "transparency.html",
            place="transparency",
            lists=_newest_of_each(history),
            totals=_totals(history),
            history=history,
            purposes=PURPOSES,
            held_for=[words for purpose, words in PURPOSES.items() if purpose in _HELD_FOR],
        )

    @router.get("/transparency/lists.json")
    @needs(Permission.PUBLIC)
    def lists_as_json() -> Response:
        """Return the same for programs."""
        history = _history(program)
        return JSONResponse({"purposes": list(PURPOSES), "changes": [_plain(one) for one in history]})


def _history(program: Program) -> list[PublicChange]:
    with program.database.begin() as tx:
        return ledger.public_history(tx)


def _newest_of_each(history: list[PublicChange]) -> list[PublicChange]:
    newest: dict[str, PublicChange] = {}
    for change in history:
        newest.setdefault(change.list_name, change)
    return [newest[name] for name in sorted(newest)]


def _totals(history: list[PublicChange]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for change in history:
        totals[change.list_name] = totals.get(change.list_name, 0) + change.added - change.removed
    return totals


def _plain(change: PublicChange) -> dict[str, Any]:
    day: date = change.day
    return {
        "day": day.isoformat(),
        "list": change.list_name,
        "purpose": change.purpose.value,
        "source": change.source,
        "may_hold": change.may_hold,
        "vetted": change.vetted,
        "needs_second_source": change.needs_second_source,
        "change": change.kind.value,
        "added": change.added,
        "removed": change.removed,
    }
