"""Words that help a child at a moment: seldom, about nobody, and gone when the child does not want them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from safehold.model.child_account import AccountAge, Moment
from safehold.model.help_text import HelpKind, HelpText, tier_of
from safehold.prevent import help_texts
from safehold.prevent.help_texts import Rules
from safehold.storage import help_shown as rows
from safehold.storage.database import Tx

WEEK = timedelta(days=7)
SHOWN = "shown"
"""What a showing is counted as, among the choices."""


class Why(StrEnum):
    """Why nothing is shown."""

    ADULT = "adult_account"
    SWITCHED_OFF = "switched_off"
    ENOUGH = "enough_this_week"
    NO_TEXT = "no_approved_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who may be shown something, and how. mark: 32 bytes that stand for the account."""

    mark: bytes
    age: AccountAge
    language: str
    jurisdiction: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Everything that somebody may read: the same whether they opened it or were shown a part."""

    messages: tuple[HelpText, ...]
    lines: tuple[HelpText, ...]


def opened(
    tx: Tx, *, age: AccountAge, language: str, jurisdiction: str | None, rules: Rules, now: datetime
) -> Help:
    """Return what a child reads who opens the help by itself. Nothing is counted or kept."""
    kinds = (HelpKind.MESSAGE, HelpKind.HELP_LINE)
    texts = help_texts.shown(tx, kinds, language=language, rules=rules, now=now, jurisdiction=jurisdiction)
    tier = tier_of(age).value
    return Help(
        messages=tuple(
            each for each in texts if each.written.kind is HelpKind.MESSAGE and each.written.audience == tier
        ),
        lines=tuple(each for each in texts if each.written.kind is HelpKind.HELP_LINE),
    )


def offer(
    tx: Tx, moment: Moment, asked: Asked, *, rules: Rules, per_week: int, now: datetime
) -> tuple[HelpText | None, Help | Why]:
    """Return what to show the child at a moment, with the rest of the help; or None, and why.

    It is counted by day, name and language. Of the account only that something was shown is kept, for a week.
    """
    if asked.age is AccountAge.ADULT:
        return None, Why.ADULT
    tx.lock(f"help {asked.mark.hex()}")
    if rows.is_off(tx, asked.mark):
        return None, Why.SWITCHED_OFF
    if rows.shown_since(tx, asked.mark, now - WEEK) >= per_week:
        return None, Why.ENOUGH
    everything = opened(
        tx, age=asked.age, language=asked.language, jurisdiction=asked.jurisdiction, rules=rules, now=now
    )
    text = next((each for each in everything.messages if each.written.name == moment.value), None)
    if text is None:
        return None, Why.NO_TEXT
    rows.note_shown(tx, asked.mark, now=now)
    rows.count(tx, day=now.date(), name=moment.value, language=asked.language, choice=SHOWN)
    return text, everything


def choose(tx: Tx, moment: Moment, choice: str, *, language: str, mark: bytes | None, now: datetime) -> None:
    """Count what was chosen. mark: whose words end with `stop`, and come back with `again`."""
    if mark is not None and choice == "stop":
        rows.switch_off(tx, mark, now=now)
    if mark is not None and choice == "again":
        rows.switch_on(tx, mark)
    rows.count(tx, day=now.date(), name=moment.value, language=language, choice=choice)


def forget(tx: Tx, *, now: datetime) -> int:
    """Forget to whom something was shown longer than a week ago; return how many rows that were."""
    return rows.forget_shown(tx, before=now - WEEK)


def counted(tx: Tx, *, since: date) -> list[tuple[str, str, str, int]]:
    """Return name, language, choice and how often since a day, inclusive. A showing is the choice `shown`."""
    return rows.counted(tx, since=since)


def count_warning(tx: Tx, *, language: str, now: datetime) -> None:
    """Count that somebody who searched was warned; of nobody."""
    rows.count(tx, day=now.date(), name="search_warning", language=language, choice=SHOWN)
