"""Emergencies: declared with one key and a confirmation; whether somebody was reached stands on screen."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import authority_lists
from safehold.app import emergencies as service
from safehold.app.access.users import names
from safehold.app.program import Program
from safehold.model.emergency import EmergencyEnd
from safehold.model.errors import NotFound
from safehold.model.ids import CaseId, EmergencyId, ItemId
from safehold.model.permissions import Permission
from safehold.review import emergencies
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs

LISTED = "/console/emergencies"


def add_emergency_pages(router: APIRouter, program: Program) -> None:
    """Add declaring a risk to life, from a case or by its number, and the pages that follow it to its end."""
    _add_declaring(router, program)
    _add_following(router, program)


def _add_declaring(router: APIRouter, program: Program) -> None:
    listed, asked = partial(_listed, program), partial(_asked, program)

    @router.get(LISTED)
    @needs(Permission.EMERGENCY_DECLARE)
    def show_emergencies(request: Request) -> Response:
        """Show the number to call, what stands, and what was before."""
        return listed(request, UNSENT)

    @router.post(LISTED)
    @needs(Permission.EMERGENCY_DECLARE)
    @shown_again(listed)
    def find(request: Request) -> Response:
        """Ask for a confirmation about the case that somebody named."""
        with program.database.begin() as tx:
            case_id = emergencies.find_case(tx, form_of(request).get("case", ""), actor=actor_of(request))
        return go(f"/console/cases/{case_id}/emergency")

    @router.get("/console/cases/{case_id}/emergency")
    @needs(Permission.EMERGENCY_DECLARE)
    def ask(request: Request, case_id: UUID) -> Response:
        """Ask for a confirmation, or show what stands in the case already."""
        with program.database.begin() as tx:
            emergencies.known_case(tx, CaseId(case_id), actor=actor_of(request))
            standing = emergencies.standing_in(tx, CaseId(case_id))
        return go(f"{LISTED}/{standing.id}") if standing else asked(request, UNSENT)

    @router.post("/console/cases/{case_id}/emergency")
    @needs(Permission.EMERGENCY_DECLARE)
    @shown_again(asked)
    def declare(request: Request, case_id: UUID) -> Response:
        """Declare it, have whoever is on call called, and show how that goes."""
        declared = service.declare(
            program, CaseId(case_id), item_id=_item(form_of(request)), actor=actor_of(request)
        )
        return go(f"{LISTED}/{declared.id}")


def _add_following(router: APIRouter, program: Program) -> None:
    show = partial(_one, program)

    @router.get(LISTED + "/{emergency_id}")
    @needs(Permission.EMERGENCY_DECLARE)
    def show_one(request: Request, emergency_id: UUID) -> Response:
        """Show one emergency: the number, the clock, who was reached, what is left to do."""
        return show(request, UNSENT)

    @router.post(LISTED + "/{emergency_id}/answer")
    @needs(Permission.EMERGENCY_DECLARE)
    @shown_again(show)
    def answer(request: Request, emergency_id: UUID) -> Response:
        """Say that one is at it."""
        with program.database.begin() as tx:
            emergencies.answer(tx, EmergencyId(emergency_id), actor=actor_of(request), now=program.clock())
        return go(f"{LISTED}/{emergency_id}", done="answered")

    @router.post(LISTED + "/{emergency_id}/call")
    @needs(Permission.EMERGENCY_DECLARE)
    @shown_again(show)
    def call_again(request: Request, emergency_id: UUID) -> Response:
        """Call everybody once more."""
        service.call_again(program, EmergencyId(emergency_id), actor=actor_of(request))
        return go(f"{LISTED}/{emergency_id}", done="called")

    @router.post(LISTED + "/{emergency_id}/reported")
    @needs(Permission.EMERGENCY_DECLARE)
    @shown_again(show)
    def reported(request: Request, emergency_id: UUID) -> Response:
        """Say who was told, under which reference."""
        return _end(request, program, emergency_id, EmergencyEnd.REPORTED)

    @router.post(LISTED + "/{emergency_id}/withdraw")
    @needs(Permission.EMERGENCY_DECLARE)
    @shown_again(show)
    def withdraw(request: Request, emergency_id: UUID) -> Response:
        """Take back a wrong alarm, with the reason."""
        return _end(request, program, emergency_id, EmergencyEnd.WITHDRAWN)


def _end(request: Request, program: Program, emergency_id: UUID, how: EmergencyEnd) -> Response:
    words = form_of(request).get("words", "")
    service.end(program, EmergencyId(emergency_id), how, words, actor=actor_of(request))
    return go(f"{LISTED}/{emergency_id}", done=f"emergency-{how.value}")


def _listed(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        found = emergencies.newest(tx, actor=actor_of(request))
    return page(
        request, program, "emergencies.html", place="emergencies", form=form, found=found, **_always(program)
    )


def _asked(program: Program, request: Request, form: Form) -> Response:
    case_id = CaseId(_id(request.path_params["case_id"]))
    with program.database.begin() as tx:
        case = emergencies.known_case(tx, case_id, actor=actor_of(request))
    item = request.query_params.get("item", "")
    return page(
        request,
        program,
        "emergency_asked.html",
        place="emergencies",
        form=form,
        case=case,
        item=form.typed("item", item),
        **_always(program),
    )


def _one(program: Program, request: Request, form: Form) -> Response:
    emergency_id = EmergencyId(_id(request.path_params["emergency_id"]))
    with program.database.begin() as tx:
        sheet, people = service.sheet(tx, emergency_id, actor=actor_of(request)), names(tx)
        urgent = authority_lists.of_emergency(tx, sheet.emergency, actor=actor_of(request))
    return page(
        request,
        program,
        "emergency.html",
        place="emergencies",
        form=form,
        sheet=sheet,
        people=people,
        urgent=urgent,
        **_always(program),
    )


def _always(program: Program) -> dict[str, object]:
    """Return what stands on each of these pages."""
    return {
        "number": program.settings.emergency.number,
        "minutes": program.settings.emergency.report_minutes,
        "channels": [channel.name for channel in program.on_call if channel.enabled],
    }


def _item(sent: dict[str, str]) -> ItemId | None:
    # A wrong id of an item must never stand between somebody and the call: the case says enough.
    try:
        return ItemId(UUID(sent.get("item", "")))
    except ValueError:
        return None


def _id(said: object) -> UUID:
    try:
        return UUID(str(said))
    except ValueError:
        raise NotFound("There is no such emergency.") from None
