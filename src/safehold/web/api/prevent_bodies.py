"""The shapes of requests and answers about children's accounts."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from safehold.model.child_account import AccountAge, Feature, Moment
from safehold.web.api.bodies import LONGEST, Body, Text

LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$"
"""Of a language tag, as far as we look at one."""
Choice = Literal["leave", "stop", "again", "talk", "block", "report", "decline", "turn_back"]


class ChildPolicyBody(Body):
    """What is about to happen to an account. What is left out is not known: the strictest is answered."""

    feature: Feature = Field(description="What would happen.")
    surface: Text | None = Field(
        None, min_length=1, max_length=LONGEST, description="Where: one that the settings declare."
    )
    age_band: AccountAge = Field(AccountAge.UNKNOWN, description="Of whoever holds the account.")
    jurisdiction: Text | None = Field(
        None,
        max_length=LONGEST,
        description="Whose law applies, such as `GB`; one that no rule names is unknown.",
    )
    connected: bool | None = Field(
        None, strict=True, description="Whether the other account and this one are connected."
    )
    default_off: bool = Field(
        False, strict=True, description="Whether the child has turned this default off itself."
    )


class ChildPolicyAnswer(BaseModel):
    """What may happen, why, and what that serves."""

    decision: str = Field(
        description="allow; notice: tell the child first; confirm: wait until the child says yes; deny"
    )
    reason: str = Field(description="A stable code.")
    measure: str | None = Field(
        description="The measure of a code that it serves, None for an adult's account."
    )
    changeable: bool = Field(description="Whether the child may turn this default off.")
    moment: str | None = Field(description="Which words that help the child are right now, if any.")
    assumed: list[str] = Field(description="What was not known, so that the strictest was taken.")
    policy: str = Field(description="The version of the policy.")


class SupportBody(Body):
    """A moment at which a child may be shown words that help. Nothing of content is sent."""

    moment: Moment
    account_id: Text = Field(min_length=1, max_length=LONGEST, description="The child's own account.")
    age_band: AccountAge = Field(AccountAge.UNKNOWN, description="Of the child; as the youngest if unknown.")
    language: str = Field(pattern=LANGUAGE, description="In which the child reads, such as `en` or `de-AT`.")
    jurisdiction: Text | None = Field(None, max_length=20, description="Whose help lines, such as `GB`.")


class ChoiceBody(Body):
    """What somebody chose who was shown words, or who opened the help."""

    moment: Moment = Field(description="`id` of the message.")
    choice: Choice
    language: str = Field(pattern=LANGUAGE)
    account_id: Text | None = Field(
        None,
        min_length=1,
        max_length=LONGEST,
        description="Needed for `stop`, which ends these messages, and `again`, which lets them come back.",
    )

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if self.choice in ("stop", "again") and self.account_id is None:
            raise ValueError("account_id: whose messages end or come back")
        return self


class OptionAnswer(BaseModel):
    """Something to choose."""

    id: str
    label: str


class HelpLineAnswer(BaseModel):
    """Where to turn."""

    id: str
    title: str
    says: list[str]
    number: str | None
    draft: bool


class MessageAnswer(BaseModel):
    """Words for a child. They are shown in place, to this account alone, and never as a notification."""

    id: str
    title: str
    says: list[str]
    options: list[OptionAnswer] = Field(description="`leave` leads away at once, `stop` ends these messages.")
    help_lines: list[HelpLineAnswer]
    language: str
    draft: bool = Field(description="Nobody has approved it; it must be marked so on the screen.")


class SupportAnswer(BaseModel):
    """What to show, or why nothing is."""

    message: MessageAnswer | None
    why: str | None = Field(
        description="adult_account, switched_off, enough_this_week or no_approved_text; None with a message"
    )


class HelpAnswer(BaseModel):
    """Everything that a child can open by itself."""

    messages: list[MessageAnswer]
    help_lines: list[HelpLineAnswer]


class CardAnswer(BaseModel):
    """A card for parents."""

    id: str
    age: str
    title: str
    says: list[str]
    language: str
    draft: bool


class CardsAnswer(BaseModel):
    """Cards for parents of a child of one age."""

    cards: list[CardAnswer]


class SearchBody(Body):
    """What somebody searches for."""

    query: str = Field(max_length=1000, description="As it was typed. It is never logged, kept or said back.")
    language: str = Field(pattern=LANGUAGE)
    jurisdiction: Text | None = Field(None, max_length=20, description="Whose help lines, such as `GB`.")


class WarningAnswer(BaseModel):
    """Words for somebody who searched."""

    title: str
    says: list[str]
    language: str
    draft: bool


class SearchAnswer(BaseModel):
    """What follows from a search."""

    decision: str = Field(
        description="allow; warn: show the warning and the help before any result; not_checked: no list is"
        " loaded, or one cannot be opened here"
    )
    warning: WarningAnswer | None = Field(description="None where nobody has approved one.")
    help_lines: list[HelpLineAnswer]
