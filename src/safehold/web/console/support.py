"""Words that help: every text with its source and standing, read and approved by a person."""

from __future__ import annotations

from datetime import date
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app.program import Program
from safehold.app.support import rules_of
from safehold.model.errors import BadForm
from safehold.model.help_text import HelpStatus
from safehold.model.ids import HelpTextId
from safehold.model.permissions import Permission
from safehold.prevent import help_texts
from safehold.web.console.forms import UNSENT, Form, changing, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of, is_proven
from safehold.web.guard import actor_of, needs

SUPPORT = "/console/support"


def add_support_pages(router: APIRouter, program: Program) -> None:
    """Add the page of all texts, and that of one, where it is approved or withdrawn."""

    @router.get(SUPPORT)
    @needs(Permission.SUPPORT_APPROVE)
    def show_texts(request: Request) -> Response:
        """Show every draft and every approved text, by language."""
        with program.database.begin() as tx:
            texts = help_texts.everything(tx)
        return page(
            request,
            program,
            "support.html",
            place="support",
            texts=texts,
            lasts=rules_of(program.settings).lasts,
            production=program.settings.production,
        )

    _add_one(router, program)


def _add_one(router: APIRouter, program: Program) -> None:
    show = partial(_text, program)

    @router.get(SUPPORT + "/{text_id}")
    @needs(Permission.SUPPORT_APPROVE)
    def show_text(request: Request, text_id: UUID) -> Response:
        """Show what a text says, as whoever is to read it would."""
        return show(request, UNSENT)

    @router.post(SUPPORT + "/{text_id}/approve")
    @needs(Permission.SUPPORT_APPROVE)
    @shown_again(show)
    def approve(request: Request, text_id: UUID) -> Response:
        """Let a draft be shown in production."""
        sent = form_of(request)
        with changing(request, program) as tx:
            help_texts.approve(
                tx,
                HelpTextId(text_id),
                role=sent.get("role", ""),
                checked_on=_day(sent.get("checked_on", "")),
                actor=actor_of(request),
                now=program.clock(),
            )
        return go(SUPPORT, done="text-approved")

    @router.post(SUPPORT + "/{text_id}/withdraw")
    @needs(Permission.SUPPORT_APPROVE)
    @shown_again(show)
    def withdraw(request: Request, text_id: UUID) -> Response:
        """Stop showing a text."""
        with changing(request, program) as tx:
            help_texts.withdraw(tx, HelpTextId(text_id), actor=actor_of(request), now=program.clock())
        return go(SUPPORT, done="text-withdrawn")


def _text(program: Program, request: Request, form: Form) -> Response:
    text_id = UUID(request.path_params["text_id"])
    with program.database.begin() as tx:
        text = help_texts.one(tx, HelpTextId(text_id))
    return page(
        request,
        program,
        "support_text.html",
        place="support",
        form=form,
        text=text,
        is_draft=text.status is HelpStatus.DRAFT,
        is_standing=text.status in (HelpStatus.DRAFT, HelpStatus.APPROVED),
        lasts=rules_of(program.settings).lasts,
        longest_role=help_texts.LONGEST_ROLE,
        proven=is_proven(request, program),
    )


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise BadForm("checked_on: a day, such as 2026-11-20.", field="checked_on") from None
