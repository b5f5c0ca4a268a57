"""/transparency: what is compared with whose lists, by whose word, and how they changed, for everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from safehold.app.program import Program
from safehold.lists import ledger
from safehold.lists.ledger import ListChangeKind, PublicChange
from safehold.model.hash_list import HOLDING_PURPOSES, Purpose
from safehold.model.permissions import Permission
from safehold.web.guard import needs
from safehold.web.language import _, translated
from safehold.web.portal.pages import page
from safehold.web.portal.words import PURPOSES, TEXT

_HELD_FOR = HOLDING_PURPOSES - {Purpose.TEST}


def add_transparency(router: APIRouter, program: Program) -> None:
    """Add the page about lists, and the same as JSON."""

    @router.get("/transparency")
    @needs(Permission.PUBLIC)
    def show_transparency(request: Request) -> Response:
        """Show what every list is for, who stands behind it, and how it changed."""
        history = _history(program)
        return page(
            request,
            program,
            "transparency.html",
            place="transparency",
            lists=_newest_of_each(history),
            totals=_totals(history),
            history=history,
            purposes=PURPOSES,
            about_purposes=_about_purposes(),
        )

    @router.get("/transparency/lists.json")
    @needs(Permission.PUBLIC)
    def lists_as_json() -> Response:
        """Return the same for programs."""
        history = _history(program)
        return JSONResponse({"purposes": list(PURPOSES), "changes": [_plain(one) for one in history]})


def _about_purposes() -> str:
    held_for = [translated(words) for purpose, words in PURPOSES.items() if purpose in _HELD_FOR]
    return _(
        TEXT["lists_purposes"],
        count=len(PURPOSES),
        purposes="; ".join(translated(words) for words in PURPOSES.values()),
        held_for=translated(TEXT["lists_and"]).join(held_for),
    )


def _history(program: Program) -> list[PublicChange]:
    with program.database.begin() as tx:
        return ledger.public_history(tx)


def _newest_of_each(history: list[PublicChange]) -> list[PublicChange]:
    """Return the newest change of each list in use, by name."""
    newest: dict[str, PublicChange] = {}
    for change in history:
        newest.setdefault(change.list_name, change)
    return [newest[name] for name in sorted(newest) if newest[name].kind is not ListChangeKind.LIST_WITHDRAWN]


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
