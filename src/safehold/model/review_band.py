"""The review band: what speaks for looking at what machines flagged, what speaks against, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from safehold.model.band import Band

NEAR_BITS = 16
"""Bits beyond a list's radius within which the nearest entry speaks for looking."""


class Reason(StrEnum):
    """One kind of thing that speaks for looking, or against it. None of them is a finding."""

    CLASSIFIER = "classifier"
    """The strongest band that a classifier puts it into; amount: its rank."""
    MORE_CLASSIFIERS = "more_classifiers"
    """Further classifiers that say medium or more; amount: how many."""
    CONVERSATION = "conversation"
    """What rules saw in a conversation; amount: the rank of its band."""
    ASKED = "asked"
    """Something else asks for a look, and names no band."""
    REPORTED = "reported"
    """People reported it; amount: how many items of the case."""
    NEAR_LISTED = "near_listed"
    """It is nearly within the radius of a list; amount: NEAR_BITS + 1, less the bits beyond."""
    CONFIRMED_BEFORE = "confirmed_before"
    """Something of the account was confirmed; amount: in how many cases."""
    CHILD_ACCOUNT = "child_account"
    """The platform knows the account as a child's, who may need help."""
    NEW_ACCOUNT = "new_account"
    """The account was made a few days before."""
    SEES_NOTHING = "sees_nothing"
    """A classifier that was asked sees nothing; amount: how many do."""
    NOTHING_BEFORE = "nothing_before"
    """What was asked about this account was not illegal; amount: in how many cases."""
    OLD_ACCOUNT = "old_account"
    """The account was made years before; amount: how many."""
    GUARDIAN = "guardian"
    """Somebody who looks after the child is brought in."""
    PEERS = "peers"
    """Both sides are known to be children, of an age."""
    KNOWN_ROLE = "known_role"
    """The platform knows the side as a guardian, or as its own staff."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """That a reason is there: how much of it, above 0, and what that weighs: below 0 against."""

    reason: Reason
    amount: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewBand:
    """How strongly what is known asks for a look. speak_for, against: the weightiest first."""

    band: Band
    speak_for: tuple[Spoken, ...]
    against: tuple[Spoken, ...]


def readable_reasons(stored: object) -> tuple[Spoken, ...]:
    """Return the reasons that can be read: another version's take neither the case nor its page away."""
    found = []
    for each in stored if isinstance(stored, list) else ():
        match each:
            case {"reason": str(reason), "amount": int(amount), "weight": int(weight)}:
                if reason in set(Reason):
                    found.append(Spoken(Reason(reason), amount, weight))
    return tuple(found)
