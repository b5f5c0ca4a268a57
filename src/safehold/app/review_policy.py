"""What the settings ask of people, as the review rules take it."""

from __future__ import annotations

from datetime import timedelta

from safehold.app.settings import Settings
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.queue import QueueRules, checked_skills
from safehold.model.team import TeamSize
from safehold.review.rules import Policy, SecondFor


def review_policy(settings: Settings) -> Policy:
    """Return the policy of these settings."""
    return Policy(
        size=TeamSize(settings.team.size_policy),
        second_for=frozenset(SecondFor(each) for each in settings.review.second_for),
        second_share=settings.review.second_share_percent / 100,
    )


def queue_rules(settings: Settings) -> QueueRules:
    """Return what these settings ask of the queues. Raises BadForm for a skill that cannot be one."""
    within = settings.queues.decide_within_hours.items()
    skills = settings.queues.skills_for.items()
    return QueueRules(
        decide_within={Purpose(purpose): timedelta(hours=hours) for purpose, hours in within},
        skills_for={ExposureKind(kind): checked_skills(asked) for kind, asked in skills},
        live=frozenset(name for name, surface in settings.surfaces.items() if surface.live),
        looks_a_day=settings.review.flags_a_day,
    )
