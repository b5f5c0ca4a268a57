"""Statements of reasons: per action, what was done, on which ground, by which means, and how to contest it.

The fields are those that Article 17 of the EU's Digital Services Act asks for. Nothing in them names an
analyst, a list, a category or how near something was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from safehold.model.assessment import Finding
from safehold.model.case import Outcome
from safehold.model.errors import NotFound
from safehold.model.ids import ItemId
from safehold.model.item import ItemKind
from safehold.model.proposal import ProposalKind
from safehold.storage import assessments, reasons
from safehold.storage import holds as hold_rows
from safehold.storage import items as item_rows
from safehold.storage.database import Tx

CONTESTED_FOR = timedelta(days=183)
"""How long after an action a platform has to let it be contested: the six months of Article 20."""

REDRESS = ("internal_complaint", "out_of_court_dispute_settlement", "judicial_redress")

_ACTIONS = {
    ProposalKind.REMOVE_ITEM: "removal",
    ProposalKind.ACCOUNT_ACTION: "account_restriction",
}
_GROUNDS = {
    Finding.ILLEGAL: ("illegal_content", "People assessed it and found it illegal."),
    Finding.AGAINST_TERMS: ("incompatible_with_terms", "People assessed it and found it against the terms."),
}
_UNDECIDED = ("suspected_illegal_content", "It resembles known material, and people are to assess it.")


def statements(tx: Tx, item_id: ItemId) -> dict[str, Any]:
    """Return a statement for each hold of an item, ended or not, and each standing request to its platform.

    Oldest first. reference: by which somebody can contest that action. decision.automated: whether no person
    had decided when it was done; approved_by_policy: whether a person's decision was carried out without
    asking again. Raises NotFound.
    """
    item = item_rows.get_bare(tx, item_id)
    if item is None:
        raise NotFound("There is no such item.")
    standing = assessments.standing_outcomes_of_item(tx, item_id)
    found = [*_holds(tx, item_id, standing), *_actions(tx, item_id, standing)]
    detected = {"automated_detection": item.kind is not ItemKind.PAGE, "notice": item.kind is ItemKind.PAGE}
    in_order = sorted(found, key=lambda each: (each["since"], each["reference"]))
    return {"item_id": str(item_id), "statements": [each | {"facts": detected} for each in in_order]}


def item_of_reference(tx: Tx, reference: UUID) -> ItemId:
    """Return the item that a statement of reasons is about. Raises NotFound."""
    found = reasons.item_of(tx, reference)
    if found is None:
        raise NotFound("There is no statement of reasons with this reference.")
    return found


def _holds(tx: Tx, item_id: ItemId, standing: list[Outcome]) -> Iterator[dict[str, Any]]:
    confirming = next((one for one in standing if one.finding.confirms), None)
    for hold in hold_rows.of_item(tx, item_id):
        # A list's match placed it before anybody looked; what people found since may be why it stands.
        because = confirming if hold.released_at is None else None
        yield _statement(
            hold.id, "visibility_restriction", hold.placed_at, until=hold.released_at, because=because
        )


def _actions(tx: Tx, item_id: ItemId, standing: list[Outcome]) -> Iterator[dict[str, Any]]:
    known = {one.id: one for one in standing}
    for asked in reasons.asked_of_platforms(tx, item_id):
        because = known.get(asked.outcome_id)
        if because is not None:
            made = _statement(asked.id, _ACTIONS[asked.kind], asked.since, because=because)
            made["decision"]["approved_by_policy"] = asked.policy is not None
            yield made


def _statement(
    reference: UUID,
    action: str,
    since: datetime,
    *,
    until: datetime | None = None,
    because: Outcome | None,
) -> dict[str, Any]:
    kind, explanation = _GROUNDS.get(because.finding, _UNDECIDED) if because else _UNDECIDED
    return {
        "reference": str(reference),
        "action": action,
        "since": since.isoformat(),
        "until": until.isoformat() if until else None,
        "ground": {"kind": kind, "explanation": explanation},
        "decision": {"automated": because is None, "people": len(because.by) if because else 0},
        "redress": {"ways": list(REDRESS), "contest_until": (since + CONTESTED_FOR).isoformat()},
    }
