"""Words that help: for a child at a moment, for one who opens the help, and cards for parents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from safehold.app import support
from safehold.app.program import Program
from safehold.model.child_account import AccountAge
from safehold.model.help_text import CardAge, HelpStatus, HelpText
from safehold.model.permissions import Permission
from safehold.prevent.support import Why
from safehold.web.api.prevent_bodies import (
    LANGUAGE,
    CardAnswer,
    CardsAnswer,
    ChoiceBody,
    HelpAnswer,
    HelpLineAnswer,
    MessageAnswer,
    OptionAnswer,
    SupportAnswer,
    SupportBody,
)
from safehold.web.guard import actor_of, needs

_Language = Annotated[str, Query(pattern=LANGUAGE, description="Such as `en` or `de-AT`.")]
_Jurisdiction = Annotated[
    str | None, Query(pattern=r"^[A-Za-z0-9-]{2,20}$", description="Whose help lines, such as `GB`.")
]


def add_support_routes(router: APIRouter, program: Program) -> None:
    """Add the endpoints to a guarded router."""

    @router.post("/v1/support-messages", summary="Words that help a child at a moment")
    @needs(Permission.CHILD_SUPPORT)
    def post_support_message(request: Request, body: SupportBody) -> SupportAnswer:
        """Return what to show to the child's own account, in place, and to nobody else; or why nothing is.

        It is part of the help that the child can open by itself, and says nothing of what happened.
        """
        text, more = support.offer(
            program,
            body.moment,
            actor=actor_of(request),
            account_id=body.account_id,
            age=body.age_band,
            language=body.language,
            jurisdiction=body.jurisdiction,
        )
        if text is None or isinstance(more, Why):
            return SupportAnswer(message=None, why=more.value if isinstance(more, Why) else None)
        return SupportAnswer(message=_message(text, more.lines), why=None)

    @router.post("/v1/support-messages/choices", summary="What was chosen of words that help")
    @needs(Permission.CHILD_SUPPORT)
    def post_choice(request: Request, body: ChoiceBody) -> dict[str, str]:
        """Count a choice, by day, message and language. Of the account only `stop` is remembered."""
        support.choose(
            program,
            body.moment,
            body.choice,
            actor=actor_of(request),
            account_id=body.account_id,
            language=body.language,
        )
        return {"state": "noted"}

    @router.get("/v1/help", summary="The help that a child opens by itself")
    @needs(Permission.CHILD_SUPPORT)
    def get_help(
        language: _Language, age_band: AccountAge = AccountAge.UNKNOWN, jurisdiction: _Jurisdiction = None
    ) -> HelpAnswer:
        """Return all words that help and all help lines. Nothing is kept or counted."""
        found = support.opened(program, age=age_band, language=language, jurisdiction=jurisdiction)
        return HelpAnswer(
            messages=[_message(each, found.lines) for each in found.messages],
            help_lines=[line_answer(each) for each in found.lines],
        )

    @router.get("/v1/parent-cards", summary="Cards for parents, by the child's age")
    @needs(Permission.CHILD_SUPPORT)
    def get_cards(language: _Language, age: CardAge) -> CardsAnswer:
        """Return what to talk about and how to set up a device."""
        found = support.cards(program, language=language, audience=age.value)
        return CardsAnswer(cards=[_card(each) for each in found])


def _message(text: HelpText, lines: tuple[HelpText, ...]) -> MessageAnswer:
    words = text.written.words
    return MessageAnswer(
        id=text.written.name,
        title=words.title,
        says=list(words.says),
        options=[OptionAnswer(id=each.id, label=each.label) for each in words.options],
        help_lines=[line_answer(each) for each in lines],
        language=text.written.language,
        draft=text.status is HelpStatus.DRAFT,
    )


def line_answer(text: HelpText) -> HelpLineAnswer:
    """Return a help line as it is answered."""
    words = text.written.words
    return HelpLineAnswer(
        id=text.written.name,
        title=words.title,
        says=list(words.says),
        number=words.number,
        draft=text.status is HelpStatus.DRAFT,
    )


def _card(text: HelpText) -> CardAnswer:
    written = text.written
    return CardAnswer(
        id=written.name,
        age=written.audience,
        title=written.words.title,
        says=list(written.words.says),
        language=written.language,
        draft=text.status is HelpStatus.DRAFT,
    )
