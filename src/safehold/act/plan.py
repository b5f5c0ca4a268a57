"""Planning platform actions: a pure function from a preserved item to the steps that wait for a person."""

from __future__ import annotations

from dataclasses import dataclass

from safehold.model.case import Outcome
from safehold.model.events import ItemPreserved
from safehold.model.ids import CaseId, ItemId, OutcomeId
from safehold.model.proposal import ProposalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A step to be proposed. It rests on the outcome of people that it names."""

    kind: ProposalKind
    item_id: ItemId
    case_id: CaseId
    outcome_id: OutcomeId


def plan(event: ItemPreserved, outcome: Outcome | None) -> list[Draft]:
    """Return the steps to propose once an item is preserved, or its absence is recorded.

    outcome: the standing one of this item in this case, None when it was reversed in the meantime. Only
    a confirming outcome of this very item and case gives a step: removing the item. Nothing here ever
    plans an action against an account, for whose part in the case nobody has spoken yet.
    """
    if outcome is None or (outcome.item_id, outcome.case_id) != (event.item_id, event.case_id):
        return []
    if not outcome.finding.confirms:
        return []
    return [
        Draft(
            kind=ProposalKind.REMOVE_ITEM,
            item_id=event.item_id,
            case_id=event.case_id,
            outcome_id=outcome.id,
        )
    ]
