"""What the settings ask of people, as the review rules take it."""

from __future__ import annotations

from safehold.app.settings import Settings
from safehold.model.team import TeamSize
from safehold.review.rules import Policy, SecondFor


def review_policy(settings: Settings) -> Policy:
    """Return the policy of these settings."""
    return Policy(
        size=TeamSize(settings.team.size_policy),
        second_for=frozenset(SecondFor(each) for each in settings.review.second_for),
        second_share=settings.review.second_share_percent / 100,
    )
