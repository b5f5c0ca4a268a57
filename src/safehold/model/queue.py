"""Queues: one per purpose. Who works in which, which skills a case asks for, and what makes a case urgent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from safehold.model.band import Band
from safehold.model.case import Case
from safehold.model.errors import BadForm
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import UserId

EVERY_QUEUE = frozenset(Purpose)
"""All queues: what somebody works in where work is not divided."""

COUNTED_TO = 10_000
"""So far the open cases of a queue are counted: so many may be more."""

MOST_SKILLS = 10
_SKILL = re.compile(r"[a-z0-9][a-z0-9:-]{0,29}")

POINT_COUNTS = timedelta(hours=1)
"""How much waiting one point of priority makes up for."""
AT_RISK_COUNTS = timedelta(days=30)
"""How much waiting a child at risk now makes up for, beside the points."""


class Stage(StrEnum):
    """Who can go on with a case: worked out by the database from what its items wait for."""

    ANYBODY = "anybody"
    """Something in it has not been assessed."""
    ANOTHER = "another"
    """All of it was assessed; something waits for a look or for somebody else."""
    LEAD = "lead"
    """Something waits for a lead, and nothing for others."""
    NOBODY = "nobody"
    """Nothing waits, or only for the rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Somebody active who assesses: in which queues, with which skills, and whether they are a lead."""

    id: UserId
    is_lead: bool
    queues: frozenset[Purpose]
    skills: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What all of some open cases have in common, so that one question settles for all of them who may go on.

    other_purposes: further purposes for which an item in them lies in a case. kinds: what one would look at.
    skills: what they ask of whoever takes them. for_lead: others passed them on. band: where machines alone
    ask for a look and nobody has looked, how strongly.
    """

    purpose: Purpose
    stage: Stage
    for_lead: bool
    other_purposes: tuple[Purpose, ...]
    kinds: tuple[ExposureKind, ...]
    skills: tuple[str, ...]
    band: Band | None = None

    @property
    def need_to_know(self) -> frozenset[Purpose]:
        """The queues of all of which somebody must be to know these cases."""
        return frozenset((*self.other_purposes, self.purpose))


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """What the organisation asks of its queues.

    decide_within: by purpose, how long after its opening a case is to be decided at the latest. skills_for:
    what material of a kind asks of whoever takes it. live: surfaces on which what appears may be going on.
    looks_a_day: how many cases for which machines alone ask are offered in a day, None: all.
    """

    decide_within: Mapping[Purpose, timedelta] = field(default_factory=dict)
    skills_for: Mapping[ExposureKind, frozenset[str]] = field(default_factory=dict)
    live: frozenset[str] = frozenset()
    looks_a_day: int | None = None

    def decide_by(self, purpose: Purpose, opened_at: datetime) -> datetime | None:
        """Return when a case of this purpose is due, None where nothing is set."""
        within = self.decide_within.get(purpose)
        return None if within is None else opened_at + within

    def skills_of(self, kinds: Iterable[ExposureKind]) -> frozenset[str]:
        """Return the skills that cases with these kinds of material ask for."""
        return frozenset[str]().union(*(self.skills_for.get(kind, frozenset()) for kind in kinds))


def checked_skills(said: Iterable[str]) -> frozenset[str]:
    """Return skills as they are stored: letters a to z, digits, "-" and ":", at most ten of 30 characters.

    Raises BadForm.
    """
    skills = frozenset(one for each in said if (one := each.strip().lower()))
    if len(skills) > MOST_SKILLS or not all(_SKILL.fullmatch(each) for each in skills):
        raise BadForm(
            f"skills: at most {MOST_SKILLS}, each up to 30 letters a to z, digits, - and :,"
            " such as language:sv.",
            field="skills",
        )
    return skills


def turn_at(case: Case, *, priority: int, at_risk: bool) -> datetime:
    """Return the instant by which cases are ordered: when it was opened, earlier by what makes it urgent.

    It does not move while a case waits, so nobody is overtaken for ever: whoever was opened more than 100
    points and thirty days later stays behind.
    """
    return case.opened_at - priority * POINT_COUNTS - (AT_RISK_COUNTS if at_risk else timedelta(0))
