"""The shapes of requests and answers about children's accounts."""

from __future__ import annotations

from pydantic import BaseModel, Field

from safehold.model.child_account import AccountAge, Feature
from safehold.web.api.bodies import LONGEST, Body, Text


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
