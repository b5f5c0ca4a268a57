"""Contesting: somebody else assesses afresh what is appealed against, and the outcome stands meanwhile.

Nobody decides an appeal as such. The item begins a new round; whoever assesses it does so by themselves, by
the same rules as ever. Where they find what was found before, the outcome stands and the appeal is rejected;
where they find something else, the outcome is reversed in their name and theirs takes its place.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from safehold.jobs.record import Record
from safehold.model.case import Appeal, AppealState, Case, Outcome
from safehold.model.events import AppealDecided, AppealReceived, BasisReversed
from safehold.model.ids import CaseId, ItemId, UserId
from safehold.model.permissions import Actor, system_actor
from safehold.review import bound, pages
from safehold.review.admission import is_kept_from
from safehold.review.cases import existing_case
from safehold.review.reopening import ReversalReason, keep_for_others, open_again, undo
from safehold.review.rules import Policy
from safehold.storage import appeals as appeal_rows
from safehold.storage import assessments as assessment_rows
from safehold.storage import audit, case_moves, reported_items
from safehold.storage import cases as case_rows
from safehold.storage import events as event_rows
from safehold.storage.database import Tx

__all__ = ["answer_appeals", "contest", "contested_outcome", "erase_words", "follow_reversal"]

WORDS_AFTER_DECISION = timedelta(days=90)
"""How long the name and the words of somebody who appealed are kept after it was decided."""
WORDS_AT_MOST = timedelta(days=365)
"""How long they are kept in any case."""

_REVIEW = system_actor("review").label


def contest(tx: Tx, event: AppealReceived, *, policy: Policy, now: datetime) -> None:
    """Handle appeal_received: let what it contests wait for somebody else's assessment, by a new round.

    What waits for an outcome anyway goes on as it did. An outcome is contested once at a time: doing this
    again changes nothing.
    """
    received = appeal_rows.get(tx, event.appeal_id)
    if received is None or received.state is not AppealState.RECEIVED:
        return
    items = [received.item_id]
    if received.case_id is not None:
        items = [place.item_id for place in case_rows.items_of(tx, received.case_id)]
    # All items before all cases, in one order, as everybody else who waits for several.
    event_rows.hold_items(tx, items)
    for item_id in items:
        for outcome in assessment_rows.standing_outcomes_of_item(tx, item_id):
            if received.case_id in (None, outcome.case_id):
                _wait_for_others(tx, outcome, policy=policy, now=now)


def follow_reversal(tx: Tx, event: BasisReversed, *, policy: Policy, record: Record, now: datetime) -> None:
    """Handle basis_reversed: what only repeats a finding, or is a page confirmed by it, falls with it.

    A page falls as well where what it shows was settled otherwise, and nothing of it is as the page any more.
    It does so in the name of whoever reversed or settled that. Where they may not touch the case, or the
    rules reversed it, somebody else assesses the item, and its outcome stands until then. Doing it again
    changes nothing.
    """
    # As for every reversal: whoever is at this item is waited for, and what they did counts.
    bound.hold(tx, event.item_id)
    stored, basis = (assessment_rows.get_outcome(tx, one) for one in (event.outcome_id, event.of))
    if stored is None or basis is None or not stored.stands:
        return
    if basis.stands and pages.is_supported(tx, stored.outcome):
        return
    by = UserId(basis.outcome.by[0]) if basis.stands else basis.reversed_by
    if by is None or is_kept_from(tx, stored.outcome.case_id, by):
        _wait_for_others(tx, stored.outcome, policy=policy, now=now)
        return
    assessment_rows.set_reversed(tx, stored.outcome.id, by=by, at=now)
    actor = Actor(permissions=frozenset(), user_id=by)
    is_part = stored.outcome.item_id != basis.outcome.item_id and bool(
        reported_items.shown_on(tx, stored.outcome.item_id)
    )
    why = ReversalReason.PART_REVERSED if is_part else ReversalReason.SAME_REVERSED
    undo(tx, stored.outcome, actor, why, record=record, now=now)


def contested_outcome(tx: Tx, case: Case, item_id: ItemId) -> Outcome | None:
    """Return the outcome that stands though the item waits in this case: the one that is contested."""
    standing = assessment_rows.standing_outcomes_of_item(tx, item_id)
    return next((one for one in standing if existing_case(tx, one.case_id).purpose is case.purpose), None)


def answer_appeals(
    tx: Tx,
    case_id: CaseId,
    item_id: ItemId,
    *,
    contested: Outcome | None,
    by: UserId,
    changed: bool,
    record: Record,
    now: datetime,
) -> None:
    """Note what a new finding means for the appeals about an item, and tell whoever brought them.

    changed: whether what was confirmed is not any more, or the other way round. An appeal about a whole case
    is decided with the last of its items.
    """
    for appeal in appeal_rows.of_item(tx, item_id):
        if appeal.state is not AppealState.RECEIVED:
            continue
        if changed:
            appeal_rows.note_changed(tx, appeal.id)
        if appeal.case_id is None or not _is_waiting(tx, appeal.case_id):
            _decide(tx, appeal, case_id, contested, by, changed or appeal.changed, record=record, now=now)


def erase_words(tx: Tx, *, now: datetime, limit: int) -> int:
    """Erase who appealed and what they wrote, 90 days after the decision and a year at most; return how many.

    That somebody appealed, when, and what became of it stays. One audit record names each appeal.
    """
    erased = appeal_rows.erase_words(
        tx,
        decided_before=now - WORDS_AFTER_DECISION,
        received_before=now - WORDS_AT_MOST,
        now=now,
        limit=limit,
    )
    for appeal_id in erased:
        audit.append(tx, at=now, actor=_REVIEW, verb="appeal.erase_words", object=f"appeal:{appeal_id}")
    return len(erased)


def _wait_for_others(tx: Tx, outcome: Outcome, *, policy: Policy, now: datetime) -> None:
    if _item_waits(tx, outcome.item_id, existing_case(tx, outcome.case_id)):
        return
    people = assessment_rows.people_of(tx, outcome.id)
    target = open_again(tx, outcome, now)
    keep_for_others(tx, target, outcome, people, policy=policy)
    detail = {"outcome": str(outcome.id), "case": str(target)}
    audit.append(
        tx, at=now, actor=_REVIEW, verb="outcome.contest", object=f"item:{outcome.item_id}", detail=detail
    )


def _is_waiting(tx: Tx, case_id: CaseId) -> bool:
    """Say whether something of a case waits, in it or in one that has taken its place."""
    case = existing_case(tx, case_id)
    return any(_item_waits(tx, place.item_id, case) for place in case_rows.items_of(tx, case_id))


def _item_waits(tx: Tx, item_id: ItemId, case: Case) -> bool:
    """Say whether an item waits in this case, or in another of the same purpose."""
    alike = [each for each in case_rows.of_item(tx, item_id) if each.purpose is case.purpose]
    return any(case_moves.waiting_items(tx, each.id, [item_id]) for each in alike)


def _decide(
    tx: Tx,
    appeal: Appeal,
    case_id: CaseId,
    contested: Outcome | None,
    by: UserId,
    changed: bool,
    *,
    record: Record,
    now: datetime,
) -> None:
    state = AppealState.UPHELD if changed else AppealState.REJECTED
    before = (contested.id, UserId(contested.by[0])) if contested is not None else None
    alone = before is not None and before[1] == by
    appeal_rows.decide(tx, appeal.id, state=state, by=by, contested=before, alone=alone, at=now)
    detail = {"appeal": str(appeal.id), "state": state.value, "case": str(case_id)}
    audit.append(
        tx, at=now, actor=_REVIEW, verb="appeal.decide", object=f"item:{appeal.item_id}", detail=detail
    )
    record(
        tx,
        AppealDecided(
            at=now,
            item_id=appeal.item_id,
            case_id=case_id,
            appeal_id=appeal.id,
            upheld=state is AppealState.UPHELD,
        ),
    )
