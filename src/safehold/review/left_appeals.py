"""Appeals by reference: whoever holds a statement of reasons can contest it without an account.

What is left here is written down whatever the reference, in the same time and with the same answer: nobody
learns whether one exists. A worker looks it up. What belongs to something becomes an appeal as any other;
what belongs to nothing is erased.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from safehold.jobs.record import Record
from safehold.model.case import AppealState
from safehold.model.errors import BadForm, Conflict
from safehold.model.ids import AppealId, ItemId, new_id
from safehold.model.permissions import system_actor
from safehold.model.wording import worded
from safehold.review.appeals import receive_appeal
from safehold.storage import appeals as appeal_rows
from safehold.storage import audit, reasons
from safehold.storage import left_appeals as rows
from safehold.storage.database import Tx
from safehold.storage.left_appeals import LONGEST_NAME, LONGEST_STATEMENT, LeftAppeal

__all__ = ["LONGEST_NAME", "LONGEST_STATEMENT", "UNNAMED", "Told", "leave", "pick_up", "read", "wrong"]

UNNAMED = worded("somebody who holds the statement of reasons")
"""Who contests, where they did not say what they are called."""
UNDECIDED_AT_ONCE = 5
"""So many undecided appeals an item has at most before further ones by reference are not taken in."""
PICKED_UP_AT_ONCE = 100

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PORTAL = system_actor("portal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody contests. reference: of some statement of reasons, or of none. by: their name, or ""."""

    reference: UUID
    statement: str = field(repr=False)
    by: str = field(default="", repr=False)


def read(*, reference: str, statement: str, by: str) -> Told:
    """Return what was told, tidied. Raises BadForm; `wrong` names the fields one by one."""
    problems = wrong(reference=reference, statement=statement, by=by)
    if problems:
        raise BadForm(f"Wrong or missing: {', '.join(problems)}.")
    return Told(reference=UUID(_bare(reference)), statement=_tidy(statement), by=_tidy(by))


def wrong(*, reference: str, statement: str, by: str) -> dict[str, str]:
    """Return the fields that cannot be taken as they are, in the order of the form, each with a code for why.

    It says of a reference whether it has the form of one, and nothing else.
    """
    why = {
        "reference": "" if re.fullmatch(r"[0-9a-f]{32}", _bare(reference)) else "reference",
        "statement": "" if 1 <= len(_tidy(statement)) <= LONGEST_STATEMENT else "statement",
        "by": "" if len(_tidy(by)) <= LONGEST_NAME else "by",
    }
    return {name: code for name, code in why.items() if code}


def leave(tx: Tx, told: Told, *, now: datetime) -> None:
    """Write down what somebody contests. It does the same work whatever the reference, and reads nothing."""
    left = LeftAppeal(
        id=AppealId(new_id()),
        reference=told.reference,
        by=told.by or UNNAMED,
        statement=told.statement,
        left_at=now,
    )
    rows.insert(tx, left)


def pick_up(tx: Tx, *, record: Record, now: datetime, limit: int = PICKED_UP_AT_ONCE) -> int:
    """Make an appeal of each that was left and belongs to something, erase the rest; return how many waited.

    Not taken in, and on record as such, is what was rejected before and has not changed, and what comes while
    UNDECIDED_AT_ONCE wait about the same item. Doing it again makes nothing twice.
    """
    waiting = rows.waiting(tx, limit=limit)
    for left in waiting:
        item_id = reasons.item_of(tx, left.reference)
        if item_id is not None:
            _take_in(tx, left, item_id, record=record, now=now)
    rows.forget(tx, [left.id for left in waiting])
    return len(waiting)


def _take_in(tx: Tx, left: LeftAppeal, item_id: ItemId, *, record: Record, now: datetime) -> None:
    known = appeal_rows.of_item(tx, item_id)
    why = "too_many"
    if sum(one.state is AppealState.RECEIVED for one in known) < UNDECIDED_AT_ONCE:
        try:
            receive_appeal(
                tx,
                item_id=item_id,
                statement=left.statement,
                by=left.by,
                record=record,
                now=now,
                actor=_PORTAL,
            )
            return
        except Conflict:
            why = "rejected_before"
    audit.append(
        tx,
        at=now,
        actor=_PORTAL.label,
        verb="appeal.not_taken",
        object=f"item:{item_id}",
        detail={"why": why},
    )


def _bare(reference: str) -> str:
    return re.sub(r"[\s-]", "", reference[:100]).lower()


def _tidy(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
