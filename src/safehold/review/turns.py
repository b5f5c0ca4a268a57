"""Whose turn it is to assess an item, and what they may have been shown of the others' assessments before."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from safehold.model.assessment import Tier
from safehold.model.case import WaitsFor
from safehold.model.ids import AnalystId
from safehold.storage.assessments import StoredAssessment
from safehold.storage.turns import A_LOOK, ANOTHERS

__all__ = ["Turn", "turn_of"]


class Turn(StrEnum):
    """What one person may do about an item now."""

    BLIND = "blind"
    """Assess it without seeing what others found."""
    INFORMED = "informed"
    """Decide it: they have assessed it, are a lead, and see what the others found."""
    OF_OTHERS = "of_others"
    """Nothing: they have assessed it, and it waits for somebody else."""
    OF_A_LEAD = "of_a_lead"
    """Nothing: it waits for a lead, and they are none."""
    OVER = "over"
    """Nothing: an outcome stands, and theirs may be among what it rests on."""
    SOON = "soon"
    """Nothing yet: the rules are about to look at what was filed."""

    @property
    def may_file(self) -> bool:
        """Whether they may file an assessment that counts."""
        return self in (Turn.BLIND, Turn.INFORMED)


def turn_of(
    waits_for: WaitsFor | None,
    filed: Iterable[StoredAssessment],
    analyst: AnalystId,
    *,
    is_lead: bool,
    recused: bool = False,
) -> Turn:
    """Return whose turn it is. filed: what was filed in the item's present round, by anybody, oldest first.

    recused: whether they decided what is contested. A lead decides with the others' findings before them only
    once they have assessed the item blind.
    """
    if waits_for is None:
        return Turn.OVER
    if waits_for is WaitsFor.SETTLING:
        return Turn.SOON
    if recused:
        return Turn.OF_OTHERS
    # Whoever only repeated what was found elsewhere has assessed nothing by themselves.
    own = [one for one in filed if one.analyst_id == analyst and one.same_as is None]
    if waits_for is WaitsFor.LEAD:
        return _of_lead(own) if is_lead else Turn.OF_A_LEAD
    if waits_for in ANOTHERS and own:
        return Turn.OF_OTHERS
    if waits_for in A_LOOK and any(one.tier is Tier.CLEAR for one in own):
        return Turn.OF_OTHERS
    return _again(own)


def _of_lead(own: list[StoredAssessment]) -> Turn:
    return Turn.INFORMED if own else Turn.BLIND


def _again(own: list[StoredAssessment]) -> Turn:
    # What somebody has seen of others cannot be unseen: their next assessment is no blind one either.
    return Turn.BLIND if all(one.blind for one in own) else Turn.INFORMED
