"""Appeals: anybody who was wrongly caught can say so; their words go to people and nowhere else."""

from __future__ import annotations

from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.case import Appeal
from safehold.model.errors import InvalidInput, NotFound, TooLarge
from safehold.model.events import AppealReceived
from safehold.model.ids import AppealId, CaseId, ItemId, new_id
from safehold.model.permissions import Actor, system_actor
from safehold.storage import appeals as appeal_rows
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
    NotFound.
    """
    if (item_id is None) == (case_id is None):
        raise InvalidInput("Name either item_id or case_id.")
    _check_words(statement, by)
    contested = _contested(tx, item_id, case_id)
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
