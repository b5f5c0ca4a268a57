"""The review rules, in the order in which they are asked: when an item is settled, and by whom."""

from __future__ import annotations

from dataclasses import dataclass

from safehold.model.assessment import Tier
from safehold.model.case import WaitsFor
from safehold.review.rules.agreement import agreed, agreement
from safehold.review.rules.base import (
    Judgement,
    Policy,
    Rule,
    SecondFor,
    Situation,
    clearest,
)
from safehold.review.rules.clear_view import clear_view
from safehold.review.rules.enough_people import enough_people, people_asked
from safehold.review.rules.entries import may_become_entry, may_publish_own_lists
from safehold.review.rules.likeness import likeness

__all__ = [
    "RULES",
    "Judgement",
    "Policy",
    "Rule",
    "SecondFor",
    "Settled",
    "Situation",
    "clearest",
    "decide",
    "may_become_entry",
    "may_publish_own_lists",
    "people_asked",
]

RULES: tuple[Rule, ...] = (enough_people, agreement, likeness, clear_view)
"""Each is asked only when those before it are content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What people settled. agreed: who found it, the deciding one first; others: who found something else.

    asked: how many people it took. tier: the clearest that those who agreed have seen.
    """

    agreed: tuple[Judgement, ...]
    others: tuple[Judgement, ...]
    asked: int
    tier: Tier

    @property
    def judged(self) -> tuple[Judgement, ...]:
        """Everybody who was counted, those who agreed first."""
        return self.agreed + self.others


def decide(situation: Situation) -> Settled | WaitsFor:
    """Return what was settled, or what the item waits for."""
    for rule in RULES:
        waits_for = rule(situation)
        if waits_for is not None:
            return waits_for
    people = agreed(situation)[::-1]
    return Settled(
        agreed=people,
        others=tuple(each for each in situation.judgements if each not in people),
        asked=people_asked(situation),
        tier=clearest(people),
    )
