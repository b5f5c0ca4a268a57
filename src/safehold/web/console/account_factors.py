"""Second factors of one's own account: passkeys, the authenticator app, recovery codes."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from safehold.app.access import passkeys, second_factors
from safehold.app.program import Program
from safehold.model.ids import PasskeyId
from safehold.model.permissions import Permission
from safehold.web.console.account import ACCOUNT, account_page
from safehold.web.console.forms import UNSENT, Form, changing, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.second_step import JSON, credential_of, site_of
from safehold.web.console.session import form_of, require_proof, session_of
from safehold.web.guard import actor_of, needs

APP = f"{ACCOUNT}/app"


def add_account_factors(router: APIRouter, program: Program) -> None:
    """Add everything by which somebody changes their second factors."""
    _add_passkeys(router, program)
    _add_app(router, program)

    @router.post(f"{ACCOUNT}/recovery-codes")
    @needs(Permission.SIGNED_IN)
    @shown_again(partial(account_page, program))
    def make_codes(request: Request) -> Response:
        """Make recovery codes in place of all earlier ones, and show them this once."""
        user_id, actor = session_of(request).user_id, actor_of(request)
        with changing(request, program) as tx:
            codes = second_factors.make_codes(tx, program.gate, user_id, actor=actor, now=program.clock())
        return page(request, program, "recovery_codes.html", place="account", codes=codes)


def _add_passkeys(router: APIRouter, program: Program) -> None:
    again = shown_again(partial(account_page, program))

    @router.post(f"{ACCOUNT}/passkeys/passkey-options")
    @needs(Permission.SIGNED_IN)
    def options(request: Request) -> Response:
        """Return what the browser needs to make a passkey."""
        signed_in, at = session_of(request), site_of(request, program)
        with changing(request, program) as tx:
            made = passkeys.creation_options(
                tx, signed_in.session_id, signed_in.user_id, name=signed_in.name, at=at, now=program.clock()
            )
        return Response(made, media_type=JSON)

    @router.post(f"{ACCOUNT}/passkeys")
    @needs(Permission.SIGNED_IN)
    @again
    def add_passkey(request: Request) -> Response:
        """Add the passkey that the browser made."""
        require_proof(request, program)
        form = form_of(request)
        second_factors.add_passkey(
            program.gate,
            session_of(request),
            credential_of(form) or "",
            name=form.get("name", ""),
            at=site_of(request, program),
            now=program.clock(),
        )
        return go(ACCOUNT, done="factor-added")

    @router.post(ACCOUNT + "/passkeys/{passkey_id}/remove")
    @needs(Permission.SIGNED_IN)
    @again
    def remove_passkey(request: Request, passkey_id: UUID) -> Response:
        """Remove a passkey."""
        with changing(request, program) as tx:
            second_factors.remove_passkey(
                tx,
                program.settings.sign_in,
                session_of(request).user_id,
                PasskeyId(passkey_id),
                actor=actor_of(request),
                now=program.clock(),
            )
        return go(ACCOUNT, done="factor-removed")


def _add_app(router: APIRouter, program: Program) -> None:
    show, again = partial(_app_page, program), shown_again(partial(account_page, program))

    @router.post(APP)
    @needs(Permission.SIGNED_IN)
    @again
    def begin_app(request: Request) -> Response:
        """Make the secret of an authenticator app."""
        with changing(request, program) as tx:
            user_id = session_of(request).user_id
            second_factors.begin_app(tx, program.gate, user_id)
        return go(APP)

    @router.get(APP)
    @needs(Permission.SIGNED_IN)
    def show_app(request: Request) -> Response:
        """Show the secret of the app that is being set up."""
        return show(request, UNSENT)

    @router.post(f"{APP}/confirm")
    @needs(Permission.SIGNED_IN)
    @shown_again(show)
    def confirm_app(request: Request) -> Response:
        """Make the app a factor by its first code."""
        user_id, code = session_of(request).user_id, form_of(request).get("code", "")
        with changing(request, program) as tx:
            second_factors.confirm_app(
                tx, program.gate, user_id, code, actor=actor_of(request), now=program.clock()
            )
        return go(ACCOUNT, done="factor-added")

    @router.post(f"{APP}/remove")
    @needs(Permission.SIGNED_IN)
    @again
    def remove_app(request: Request) -> Response:
        """Remove the authenticator app."""
        with changing(request, program) as tx:
            second_factors.remove_app(
                tx,
                program.settings.sign_in,
                session_of(request).user_id,
                actor=actor_of(request),
                now=program.clock(),
            )
        return go(ACCOUNT, done="factor-removed")


def _app_page(program: Program, request: Request, form: Form) -> Response:
    signed_in = session_of(request)
    with changing(request, program) as tx:
        new = second_factors.app_being_set_up(tx, program.gate, signed_in.user_id, name=signed_in.name)
    typed = " ".join(new.secret[at : at + 4] for at in range(0, len(new.secret), 4))
    code = qr_code(new.address)
    return page(request, program, "account_app.html", place="account", form=form, typed=typed, code=code)


def qr_code(text: str) -> Markup:
    """Return a text as a QR code, an SVG picture in black on white whatever the theme."""
    import segno

    made = segno.make(text, micro=False, error="m")
    # segno writes numbers and its own words only: nothing of the text is in the markup.
    return Markup(made.svg_inline(omitsize=True, border=4, dark="#000", light="#fff"))  # noqa: S704
