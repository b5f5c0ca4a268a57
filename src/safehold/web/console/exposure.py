"""One's own time with pictures: how one stands, what one chooses for oneself, and one's own figures."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access.users import list_users, names
from safehold.app.audit import veil
from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.exposure import ExposureChoices, ExposureKind
from safehold.model.ids import UserId
from safehold.model.permissions import Permission
from safehold.review import exposure_figures, wellbeing
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of, session_of
from safehold.web.guard import actor_of, needs
from safehold.web.language import _

EXPOSURE = "/console/exposure"
_CLOCK = re.compile(r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])(:[0-5][0-9])?")
"""A time of day as browsers send it; seconds count for nothing here."""


def add_exposure_pages(router: APIRouter, program: Program) -> None:
    """Add the page of one's own exposure, the choices on it, and what a contact is shown."""
    rules, show = program.settings.exposure.rules(), partial(_own, program)

    @router.get(EXPOSURE)
    @needs(Permission.SIGNED_IN)
    def show_exposure(request: Request) -> Response:
        """Show how one stands, and one's figures."""
        return show(request, UNSENT)

    @router.post(EXPOSURE)
    @needs(Permission.SIGNED_IN)
    @shown_again(show)
    def choose(request: Request) -> Response:
        """Store what somebody chose for themselves."""
        chosen = _read(form_of(request))
        with program.database.begin() as tx:
            wellbeing.choose(tx, chosen, actor=actor_of(request), rules=rules, now=program.clock())
        return go(EXPOSURE, done="exposure")

    @router.get(EXPOSURE + "/of/{user_id}")
    @needs(Permission.SIGNED_IN)
    def show_figures_of(request: Request, user_id: UUID) -> Response:
        """Show the figures of somebody who chose this person as their contact."""
        whose, actor = UserId(user_id), actor_of(request)
        with program.database.begin() as tx:
            figures = exposure_figures.of_person(tx, whose, actor=actor, now=program.clock())
            name = names(tx).get(whose, _("somebody"))
        return page(request, program, "exposure_of.html", place="exposure", figures=figures, name=name)


def _own(program: Program, request: Request, form: Form) -> Response:
    rules, now = program.settings.exposure.rules(), program.clock()
    actor, mine = actor_of(request), session_of(request).user_id
    with program.database.begin() as tx:
        shown: dict[str, Any] = {
            "stands": wellbeing.standing(tx, mine, rules=rules, now=now),
            "choices": wellbeing.choices_of(tx, mine),
            "figures": exposure_figures.of_person(tx, mine, actor=actor, now=now),
            "chosen_by": exposure_figures.who_chose(tx, mine),
            "told": veil.about_me(tx, mine),
            "people": names(tx),
            "contacts": [each for each in list_users(tx) if each.id != mine and not each.disabled_at],
        }
        if actor.may(Permission.EXPOSURE_READ):
            shown["team"] = exposure_figures.of_team(tx, actor=actor, now=now)
    return page(
        request,
        program,
        "exposure.html",
        place="exposure",
        form=form,
        rules=rules,
        kinds=list(ExposureKind),
        **shown,
    )


def _read(sent: dict[str, str]) -> ExposureChoices:
    kinds = [kind for kind in ExposureKind if sent.get(f"opt_out_{kind.value}")]
    contact = sent.get("contact", "")
    return ExposureChoices(
        day_minutes=_number(sent, "day_minutes"),
        spell_minutes=_number(sent, "spell_minutes"),
        break_minutes=_number(sent, "break_minutes"),
        day_begins=_clock(sent.get("day_begins", "")),
        opted_out=frozenset(kinds),
        contact=UserId(_id(contact)) if contact else None,
        press_to_show=bool(sent.get("press_to_show")),
    )


def _number(sent: dict[str, str], name: str) -> int | None:
    written = sent.get(name, "").strip()
    if not written:
        return None
    if not written.isascii() or not written.isdecimal() or len(written) > 4:
        raise BadForm(f"{name}: a number of minutes, or nothing.", field=name)
    return int(written)


def _clock(written: str) -> int:
    if not written:
        return 0
    found = _CLOCK.fullmatch(written)
    if found is None:
        raise BadForm("day_begins: a time, such as 06:00.", field="day_begins")
    return int(found["hour"]) * 60 + int(found["minute"])


def _id(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise BadForm("contact: choose one of the list.", field="contact") from None
