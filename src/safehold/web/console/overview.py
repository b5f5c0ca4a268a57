"""The overview: how the work goes, in any period and slice, each figure with what it counts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.datastructures import FormData

from safehold.app import overview
from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.period import PeriodKind, around
from safehold.model.permissions import Actor, Permission
from safehold.review import admission
from safehold.transparency import overview_exports
from safehold.transparency.attributes import ATTRIBUTES
from safehold.transparency.live_catalogue import PRACTICE
from safehold.transparency.overview import SLICES, Overview
from safehold.transparency.overview_pages import Line, LiveFigure, parts_of
from safehold.web.console import overview_words
from safehold.web.console.forms import UNSENT, Form
from safehold.web.console.pages import page
from safehold.web.guard import actor_of, needs

OVERVIEW = "/console/overview"


def add_overview_pages(router: APIRouter, program: Program) -> None:
    """Add the page of the overview, and the same as files."""

    @router.get(OVERVIEW)
    @needs(Permission.OVERVIEW_READ)
    def show_overview(request: Request) -> Response:
        """Show the figures of a period and a slice."""
        return _overview_page(program, request)

    @router.get(OVERVIEW + ".csv")
    @needs(Permission.OVERVIEW_READ)
    def overview_csv(request: Request) -> Response:
        """Give the same as CSV."""
        return _file(program, request, "csv", "text/csv", overview_exports.as_csv)

    @router.get(OVERVIEW + ".json")
    @needs(Permission.OVERVIEW_READ)
    def overview_json(request: Request) -> Response:
        """Give the same as JSON."""
        return _file(program, request, "json", "application/json", overview_exports.as_json)


def _overview_page(program: Program, request: Request) -> Response:
    """Show the overview that the address asks for; what cannot be read is said, and this week is shown."""
    said, actor, wrong = dict(request.query_params), actor_of(request), UNSENT
    try:
        found = _read(program, request, said)
    except BadForm as error:
        wrong = Form(OVERVIEW, error, error.field, FormData(list(request.query_params.multi_items())))
        found = _read(program, request, {})
    with program.database.begin() as tx:
        queues = admission.queues_of(tx, actor.user_id)
    zone, period = program.settings.transparency.zone, found.period
    answer = page(
        request,
        program,
        "overview.html",
        place="overview",
        form=wrong,
        found=found,
        parts=parts_of(found),
        said=said,
        kinds=tuple(PeriodKind),
        slices={name: _choices(program, name) for name in SLICES},
        overview_words=overview_words,
        at_once=overview_words.at_once(found),
        link=partial(_link, actor, queues, found.sliced[PRACTICE]),
        at_hand=_fields(found, period.fields),
        before=_fields(found, period.before.fields),
        after=_fields(found, period.after.fields),
        present=_fields(found, around(period.kind, program.clock().astimezone(zone).date()).fields),
    )
    if wrong.error is not None:
        answer.status_code = 422
    return answer


def _read(program: Program, request: Request, said: dict[str, str]) -> Overview:
    with program.database.begin() as tx:
        return overview.read(
            tx, said, settings=program.settings, actor=actor_of(request), now=program.clock()
        )


def _choices(program: Program, name: str) -> dict[str, str]:
    if name == "surface":
        return {each: each for each in sorted(program.settings.surfaces)}
    return ATTRIBUTES[name].values


def _fields(found: Overview, period: dict[str, str]) -> dict[str, str]:
    return {**period, **found.sliced}


def _link(
    actor: Actor, queues: Collection[Purpose], practice: str, figure: LiveFigure, line: Line
) -> str | None:
    """Return the address of what a figure counts, as far as this person may see it."""
    path, permission = overview_words.COUNTED_ON.get(figure.measure.id, ("", Permission.PUBLIC))
    if not path or not actor.may(permission):
        return None
    if permission is not Permission.CASE_READ:
        return path
    if line.is_total or line.place[0] not in queues:
        return None
    return path.format(queue=line.place[0], practice=practice)


def _file(
    program: Program, request: Request, ending: str, media_type: str, write: Callable[[Overview], str]
) -> Response:
    found = _read(program, request, dict(request.query_params))
    name = f"overview-{found.period.first}-{found.period.last}.{ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return PlainTextResponse(write(found), media_type=media_type, headers=headers)
