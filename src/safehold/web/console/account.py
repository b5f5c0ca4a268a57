"""One's own account: the password, sessions, known browsers, and the way to second factors."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import second_factors, sessions, users
from safehold.app.program import Program
from safehold.model.ids import DeviceId, SessionId
from safehold.model.permissions import Permission
from safehold.review import golden, quality
from safehold.web.console.choosing_language import known as known_languages
from safehold.web.console.cookies import SESSION, put_cookie
from safehold.web.console.forms import UNSENT, Form, changing, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.second_step import possible_site
from safehold.web.console.session import form_of, is_proven, session_of
from safehold.web.guard import actor_of, needs

ACCOUNT = "/console/account"


def add_account_page(router: APIRouter, program: Program) -> None:
    """Add the page of one's own account, its password, sessions and devices."""
    _add_sessions(router, program)
    show = partial(account_page, program)

    @router.get(ACCOUNT)
    @needs(Permission.SIGNED_IN)
    def show_account(request: Request) -> Response:
        """Show what leads to this account, and what is open on it."""
        return show(request, UNSENT)

    @router.post(f"{ACCOUNT}/password")
    @needs(Permission.SIGNED_IN)
    @shown_again(show, password="new")  # noqa: S106 - the name of a field
    def change_password(request: Request) -> Response:
        """Replace the password; the old one is the proof."""
        form = form_of(request)
        token = users.change_own_password(
            program.gate,
            session_of(request),
            old=form.get("old", ""),
            new=form.get("new", ""),
            now=program.clock(),
        )
        response = go(ACCOUNT, done="password")
        put_cookie(response, program.settings.web, SESSION, token)
        return response


def account_page(program: Program, request: Request, form: Form) -> Response:
    """Show what leads to an account, what is open on it, and what came of a form of it."""
    rules, signed_in, now = program.settings.sign_in, session_of(request), program.clock()
    with program.database.begin() as tx:
        factors = second_factors.factors_of(tx, signed_in.user_id)
        open_sessions = sessions.listed(tx, rules, signed_in.user_id, now=now)
        devices = users.devices(tx, signed_in.user_id, now=now)
        analyst = signed_in.actor.analyst() if signed_in.actor.may(Permission.CASE_ASSESS) else None
        agreed = quality.agreement(tx, now=now, analyst=analyst) if analyst else ()
        about_conduct = quality.agreement(tx, now=now, analyst=analyst, form="conduct") if analyst else ()
        known = golden.own_figures(tx, analyst, now=now) if analyst else None
        known_by_all = golden.team_figure(tx, now=now) if analyst else None
    return page(
        request,
        program,
        "account.html",
        place="account",
        form=form,
        factors=factors,
        sessions=open_sessions,
        devices=devices,
        agreed=agreed,
        about_conduct=about_conduct,
        known=known,
        known_by_all=known_by_all,
        proven=is_proven(request, program),
        site=possible_site(request, program),
        required=rules.second_factor == "required",
        languages=known_languages(program).known,
    )


def _add_sessions(router: APIRouter, program: Program) -> None:
    again = shown_again(partial(account_page, program))

    @router.post(f"{ACCOUNT}/sessions/end-others")
    @needs(Permission.SIGNED_IN)
    @again
    def end_others(request: Request) -> Response:
        """End every session but this one."""
        signed_in = session_of(request)
        with changing(request, program) as tx:
            sessions.end_all(
                tx,
                signed_in.user_id,
                actor=signed_in.actor,
                now=program.clock(),
                but=signed_in.session_id,
            )
        return go(ACCOUNT, done="session-ended")

    @router.post(ACCOUNT + "/sessions/{session_id}/end")
    @needs(Permission.SIGNED_IN)
    @again
    def end_session(request: Request, session_id: UUID) -> Response:
        """End one of one's sessions."""
        with changing(request, program) as tx:
            sessions.end(
                tx,
                SessionId(session_id),
                of=session_of(request).user_id,
                actor=actor_of(request),
                now=program.clock(),
            )
        return go(ACCOUNT, done="session-ended")

    @router.post(ACCOUNT + "/devices/{device_id}/forget")
    @needs(Permission.SIGNED_IN)
    @again
    def forget_device(request: Request, device_id: UUID) -> Response:
        """Forget a browser: it then counts as a stranger's."""
        user_id, actor = session_of(request).user_id, actor_of(request)
        with changing(request, program) as tx:
            users.forget_device(tx, user_id, DeviceId(device_id), actor=actor, now=program.clock())
        return go(ACCOUNT, done="device-forgotten")
