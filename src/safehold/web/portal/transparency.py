"""/transparency, for everybody: the lists and how they changed; technology and figures once published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from safehold.app import publishing
from safehold.app.program import Program
from safehold.app.publishing import Publication
from safehold.lists import ledger
from safehold.lists.ledger import ListChangeKind, PublicChange
from safehold.model.errors import NotFound
from safehold.model.hash_list import HOLDING_PURPOSES, Purpose
from safehold.model.permissions import Permission
from safehold.transparency.charts import answer
from safehold.transparency.tables import ALL
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
        """Show what every list is for, how it changed, and what is published of technology and figures."""
        history, published = _history(program), _published(program)
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
            technology=_technology(published[0]) if published else None,
            periods=[_Period.of(one) for one in published if one.first_day is not None],
        )

    @router.get("/transparency/lists.json")
    @needs(Permission.PUBLIC)
    def lists_as_json() -> Response:
        """Return the lists and their changes for programs."""
        history = _history(program)
        changes = [_plain(one) for one in history]
        return _cacheable(JSONResponse({"purposes": list(PURPOSES), "changes": changes}))

    @router.get("/transparency/technology.json")
    @needs(Permission.PUBLIC)
    def technology_as_json() -> Response:
        """Return which technology runs where for programs. Raises NotFound before it is published."""
        published = _published(program)
        if not published:
            raise NotFound("Nothing of the kind is published.")
        as_of = published[0].published_at.isoformat()
        return _cacheable(JSONResponse({"as_of": as_of, **published[0].technology}))

    @router.get("/transparency/figures.json")
    @needs(Permission.PUBLIC)
    def figures_as_json() -> Response:
        """Return the published figures for programs, with their definitions; an empty list before any are."""
        told = [
            {"from": _day(one.first_day), "to": _day(one.last_day), "measures": one.figures}
            for one in _published(program)
            if one.first_day is not None
        ]
        return _cacheable(JSONResponse({"periods": told}))


def _technology(published: Publication) -> dict[str, Any]:
    """Return what runs where in words."""
    day = published.published_at.date().isoformat()
    places = [_place(each) for each in published.technology["surfaces"]]
    return {"as_of": _(TEXT["tech_as_of"], day=day), "places": places}


def _place(told: dict[str, Any]) -> dict[str, Any]:
    bases = [_(TEXT["tech_bases"], name=one["name"], region=one["region"]) for one in told["legal_bases"]]
    return {
        "name": told["name"],
        "visibility": told["visibility"],
        "bases": bases,
        "runs": [_runs(one) for one in told["technologies"]],
    }


def _runs(told: dict[str, Any]) -> str:
    what = _(TEXT[f"tech_{told['kind']}"], name=told.get("name"), days=told.get("days"))
    return _(TEXT["tech_one"], what=what, can=translated(TEXT[f"tech_can_{told['can']}"]))


def _cacheable(made: Response) -> Response:
    """Let others keep what is for programs, for five minutes. A page is kept nowhere: it tells of a visit."""
    made.headers["cache-control"] = "public, max-age=300"
    return made


@dataclass(frozen=True, slots=True)
class _Period:
    """The figures of a period as they are read; their own words are English."""

    first: date | None
    last: date | None
    tables: list[dict[str, Any]]

    @classmethod
    def of(cls, published: Publication) -> _Period:
        tables = [_table(each) for each in published.figures]
        return cls(published.first_day, published.last_day, tables)


def _table(told: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {
            "label": next((answer(*said) for said in cell["place"].items() if said[1] != ALL), ""),
            "state": cell["state"],
            "number": cell["number"],
            "share": cell["percent"] if told["by"] else None,
        }
        for cell in told["cells"]
    ]
    return {name: told[name] for name in ("title", "definition")} | {
        "divided": bool(told["by"]),
        "rows": rows,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _published(program: Program) -> list[Publication]:
    with program.database.begin() as tx:
        return publishing.published(tx)


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
