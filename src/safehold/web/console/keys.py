"""Keys of platforms: what each may do, until when, and when it was last used."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.access import keys
from safehold.app.program import Program
from safehold.model.errors import BadForm
from safehold.model.ids import KeyId
from safehold.model.permissions import SCOPES, Permission
from safehold.model.wording import worded
from safehold.web.console.forms import UNSENT, Form, changing, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import chosen_of, form_of, is_proven
from safehold.web.guard import actor_of, needs
from safehold.web.language import N_

KEYS = "/console/keys"


def add_keys_page(router: APIRouter, program: Program) -> None:
    """Add the page about keys, making one and revoking one."""
    show = partial(_keys_page, program)

    @router.get(KEYS)
    @needs(Permission.KEY_EDIT)
    def show_keys(request: Request) -> Response:
        """Show every key without its secret, newest first."""
        return show(request, UNSENT)

    @router.post(KEYS)
    @needs(Permission.KEY_EDIT)
    @shown_again(show, scopes="scope", expires="days")
    def add_key(request: Request) -> Response:
        """Make a key, and show its secret this once."""
        form, now = form_of(request), program.clock()
        with changing(request, program) as tx:
            secret = keys.add_key(
                tx,
                name=form.get("name", ""),
                scopes=_scopes(request),
                actor=actor_of(request),
                now=now,
                expires_at=now + _days(form.get("days", "")),
            )
        return page(
            request,
            program,
            "shown_once.html",
            place="keys",
            title=N_("The secret of a new key"),
            about=form.get("name", "").strip(),
            says=N_("Only its digest is kept here. Give it to the platform by a way that you trust."),
            secret=secret,
            back=KEYS,
        )

    @router.post(KEYS + "/{key_id}/revoke")
    @needs(Permission.KEY_EDIT)
    @shown_again(show)
    def revoke(request: Request, key_id: UUID) -> Response:
        """Take a key out of use."""
        with changing(request, program) as tx:
            keys.revoke_key(tx, KeyId(key_id), actor=actor_of(request), now=program.clock())
        return go(KEYS, done="key-revoked")


def _keys_page(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        known = keys.list_keys(tx)
    now = program.clock()
    return page(
        request,
        program,
        "keys.html",
        place="keys",
        form=form,
        keys=known,
        ending={key.id for key in known if keys.ends_soon(key, now=now)},
        scopes=sorted(SCOPES),
        days=keys.LASTS.days,
        most_days=keys.LONGEST.days,
        proven=is_proven(request, program),
    )


def _scopes(request: Request) -> frozenset[Permission]:
    wanted = set(chosen_of(request, "scope"))
    if not wanted <= set(SCOPES):
        raise BadForm(worded("scopes: %(scopes)s.", scopes=", ".join(sorted(SCOPES))), field="scopes")
    return frozenset(scope for scope in SCOPES if scope in wanted)


def _days(said: str) -> timedelta:
    days = int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0
    if not 1 <= days <= keys.LONGEST.days:
        raise BadForm(worded("days: 1 to %(most)s.", most=keys.LONGEST.days), field="days")
    return timedelta(days=days)
