"""Words that help: for a child at a moment, for a parent, for somebody who searches; and where to turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from safehold.model.child_account import AccountAge
from safehold.model.ids import HelpTextId

EVERYWHERE = "*"
EVERYBODY = "everybody"
"""A jurisdiction, and an audience, that leaves nobody out."""


class HelpKind(StrEnum):
    """What a text is for."""

    MESSAGE = "message"
    HELP_LINE = "help_line"
    CARD = "card"
    SEARCH_WARNING = "search_warning"


class HelpStatus(StrEnum):
    """How far a text is. replaced: another one was approved in its place."""

    DRAFT = "draft"
    APPROVED = "approved"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class Tier(StrEnum):
    """How a child is spoken to: up to 13, and from 14 on."""

    YOUNGER = "younger"
    OLDER = "older"


class CardAge(StrEnum):
    """The age of the child, on a card for parents."""

    FROM_3_TO_6 = "3-6"
    FROM_7_TO_10 = "7-10"
    FROM_11_TO_13 = "11-13"
    FROM_14_TO_17 = "14-17"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that whoever reads can choose. id: a stable code."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a text says. number: to call; None where there is none."""

    title: str
    says: tuple[str, ...]
    options: tuple[Option, ...] = ()
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text as it was written. name: of a message, its moment. checked_on: when somebody last checked it."""

    kind: HelpKind
    name: str
    audience: str
    language: str
    jurisdiction: str
    words: Words
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpText:
    """A text that is kept, and who stands for it. The last three are None until somebody decided about it."""

    id: HelpTextId
    written: Written
    status: HelpStatus
    loaded_at: datetime
    reviewed_by_role: str | None = field(default=None)
    decided_by: str | None = field(default=None)
    decided_at: datetime | None = field(default=None)

    def is_expired(self, today: date, *, lasts: timedelta) -> bool:
        """Say whether it was checked too long ago, or is said to have been checked in the future."""
        return not today - lasts <= self.written.checked_on <= today


def tier_of(age: AccountAge) -> Tier:
    """Return how somebody of an age is spoken to; as the youngest where it is not known."""
    return Tier.OLDER if age in (AccountAge.FROM_14_TO_15, AccountAge.FROM_16_TO_17) else Tier.YOUNGER
