"""Reopening: an item waits once more, because its outcome was reversed or somebody contests it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from safehold.jobs.record import Record
from safehold.model.case import CaseState, Outcome, WaitsFor
from safehold.model.errors import NotFound
from safehold.model.events import BasisReversed, OutcomeReversed
from safehold.model.ids import AnalystId, CaseId
from safehold.model.permissions import Actor
from safehold.model.team import TeamSize
from safehold.review import pages
from safehold.review.cases import existing_case
from safehold.review.rules import Policy
from safehold.storage import assessments as assessment_rows
from safehold.storage import audit, case_moves, case_urgency, recusals
from safehold.storage import cases as case_rows
from safehold.storage.database import Tx


class ReversalReason(StrEnum):
    """Why an outcome is reversed."""

    MISTAKE = "mistake"
    NEW_FACTS = "new_facts"
    APPEAL = "appeal"
    LIST_CORRECTED = "list_corrected"
    SAME_REVERSED = "same_reversed"
    """What it repeated, of the same bytes elsewhere, was reversed."""
    PART_REVERSED = "part_reversed"
    """Something that the page shows was confirmed, and that was reversed or settled otherwise."""


BY_PEOPLE = (
    ReversalReason.MISTAKE,
    ReversalReason.NEW_FACTS,
    ReversalReason.APPEAL,
    ReversalReason.LIST_CORRECTED,
)
"""The reasons that a person can give."""


def undo(
    tx: Tx, outcome: Outcome, actor: Actor, reason_code: ReversalReason, *, record: Record, now: datetime
) -> CaseId:
    """Let the item of an outcome that was just reversed wait again, tell so, and return the case."""
    open_case = open_again(tx, outcome, now)
    tell_of_reversal(tx, outcome, actor, reason_code, record=record, now=now)
    return open_case


def tell_of_reversal(
    tx: Tx, outcome: Outcome, actor: Actor, reason_code: ReversalReason, *, record: Record, now: datetime
) -> None:
    """Record that an outcome was reversed, and each that rests on it: repeats elsewhere, and pages."""
    detail = {"outcome": str(outcome.id), "reason": reason_code.value, "item": str(outcome.item_id)}
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb="outcome.reverse",
        object=f"case:{outcome.case_id}",
        detail=detail,
    )
    record(tx, OutcomeReversed(at=now, item_id=outcome.item_id, case_id=outcome.case_id))
    for repeat in assessment_rows.repeats_of(tx, outcome.id):
        record(
            tx,
            BasisReversed(
                at=now, item_id=repeat.item_id, case_id=repeat.case_id, outcome_id=repeat.id, of=outcome.id
            ),
        )
    pages.tell_pages(tx, outcome, record=record, now=now)


def open_again(tx: Tx, outcome: Outcome, now: datetime) -> CaseId:
    """Let the item wait in an open case: its own, or the one that has taken its place. A new round begins.

    Where its case was merged into another, that one has. What the case weighs is reckoned anew by the next
    sweep; whoever may not know of the item's own case knows of this one no longer.
    """
    home = case_moves.goes_on_in(tx, outcome.case_id) or outcome.case_id
    gathering = case_rows.gathering_of(tx, home)
    if gathering is None:
        raise NotFound("There is no such case.")
    case_rows.lock_gathering(tx, gathering)
    locked = {each: existing_case(tx, each, for_change=True) for each in sorted({outcome.case_id, home})}
    target = home
    if locked[home].state is CaseState.SETTLED:
        other = case_rows.find_open(tx, gathering)
        if other is None:
            case_rows.set_settled(tx, home, at=None)
        else:
            target = other.id
    if target != outcome.case_id:
        case_rows.join(tx, target, outcome.item_id, at=now)
        case_urgency.take_over(tx, outcome.case_id, target)
    for each in {outcome.case_id, target}:
        case_rows.begin_round(tx, each, outcome.item_id)
    case_rows.set_waits_for(tx, target, outcome.item_id, WaitsFor.ASSESSMENT)
    case_rows.raise_revision(tx, target)
    case_urgency.weigh_soon(tx, target, now)
    return target


def keep_for_others(
    tx: Tx, case_id: CaseId, outcome: Outcome, people: Iterable[AnalystId], *, policy: Policy
) -> None:
    """Keep those who decided from assessing the item in its present round; not where they are all there is.

    In a small team somebody may have to come in from outside: the item then waits for them, visibly.
    """
    place = case_rows.item_in(tx, case_id, outcome.item_id)
    if policy.size is TeamSize.SINGLE or place is None:
        return
    for analyst in people:
        recusals.put(tx, case_id, outcome.item_id, round=place.round, analyst=analyst)
