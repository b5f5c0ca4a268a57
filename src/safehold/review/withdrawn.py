"""What a list takes back: cases are weighed anew without it, and what nobody saw waits for a person again."""

from __future__ import annotations

from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.case import Case, CaseState
from safehold.model.events import EntriesChanged, MatchWithdrawn, RemovalsLeft
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId
from safehold.model.permissions import system_actor
from safehold.model.queue import QueueRules
from safehold.review import bound
from safehold.review.cases import existing_case
from safehold.review.settle import reverse_unseen
from safehold.review.weighing import AS_NOTHING_SET, reckon
from safehold.storage import assessments as assessment_rows
from safehold.storage import audit, case_facts, withdrawn_matches
from safehold.storage import cases as case_rows
from safehold.storage.case_facts import MatchFacts
from safehold.storage.database import Tx
from safehold.storage.withdrawn_matches import Place

ITEMS_AT_ONCE = 200
"""Items that one step tells of; what is left is the next one's."""
CHANGES_AT_ONCE = 20_000
"""Changes of a list that one step looks through."""

NOTED = "match.withdrawn"
"""The verb in the audit log."""

_REVIEW = system_actor("review").label


def find_withdrawn(
    tx: Tx,
    event: EntriesChanged | RemovalsLeft,
    *,
    record: Record,
    now: datetime,
    items: int = ITEMS_AT_ONCE,
    changes: int = CHANGES_AT_ONCE,
) -> None:
    """Handle entries_changed, removals_left: tell of each item that matched an entry which went with these.

    A part at a time: what is left is told as well, in the same transaction, and has a step of its own. Doing
    it twice tells twice, which changes nothing. An entry that is back on its list has not gone.

    items, changes: how large a part is, at least one of each.
    """
    start = Place(event.from_seq, event.after_item if isinstance(event, RemovalsLeft) else None)
    last = min(event.to_seq, start.seq + changes - 1)
    found = withdrawn_matches.matched(tx, event.list_id, start, last, limit=items)
    for item_id in dict.fromkeys(item_id for _, item_id in found):
        record(tx, MatchWithdrawn(at=now, item_id=item_id, list_id=event.list_id))
    left = Place(*found[-1]) if len(found) == items else Place(last + 1)
    if left.seq <= event.to_seq:
        rest = RemovalsLeft(
            at=now, list_id=event.list_id, from_seq=left.seq, to_seq=event.to_seq, after_item=left.after
        )
        record(tx, rest)


def reconsider_match(
    tx: Tx,
    event: MatchWithdrawn,
    *,
    record: Record,
    rules: QueueRules = AS_NOTHING_SET,
    now: datetime,
) -> None:
    """Handle match_withdrawn: note it, weigh the item's open cases anew, let wait again what nobody saw.

    Each match that was withdrawn is noted once. The revision of the open cases for which it was found rises:
    whoever has a form open sees them anew. An outcome that confirms on such matches alone is reversed; any
    other stands, with the note beside it. A hold stays until a person decides, or the outcome is reversed.
    Doing it again, or where the entry is back, changes nothing.
    """
    bound.hold(tx, event.item_id)
    gone = [match for match in case_facts.matches_of(tx, [event.item_id]) if match.withdrawn]
    new = {match.purpose for match in _note(tx, event.item_id, gone, now)}
    for case_id in case_rows.ids_of_item(tx, event.item_id):
        case = existing_case(tx, case_id, for_change=True)
        if case.purpose in {match.purpose for match in gone}:
            for weighed in _reconsider_in(tx, case, event.item_id, new, record=record, now=now):
                reckon(tx, weighed, now=now, rules=rules)


def _reconsider_in(
    tx: Tx, case: Case, item_id: ItemId, new: set[Purpose], *, record: Record, now: datetime
) -> list[CaseId]:
    """Return the open cases that are to be weighed anew."""
    if case.state is CaseState.OPEN and case.purpose in new:
        case_rows.raise_revision(tx, case.id)
    waits_in = _wait_again(tx, case.id, item_id, record=record, now=now)
    return [case_id for case_id in {case.id, waits_in} if existing_case(tx, case_id).state is CaseState.OPEN]


def _wait_again(tx: Tx, case_id: CaseId, item_id: ItemId, *, record: Record, now: datetime) -> CaseId:
    """Return the case in which the item waits now, if it does: its own, or that which has taken its place."""
    outcome = assessment_rows.standing_outcome(tx, case_id, item_id)
    if outcome is None:
        return case_id
    return reverse_unseen(tx, outcome, record=record, now=now) or case_id


def _note(tx: Tx, item_id: ItemId, gone: list[MatchFacts], now: datetime) -> list[MatchFacts]:
    """Put into the audit log which matches were withdrawn, each once; return those that were not there."""
    about = f"item:{item_id}"
    history = case_facts.history_of(tx, [about]) if gone else []
    noted = {line.detail["match"] for line in history if line.verb == NOTED}
    new = [match for match in gone if str(match.id) not in noted]
    for match in new:
        audit.append(tx, at=now, actor=_REVIEW, verb=NOTED, object=about, detail={"match": str(match.id)})
    return new
