"""People: who works here, in which roles, with which second factors, and who was shut out."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import passwords, second_factors, users
from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.ids import UserId
from safehold.model.permissions import Permission, Role
from safehold.web.console.confirm import is_proven, require_proof
from safehold.web.console.pages import go, page
from safehold.web.console.session import chosen_of, form_of
from safehold.web.guard import actor_of, needs

PEOPLE = "/console/people"


def add_people_page(router: APIRouter, program: Program) -> None:
    """Add the page about people, and what an admin does with one."""

    @router.get(PEOPLE)
    @needs(Permission.USER_EDIT)
    def show_people(request: Request) -> Response:
        """Show everybody."""
        with program.database.begin() as tx:
            people = users.list_users(tx)
            factors = {person.id: second_factors.factors_of(tx, person.id) for person in people}
        return page(
            request,
            program,
            "people.html",
            place="people",
            people=people,
            factors=factors,
            roles=list(Role),
            proven=is_proven(request, program),
        )

    @router.post(PEOPLE)
    @needs(Permission.USER_EDIT)
    def add_person(request: Request) -> Response:
        """Add a person, and show the password that they come with this once."""
        require_proof(request, program)
        name, password = form_of(request).get("name", ""), passwords.new_password()
        with program.database.begin() as tx:
            users.add_user(
                tx,
                name=name,
                password=password,
                roles=_roles(request),
                actor=actor_of(request),
                now=program.clock(),
                once=True,
            )
        return _shown_once(request, program, name.strip(), password)

    _add_changes(router, program)


def _add_changes(router: APIRouter, program: Program) -> None:
    @router.post(PEOPLE + "/{user_id}/roles")
    @needs(Permission.USER_EDIT)
    def set_roles(request: Request, user_id: UUID) -> Response:
        """Replace a person's roles."""
        require_proof(request, program)
        with program.database.begin() as tx:
            roles, actor = _roles(request), actor_of(request)
            users.set_roles(tx, UserId(user_id), roles, actor=actor, now=program.clock())
        return go(PEOPLE, done="person")

    @router.post(PEOPLE + "/{user_id}/disable")
    @needs(Permission.USER_EDIT)
    def disable(request: Request, user_id: UUID) -> Response:
        """Shut a person out."""
        require_proof(request, program)
        with program.database.begin() as tx:
            users.disable(tx, UserId(user_id), actor=actor_of(request), now=program.clock())
        return go(PEOPLE, done="person")

    @router.post(PEOPLE + "/{user_id}/enable")
    @needs(Permission.USER_EDIT)
    def enable(request: Request, user_id: UUID) -> Response:
        """Let a person in again."""
        require_proof(request, program)
        with program.database.begin() as tx:
            users.enable(tx, UserId(user_id), actor=actor_of(request), now=program.clock())
        return go(PEOPLE, done="person")

    @router.post(PEOPLE + "/{user_id}/password")
    @needs(Permission.USER_EDIT)
    def give_password(request: Request, user_id: UUID) -> Response:
        """Give a person a new password, and show it this once."""
        require_proof(request, program)
        password, now = passwords.new_password(), program.clock()
        with program.database.begin() as tx:
            users.give_password_once(tx, UserId(user_id), password, actor=actor_of(request), now=now)
            name = users.names(tx)[user_id]
        return _shown_once(request, program, name, password)


def _shown_once(request: Request, program: Program, name: str, password: str) -> Response:
    return page(
        request,
        program,
        "shown_once.html",
        place="people",
        title="A password for one sign-in",
        about=name,
        says="Hand it over in person or by telephone. At the first sign-in another one is chosen.",
        secret=password,
        back=PEOPLE,
    )


def _roles(request: Request) -> frozenset[Role]:
    try:
        return frozenset(Role(value) for value in chosen_of(request, "role"))
    except ValueError:
        raise BadForm(f"roles: {', '.join(Role)}.") from None
