"""People: who works here, in which roles, with which second factors, and who was shut out."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import passwords, second_factors, users
from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.ids import UserId
from safehold.model.permissions import Permission, Role
from safehold.model.queue import checked_skills
from safehold.model.wording import worded
from safehold.web.console.forms import UNSENT, Form, changing, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import chosen_of, form_of, is_proven
from safehold.web.guard import actor_of, needs
from safehold.web.language import N_

PEOPLE = "/console/people"


def add_people_page(router: APIRouter, program: Program) -> None:
    """Add the page about people, and what an admin does with one."""
    show = partial(_people, program)

    @router.get(PEOPLE)
    @needs(Permission.USER_EDIT)
    def show_people(request: Request) -> Response:
        """Show everybody."""
        return show(request, UNSENT)

    @router.post(PEOPLE)
    @needs(Permission.USER_EDIT)
    @shown_again(show, roles="role")
    def add_person(request: Request) -> Response:
        """Add a person, and show the password that they come with this once."""
        name, password = form_of(request).get("name", ""), passwords.new_password()
        with changing(request, program) as tx:
            users.add_user(
                tx,
                name=name,
                password=password,
                roles=_roles(request),
                queues=_queues(request),
                actor=actor_of(request),
                now=program.clock(),
                once=True,
            )
        return _shown_once(request, program, name.strip(), password)

    _add_changes(router, program)


def _add_changes(router: APIRouter, program: Program) -> None:
    again = shown_again(partial(_people, program), roles="role")

    @router.post(PEOPLE + "/{user_id}/roles")
    @needs(Permission.USER_EDIT)
    @again
    def set_roles(request: Request, user_id: UUID) -> Response:
        """Replace a person's roles."""
        return _changed(request, program, user_id, partial(users.set_roles, roles=_roles(request)))

    @router.post(PEOPLE + "/{user_id}/queues")
    @needs(Permission.USER_EDIT)
    @again
    def set_queues(request: Request, user_id: UUID) -> Response:
        """Replace the queues in which a person works, and their skills."""
        skills = checked_skills(form_of(request).get("skills", "").replace(",", " ").split())
        change = partial(users.set_queues, queues=_queues(request), skills=skills)
        return _changed(request, program, user_id, change)

    @router.post(PEOPLE + "/{user_id}/disable")
    @needs(Permission.USER_EDIT)
    @again
    def disable(request: Request, user_id: UUID) -> Response:
        """Shut a person out."""
        return _changed(request, program, user_id, users.disable)

    @router.post(PEOPLE + "/{user_id}/enable")
    @needs(Permission.USER_EDIT)
    @again
    def enable(request: Request, user_id: UUID) -> Response:
        """Let a person in again."""
        return _changed(request, program, user_id, users.enable)

    @router.post(PEOPLE + "/{user_id}/password")
    @needs(Permission.USER_EDIT)
    @again
    def give_password(request: Request, user_id: UUID) -> Response:
        """Give a person a new password, and show it this once."""
        password = passwords.new_password()
        _changed(request, program, user_id, partial(users.give_password_once, password=password))
        with program.database.begin() as tx:
            name = users.names(tx)[user_id]
        return _shown_once(request, program, name, password)


def _changed(request: Request, program: Program, user_id: UUID, change: users.Change) -> Response:
    """Change a person, by an admin who proved who they are; lead back to everybody."""
    with changing(request, program) as tx:
        change(tx, UserId(user_id), actor=actor_of(request), now=program.clock())
    return go(PEOPLE, done="person")


def _people(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        people = users.list_users(tx)
        factors = {person.id: second_factors.factors_of(tx, person.id) for person in people}
    return page(
        request,
        program,
        "people.html",
        place="people",
        form=form,
        people=people,
        factors=factors,
        roles=list(Role),
        queues=list(Purpose),
        proven=is_proven(request, program),
    )


def _shown_once(request: Request, program: Program, name: str, password: str) -> Response:
    return page(
        request,
        program,
        "shown_once.html",
        place="people",
        title=N_("A password for one sign-in"),
        about=name,
        says=N_("Hand it over in person or by telephone. At the first sign-in another one is chosen."),
        secret=password,
        back=PEOPLE,
    )


def _roles(request: Request) -> frozenset[Role]:
    try:
        return frozenset(Role(value) for value in chosen_of(request, "role"))
    except ValueError:
        raise BadForm(worded("roles: %(roles)s.", roles=", ".join(Role)), field="roles") from None


def _queues(request: Request) -> frozenset[Purpose]:
    try:
        return frozenset(Purpose(value) for value in chosen_of(request, "queue"))
    except ValueError:
        raise BadForm(worded("queue: %(queues)s.", queues=", ".join(Purpose)), field="queue") from None
