"""What a rule is shown of an item, and what it may answer: nothing in a rule reads or writes a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from safehold.model.assessment import Category, Finding, Tier
from safehold.model.case import WaitsFor
from safehold.model.ids import AnalystId, AssessmentId, ItemId
from safehold.model.team import TeamSize

IMAGERY = "imagery"
"""The form of which clearer and less clear views exist."""


class SecondFor(StrEnum):
    """What a second, independent assessment is asked for."""

    ALL = "all"
    CATEGORY_A = "category_a"
    LIST_DISAGREEMENT = "list_disagreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an operator asks of people. second_share: of all items, 0 to 1, drawn by the item's id."""

    size: TeamSize = TeamSize.SINGLE
    second_for: frozenset[SecondFor] = frozenset()
    second_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one person last found. blind: filed without having seen what the others found.

    people: how many people found it by themselves: the person alone, or, where they repeat what was found of
    the same bytes elsewhere, those who found it there. tier: the clearest that these have seen.

    alike: they repeat what was found of another picture that is nearly the same. people: who found it there.
    tier: what this person saw of this very picture, mostly nothing; seen_alike: the clearest that those who
    found it there saw of that one. told_apart: a list or a flag says of this one what none says of that one.
    """

    id: AssessmentId
    by: AnalystId
    finding: Finding
    category: Category | None
    tier: Tier
    blind: bool = True
    repeats: bool = False
    people: int = 1
    alike: bool = False
    seen_alike: Tier = Tier.NONE
    told_apart: bool = False

    @property
    def verdict(self) -> tuple[Finding, Category | None]:
        """What people agree or disagree about: finding and category. Everything else is only recorded."""
        return self.finding, self.category


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """An item whose last assessment was just filed.

    form: imagery or conduct. has_media: whether bytes came, so that there is something to look at.
    vouched: whether a vetted list knows it, at the list's holding distance or nearer; listed_categories:
    what those lists call it. judgements: of this round, one per person, whoever filed last comes last;
    left out is who has a conflict of interest. Either people found all of it by themselves, or one person
    repeats what was found elsewhere: beside a finding of somebody's own a repeat is none.
    """

    item_id: ItemId
    form: str = IMAGERY
    has_media: bool = True
    vouched: bool = False
    listed_categories: frozenset[Category] = frozenset()
    judgements: tuple[Judgement, ...] = ()
    policy: Policy = Policy()


Rule = Callable[[Situation], WaitsFor | None]
"""Says what the item still waits for, or None where this rule is content."""


def clearest(judgements: Iterable[Judgement]) -> Tier:
    """Return the clearest tier that any of these people saw; none where nobody looked."""
    seen = {judgement.tier for judgement in judgements}
    return next((tier for tier in (Tier.CLEAR, Tier.BLURRED) if tier in seen), Tier.NONE)
