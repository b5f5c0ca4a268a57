"""Words that help, as the settings allow them, for accounts in the words of a platform."""

from __future__ import annotations

from datetime import timedelta

from safehold.app.program import Program
from safehold.app.requests import body_digest
from safehold.app.settings import Settings
from safehold.model.child_account import AccountAge, Moment
from safehold.model.errors import NotAllowed
from safehold.model.help_text import HelpKind, HelpText
from safehold.model.permissions import Actor
from safehold.prevent import help_texts, support
from safehold.prevent.help_texts import Rules
from safehold.prevent.support import Asked, Help, Why


def rules_of(settings: Settings) -> Rules:
    """Return what may be shown. In production no draft is."""
    return Rules(drafts=not settings.production, lasts=timedelta(days=settings.prevent.checked_days))


def language_of(tag: str) -> str:
    """Return the language of a tag, such as de for de-AT: texts are written for languages."""
    return tag.partition("-")[0].lower()


def offer(
    program: Program,
    moment: Moment,
    *,
    actor: Actor,
    account_id: str,
    age: AccountAge,
    language: str,
    jurisdiction: str | None,
) -> tuple[HelpText | None, Help | Why]:
    """Return what to show at a moment, with the rest of the help; or None, and why."""
    asked = Asked(
        mark=mark_of(program, actor, account_id),
        age=age,
        language=language_of(language),
        jurisdiction=jurisdiction,
    )
    with program.database.begin() as tx:
        return support.offer(
            tx,
            moment,
            asked,
            rules=rules_of(program.settings),
            per_week=program.settings.prevent.messages_per_week,
            now=program.clock(),
        )


def opened(program: Program, *, age: AccountAge, language: str, jurisdiction: str | None) -> Help:
    """Return what a child reads who opens the help by itself."""
    with program.database.begin() as tx:
        return support.opened(
            tx,
            age=age,
            language=language_of(language),
            jurisdiction=jurisdiction,
            rules=rules_of(program.settings),
            now=program.clock(),
        )


def cards(program: Program, *, language: str, audience: str) -> list[HelpText]:
    """Return the cards for parents of a child of this age."""
    with program.database.begin() as tx:
        found = help_texts.shown(
            tx,
            (HelpKind.CARD,),
            language=language_of(language),
            rules=rules_of(program.settings),
            now=program.clock(),
        )
    return [each for each in found if each.written.audience == audience]


def choose(
    program: Program, moment: Moment, choice: str, *, actor: Actor, account_id: str | None, language: str
) -> None:
    """Count what was chosen, and heed it."""
    mark = mark_of(program, actor, account_id) if account_id is not None else None
    with program.database.begin() as tx:
        support.choose(tx, moment, choice, language=language_of(language), mark=mark, now=program.clock())


def mark_of(program: Program, actor: Actor, account_id: str) -> bytes:
    """Return what stands for an account of a platform: without the installation's secret it says nothing."""
    if actor.key_id is None:
        raise NotAllowed("Accounts belong to a platform's key.")
    secret = program.request_secret
    return body_digest(secret, b"words that help", actor.key_id.bytes, account_id.encode())
