"""Appeals: anybody who was wrongly caught can say so; their words go to people and nowhere else."""

from __future__ import annotations

from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.case import Appeal, AppealState
from safehold.model.errors import Conflict, InvalidInput, NotFound, TooLarge
from safehold.model.events import AppealReceived
from safehold.model.ids import AppealId, CaseId, ItemId, new_id
from safehold.model.permissions import Actor, system_actor
from safehold.storage import appeals as appeal_rows
from safehold.storage import assessments as assessment_rows
from safehold.storage import audit
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows
from safehold.storage.database import Tx

LONGEST_STATEMENT = 10_000
"""Characters."""
LONGEST_NAME = 200
"""Characters."""


def receive_appeal(
    tx: Tx,
    *,
    item_id: ItemId | None = None,
    case_id: CaseId | None = None,
    statement: str,
    by: str,
    record: Record,
    now: datetime,
    actor: Actor | None = None,
) -> AppealId:
    """Record that somebody contests what was done to an item, or to everything in a case.

    Exactly one of item_id and case_id is given; an appeal about a case is listed with each of its items.
    statement: 1 to 10,000 characters. by: who says so, as the platform names them. actor: who brought it
    to us, for the audit log, which gets neither the words nor the name. Raises InvalidInput, TooLarge,
    NotFound, and Conflict where it was rejected before and nothing has changed since.
    """
    if (item_id is None) == (case_id is None):
        raise InvalidInput("Name either item_id or case_id.")
    _check_words(statement, by)
    contested = _contested(tx, item_id, case_id)
    _refuse_once_more(tx, contested)
    appeal = Appeal(
        id=AppealId(new_id()), item_id=contested, by=by.strip(), statement=statement, received_at=now
    )
    appeal_rows.insert(tx, appeal, case_id=case_id)
    detail = {"appeal": str(appeal.id), **({"case": str(case_id)} if case_id else {})}
    audit.append(
        tx,
        at=now,
        actor=(actor or system_actor("review")).label,
        verb="appeal.receive",
        object=f"item:{contested}",
        detail=detail,
    )
    record(tx, AppealReceived(at=now, item_id=contested, appeal_id=appeal.id))
    return appeal.id


def standing_of(tx: Tx, appeal_id: AppealId) -> dict[str, object]:
    """Return what became of an appeal, as a platform may know it. Raises NotFound.

    by_another: whether somebody else decided than whoever had settled it; None while nobody has.
    """
    found = appeal_rows.standing_of(tx, appeal_id)
    if found is None:
        raise NotFound("There is no such appeal.")
    state, decided_at, alone = found
    return {
        "appeal_id": str(appeal_id),
        "state": state.value,
        "decided_at": decided_at.isoformat() if decided_at else None,
        "by_another": None if decided_at is None else not alone,
    }


def _refuse_once_more(tx: Tx, item_id: ItemId) -> None:
    """Raise Conflict where somebody else has looked at this outcome afresh already, and it stands."""
    standing = {one.id for one in assessment_rows.standing_outcomes_of_item(tx, item_id)}
    for each in appeal_rows.of_item(tx, item_id):
        if each.state is AppealState.REJECTED and each.contested_outcome_id in standing:
            raise Conflict(
                "This was contested before, somebody else assessed it afresh, and nothing has changed since.",
                advice="What is left are ways outside: out-of-court dispute settlement, and the courts.",
            )


def _check_words(statement: str, by: str) -> None:
    if not statement.strip():
        raise InvalidInput("statement: say what is contested.")
    if not by.strip():
        raise InvalidInput("by: say who contests it.")
    if len(statement) > LONGEST_STATEMENT:
        raise TooLarge(f"statement: at most {LONGEST_STATEMENT} characters.")
    if len(by) > LONGEST_NAME:
        raise TooLarge(f"by: at most {LONGEST_NAME} characters.")


def _contested(tx: Tx, item_id: ItemId | None, case_id: CaseId | None) -> ItemId:
    if item_id is not None:
        if item_rows.get_bare(tx, item_id) is None:
            raise NotFound("There is no such item.")
        return item_id
    places = case_rows.items_of(tx, case_id) if case_id is not None else []
    if not places:
        raise NotFound("There is no such case.")
    return places[0].item_id
