"""Emergencies: one person declares a risk to life, the clock starts, and nobody is waited for."""

from __future__ import annotations

from datetime import datetime, timedelta

from safehold.jobs.record import Record
from safehold.model.case import Case
from safehold.model.emergency import Emergency, EmergencyEnd
from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound, TooLarge
from safehold.model.events import RiskToLifeDeclared, RiskToLifeEnded
from safehold.model.ids import CaseId, EmergencyId, ItemId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.model.queue import QueueRules
from safehold.model.wording import worded
from safehold.review import admission
from safehold.review.cases import existing_case
from safehold.review.finding import Sight, find_by_our_names
from safehold.review.weighing import AS_NOTHING_SET, reckon
from safehold.storage import audit, case_moves
from safehold.storage import cases as case_rows
from safehold.storage import emergencies as rows
from safehold.storage.database import Tx

__all__ = [
    "LONGEST_WORDS",
    "answer",
    "declare",
    "end",
    "existing",
    "find_case",
    "known_case",
    "newest",
    "standing_in",
]

LONGEST_WORDS = 1000
"""Characters of a reason, or of whom it was reported to."""
_SHORTEST_WORDS = 3


def declare(
    tx: Tx,
    case_id: CaseId,
    *,
    item_id: ItemId | None,
    actor: Actor,
    within: timedelta,
    record: Record,
    rules: QueueRules = AS_NOTHING_SET,
    now: datetime,
) -> tuple[Emergency, bool]:
    """Declare a risk to life in a case. Return the emergency that stands there, and whether it is new.

    One person suffices, at any team size. Whoever has a conflict of interest about the case may declare one
    too: it tells them nothing, and it decides nothing. item_id: what was on screen, left out where it is not
    in the case. within: until when the report is due. rules: of the queues; the case comes first in its own
    while the emergency stands. Where the case was merged into another, it is declared there. Declaring again
    while one stands changes nothing. Raises NotAllowed for keys and those who may not, NotFound.
    """
    by = _person(actor)
    admission.refuse_outsider(tx, case_id, by)
    case_id = _where_it_goes_on(tx, case_id, by)
    if item_id is not None and case_rows.item_in(tx, case_id, item_id) is None:
        item_id = None
    declared = Emergency(
        id=EmergencyId(new_id()),
        case_id=case_id,
        item_id=item_id,
        declared_by=by,
        declared_at=now,
        due_at=now + within,
    )
    if not rows.insert(tx, declared):
        standing = rows.standing_in(tx, case_id)
        if standing is not None:
            return standing, False
        raise Conflict("It ended this moment.", advice="Declare it again if it is not over.")
    _audit(tx, declared, "emergency.declare", actor, now)
    reckon(tx, case_id, now=now, rules=rules)
    record(tx, RiskToLifeDeclared(at=now, case_id=case_id, emergency_id=declared.id))
    return declared, True


def answer(tx: Tx, emergency_id: EmergencyId, *, actor: Actor, now: datetime) -> None:
    """Say that one is at it. Raises NotAllowed, NotFound; Conflict when somebody else is, or it is over."""
    by = _person(actor)
    found = existing(tx, emergency_id, actor=actor)
    if not rows.set_answered(tx, emergency_id, by=by, at=now):
        raise Conflict("Somebody is at it already, or it is over.", advice="See below who and when.")
    _audit(tx, found, "emergency.answer", actor, now)


def end(
    tx: Tx,
    emergency_id: EmergencyId,
    how: EmergencyEnd,
    words: str,
    *,
    actor: Actor,
    record: Record,
    rules: QueueRules = AS_NOTHING_SET,
    now: datetime,
) -> Emergency:
    """End an emergency: those who can help were told, or it was a wrong alarm. Return it as it was.

    words: to whom and under which reference, or why; 3 to 1,000 characters, in no log. Raises NotAllowed,
    BadForm, TooLarge, NotFound, and Conflict when it has ended.
    """
    by, said = _person(actor), words.strip()
    if len(said) < _SHORTEST_WORDS:
        raise BadForm("words: it cannot be left empty.", field="words")
    if len(said) > LONGEST_WORDS:
        raise TooLarge(worded("words: at most %(most)s characters.", most=LONGEST_WORDS), field="words")
    found = existing(tx, emergency_id, actor=actor)
    if not rows.set_ended(tx, emergency_id, how=how, words=said, by=by, at=now):
        raise Conflict("It has ended already.", advice="See below how. Declare it anew if it is not over.")
    _audit(tx, found, f"emergency.{how.value}", actor, now)
    reckon(tx, found.case_id, now=now, rules=rules)
    record(tx, RiskToLifeEnded(at=now, case_id=found.case_id, emergency_id=found.id, how=how))
    return found


def existing(tx: Tx, emergency_id: EmergencyId, *, actor: Actor) -> Emergency:
    """Return an emergency. Raises NotAllowed, and NotFound, also where they may not know of its case."""
    reader, found = _person(actor), rows.get(tx, emergency_id)
    if found is None or not admission.knows(tx, found.case_id, reader):
        raise NotFound("There is no such emergency.")
    return found


def known_case(tx: Tx, case_id: CaseId, *, actor: Actor) -> Case:
    """Return a case about which this person may declare one. Raises NotAllowed, NotFound."""
    admission.refuse_outsider(tx, case_id, _person(actor))
    return existing_case(tx, case_id)


def standing_in(tx: Tx, case_id: CaseId) -> Emergency | None:
    """Return the emergency that stands in a case, None when none does."""
    return rows.standing_in(tx, case_id)


def newest(tx: Tx, *, actor: Actor, limit: int = 50) -> list[tuple[Emergency, int]]:
    """Return emergencies in cases of which this person may know, with the number of the case.

    Those that stand first, then the newest. Raises NotAllowed.
    """
    return rows.newest(tx, reader=_person(actor), limit=limit)


def find_case(tx: Tx, named: str, *, actor: Actor) -> CaseId:
    """Return the case that this person names by its number or an id in it; of several the newest.

    A conflict of interest keeps nobody from it. Raises NotAllowed, and BadForm where nothing is named so of
    which this person may know.
    """
    found = find_by_our_names(tx, named, Sight(user_id=_person(actor), despite_conflicts=True))
    if not found:
        raise BadForm(
            "case: no case has this number, and nothing in a case this id.",
            field="case",
            advice="The number stands above each case.",
        )
    return found[0].case.id


def _where_it_goes_on(tx: Tx, case_id: CaseId, by: UserId) -> CaseId:
    """Return the case into which one was merged in the end, as far as this person may know of it."""
    onwards = case_moves.goes_on_in(tx, case_id)
    return onwards if onwards is not None and admission.knows(tx, onwards, by) else case_id


def _person(actor: Actor) -> UserId:
    actor.require(Permission.EMERGENCY_DECLARE)
    if actor.user_id is None:
        raise NotAllowed("Only a person can speak about a risk to life.")
    return actor.user_id


def _audit(tx: Tx, about: Emergency, verb: str, actor: Actor, now: datetime) -> None:
    detail = {"emergency": str(about.id), **({"item": str(about.item_id)} if about.item_id else {})}
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=f"case:{about.case_id}", detail=detail)
