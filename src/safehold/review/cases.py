"""Cases: opened by matches and flags, queued by need and waiting, held by one analyst at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from safehold.jobs.record import Record
from safehold.model.case import Case, CaseState
from safehold.model.errors import CaseLocked, Conflict, NotFound
from safehold.model.events import (
    CaseOpened,
    ConversationFlagged,
    InboundReportReceived,
    ItemFlagged,
    ItemMatched,
)
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, SubjectId, UserId, new_id
from safehold.model.permissions import Actor, system_actor
from safehold.model.queue import Lane, QueueRules, Reviewer, Stage
from safehold.review import lanes
from safehold.review.admission import admit, queues_of
from safehold.review.looks import is_spent
from safehold.review.weighing import AS_NOTHING_SET, reckon
from safehold.storage import (
    audit,
    case_moves,
    case_notes,
    case_passes,
    case_queue,
    case_urgency,
    exposure,
    reported_items,
    review_bands,
    users,
)
from safehold.storage import cases as case_rows
from safehold.storage import golden as golden_rows
from safehold.storage import items as item_rows
from safehold.storage import subjects as subject_rows
from safehold.storage.case_passes import PassReason
from safehold.storage.case_queue import CaseSummary
from safehold.storage.cases import Gathering
from safehold.storage.database import Tx
from safehold.storage.items import StoredItem
from safehold.storage.turns import is_lead

__all__ = [
    "LOCK_LASTS",
    "CaseSummary",
    "PassReason",
    "existing_case",
    "first_of_queue",
    "first_waiting",
    "forget_accounts",
    "held_case",
    "left_to_others",
    "open_case",
    "pass_on",
    "person",
    "queue",
    "reckon",
    "release_lock",
    "take",
    "take_next",
]

LOCK_LASTS = timedelta(minutes=15)
"""How long a case stays with the analyst who took it, counted from what they did there last."""

PASSED_ON_OFTEN = 2
"""So many people pass a case on, and a lead is to take it."""
A_SHIFT = timedelta(hours=12)
"""What somebody passed on does not come back to them within it, even where nobody else is left."""
_LOOKED_AT = 10

_REVIEW = system_actor("review").label


def open_case(
    tx: Tx,
    event: ItemMatched | ItemFlagged | ConversationFlagged | InboundReportReceived,
    *,
    record: Record,
    rules: QueueRules = AS_NOTHING_SET,
    now: datetime,
) -> CaseId:
    """Handle what asks for a look (see the table of reactions): put the item into a case, and return it.

    Cases gather by account, purpose and rehearsal; where no account is known, by media, and else by the
    item alone. Of these at most one is open; a new one is opened when there is none. An item lies in one
    case per purpose: hearing of it again reckons the priority anew while that case is open and changes
    nothing once it is settled. An item of media that was assessed before is an item like any other: it
    waits for an outcome of its own, and what was settled earlier stands beside it as a fact. The account
    becomes a subject with part unknown: the uploader is often the child. Whoever does not work in every
    queue for which the item lies in a case knows of none of them from then on. A page gathers with what it
    shows: it goes where that waits already, and what lies in no case of this purpose goes with it. rules: of
    the queues. Raises NotFound.
    """
    shown = reported_items.of_report(tx, event.report_id) if isinstance(event, InboundReportReceived) else []
    for each in sorted({event.item_id, *shown}):
        tx.lock(f"case of item:{each}")
    stored = item_rows.get(tx, event.item_id)
    if stored is None:
        raise NotFound("There is no such item.")
    known = case_rows.find_of_item(tx, event.item_id, event.purpose)
    if known is None:
        case = _case_of_shown(tx, shown, event.purpose) or _case_for(
            tx, _first_of_an_account(tx, shown) or stored, event.purpose, record=record, now=now
        )
    else:
        case = existing_case(tx, known, for_change=True)
    if case.state is CaseState.OPEN:
        _join(tx, case, event.item_id, now)
        _join_shown(tx, case, shown, now)
        reckon(tx, case.id, now=now, rules=rules)
    for each in (event.item_id, *shown):
        others = [other for other in case_rows.ids_of_item(tx, each) if other != case.id]
        case_urgency.widen(tx, others, case.purpose)
    return case.id


def queue(
    tx: Tx,
    *,
    purposes: Iterable[Purpose],
    limit: int,
    analyst: AnalystId | None = None,
    reader: UserId | None = None,
    looks_a_day: int | None = None,
    now: datetime | None = None,
) -> list[CaseSummary]:
    """Return open cases of these purposes in the order in which they are offered.

    analyst: those of their queues, without the cases in which everything waits for others than this person.
    reader: those of their queues. Neither: all, for commands. looks_a_day, now: those that wait for another
    look of the budget than the next ones are left out, see `take_next`.
    """
    known = _known_lanes(tx, purposes, analyst or reader)
    if analyst is not None and not is_lead(tx, analyst):
        known = [lane for lane in known if lane.stage is not Stage.LEAD]
    if now is not None:
        limited, spent = looks_a_day is not None, is_spent(tx, looks_a_day, now)
        known = lanes.by_budget(known, limited=limited, spent=spent)[0]
    return case_queue.waiting(tx, known, limit=limit, analyst=analyst)


def first_of_queue(tx: Tx, *, reader: UserId | None, limit: int) -> list[CaseId]:
    """Return the first open cases of all queues of this person, whoever can go on with them. None: of all."""
    return case_queue.first_ids(tx, _known_lanes(tx, tuple(Purpose), reader), limit)


def left_to_others(tx: Tx, *, purposes: Iterable[Purpose], analyst: AnalystId, most: int = 100) -> int:
    """Return how many open cases the queue of this analyst leaves out, counted as far as `most`."""
    known = _known_lanes(tx, purposes, analyst)
    anothers = [lane for lane in known if lane.stage in (Stage.ANOTHER, Stage.LEAD)]
    found = case_queue.left_to_others(tx, anothers, analyst=analyst, most=most)
    known_queues = {lane.purpose for lane in known}
    return min(most, found + case_queue.kept_away(tx, queues=known_queues, analyst=analyst, most=most))


def take_next(
    tx: Tx,
    analyst: AnalystId,
    now: datetime,
    *,
    purposes: Iterable[Purpose] = tuple(Purpose),
    last: Iterable[ExposureKind] = (),
    looks_a_day: int | None = None,
) -> Case | None:
    """Give this analyst the first case of their queues for 15 minutes; None when none is left for them.

    A case that they hold already comes back first. Left out: queues in which they do not work, skills
    that they lack and somebody else has, what others hold, what they passed on or have a conflict of
    interest about, kinds that they opted out of, and cases in which nothing waits for them just now.
    last: kinds that are offered only where nothing else waits. looks_a_day: of cases for which machines
    alone ask so many are offered in a day, the strongest band first; a few more where several people ask at
    the same instant. Two analysts never get the same one. What they passed on half a day ago comes back when
    nothing else is left and nobody else could take it.
    """
    case = first_waiting(tx, analyst, now, purposes=purposes, last=last, looks_a_day=looks_a_day)
    return _taken(tx, case, analyst, now) if case else None


def first_waiting(
    tx: Tx,
    analyst: AnalystId,
    now: datetime,
    *,
    purposes: Iterable[Purpose] = tuple(Purpose),
    last: Iterable[ExposureKind] = (),
    looks_a_day: int | None = None,
) -> Case | None:
    """Return the case that `take_next` would give this analyst, without giving it to them; None for none."""
    among = tuple(purposes)
    held = case_queue.find_held(tx, purposes=among, analyst=analyst, now=now)
    return held or _offered(tx, analyst, among, frozenset(last), looks_a_day, now)


def take(tx: Tx, case_id: CaseId, analyst: AnalystId, now: datetime) -> Case:
    """Give this analyst this case for 15 minutes, again if they hold it already.

    Raises NotFound, CaseLocked while another holds it, Conflict when it is settled or only ever waits for
    somebody else, ConflictOfInterest.
    """
    admit(tx, case_id, analyst)
    case = existing_case(tx, case_id, for_change=True)
    if golden_rows.is_of_another(tx, case_id, analyst):
        raise Conflict("The case waits for somebody else.")
    if case.state is CaseState.SETTLED:
        raise Conflict("The case is settled.")
    if case.is_locked_for(analyst, now):
        raise CaseLocked()
    return _taken(tx, case, analyst, now)


def held_case(tx: Tx, case_id: CaseId, analyst: AnalystId, *, now: datetime, again: bool = False) -> Case:
    """Return a case that this analyst holds, locked against other changes, and let 15 minutes begin anew.

    again: where their time has run out and nobody else has the case now, they take it again. Raises NotFound,
    Conflict when it is settled, CaseLocked when another holds it or nobody does any more, ConflictOfInterest.
    """
    admit(tx, case_id, analyst)
    case = existing_case(tx, case_id, for_change=True)
    if case.state is CaseState.SETTLED:
        raise Conflict("The case is settled.")
    if case.is_locked_for(analyst, now):
        raise CaseLocked()
    if case.holder(now) != analyst:
        if again:
            return _taken(tx, case, analyst, now)
        raise CaseLocked("You do not hold this case.", advice="Take the case, then try again.")
    case_rows.set_lock(tx, case_id, analyst=analyst, until=now + LOCK_LASTS)
    return replace(case, locked_until=now + LOCK_LASTS)


def release_lock(tx: Tx, case_id: CaseId, analyst: AnalystId, now: datetime) -> None:
    """Let others take the case. Nothing happens when this analyst does not hold it. Raises NotFound."""
    case = existing_case(tx, case_id, for_change=True)
    if case.locked_by == analyst:
        case_rows.set_lock(tx, case_id, analyst=None, until=None)
        _audit(tx, analyst, "case.release", case_id, now)


def pass_on(tx: Tx, case_id: CaseId, analyst: AnalystId, reason: PassReason, now: datetime) -> None:
    """Leave the case to others: it is not offered to this analyst again while somebody else could take it.

    It never counts against anybody. Once two people have passed it on, or one says so, a lead is to take
    it; whoever knows somebody in it does not count. Raises NotFound, Conflict when settled, CaseLocked
    unless this analyst holds the case.
    """
    held_case(tx, case_id, analyst, now=now)
    case_passes.put_pass(tx, case_id, analyst=analyst, reason=reason, at=now)
    passed = case_passes.passed_by(tx, case_id)
    counted = [each for each in passed.values() if each is not PassReason.KNOWS_SOMEBODY]
    for_lead = PassReason.NEEDS_LEAD in counted or len(counted) >= PASSED_ON_OFTEN
    case_urgency.set_for_lead(tx, case_id, for_lead)
    case_rows.set_lock(tx, case_id, analyst=None, until=None)
    _audit(tx, analyst, "case.pass_on", case_id, now, reason=reason.value, for_lead=for_lead)


def forget_accounts(tx: Tx, *, now: datetime, limit: int) -> int:
    """Erase whose account cases are about, at most `limit`, where nothing else says so; return how many.

    That is when where each of a case's items appeared was erased, and none is confirmed. The case, its
    subjects and what people decided stay, without the account and without notes. Of settled cases that have
    no account the notes go as well, once nothing else is left of them. Doing it again erases nothing more.
    One audit record names each case, and no account.
    """
    forgotten = case_rows.forget_accounts(tx, limit=limit)
    subject_rows.forget_accounts(tx, forgotten)
    review_bands.forget_reasons(tx, forgotten)
    case_notes.forget(tx, forgotten)
    for case_id in forgotten:
        audit.append(tx, at=now, actor=_REVIEW, verb="case.forget_account", object=f"case:{case_id}")
    for case_id in case_notes.forget_idle(tx, limit=limit):
        audit.append(tx, at=now, actor=_REVIEW, verb="case.forget_notes", object=f"case:{case_id}")
    return len(forgotten)


def existing_case(tx: Tx, case_id: CaseId, *, for_change: bool = False) -> Case:
    """Return a case. for_change: nobody else changes it until tx ends. Raises NotFound."""
    case = case_rows.get(tx, case_id, for_change=for_change)
    if case is None:
        raise NotFound("There is no such case.")
    return case


def person(analyst: AnalystId) -> Actor:
    """Return this analyst as an actor, for the audit log alone: it grants nothing."""
    return Actor(permissions=frozenset(), user_id=UserId(analyst))


def _case_for(tx: Tx, stored: StoredItem, purpose: Purpose, *, record: Record, now: datetime) -> Case:
    gathering = Gathering(_gathered_by(stored), purpose, stored.item.rehearsal)
    case_rows.lock_gathering(tx, gathering)
    found = case_rows.find_open(tx, gathering)
    if found is not None:
        return found
    merged = case_moves.merged_into(tx, gathering)
    if merged is not None:
        return existing_case(tx, merged, for_change=True)
    opened = Case(
        id=CaseId(new_id()),
        number=0,
        purpose=purpose,
        account_id=_account(stored),
        state=CaseState.OPEN,
        priority=0,
        priority_parts=(),
        opened_at=now,
        revision=1,
        rehearsal=gathering.rehearsal,
    )
    case = case_rows.insert(tx, case=opened, gathered_by=gathering.by)
    if case.account_id is not None:
        subject_rows.put(tx, case.id, subject_id=SubjectId(new_id()), account_id=case.account_id)
    detail = {"purpose": purpose.value, "item": str(stored.item.id)}
    audit.append(tx, at=now, actor=_REVIEW, verb="case.open", object=f"case:{case.id}", detail=detail)
    record(tx, CaseOpened(at=now, case_id=case.id, purpose=purpose))
    return case


def _case_of_shown(tx: Tx, shown: Iterable[ItemId], purpose: Purpose) -> Case | None:
    """Return the open case in which something that a page shows waits already, the oldest of several."""
    known = {case_rows.find_of_item(tx, each, purpose) for each in shown} - {None}
    for case_id in sorted(each for each in known if each is not None):
        if existing_case(tx, case_id).state is CaseState.OPEN:
            case = existing_case(tx, case_id, for_change=True)
            # It may have been settled while we waited for it.
            return case if case.state is CaseState.OPEN else None
    return None


def _first_of_an_account(tx: Tx, shown: Iterable[ItemId]) -> StoredItem | None:
    stored = item_rows.get_many(tx, shown)
    return next((each for _, each in sorted(stored.items()) if _account(each) is not None), None)


def _join_shown(tx: Tx, case: Case, shown: Iterable[ItemId], now: datetime) -> None:
    for item_id, stored in sorted(item_rows.get_many(tx, shown).items()):
        if case_rows.find_of_item(tx, item_id, case.purpose) is not None:
            continue
        _join(tx, case, item_id, now)
        account_id = _account(stored)
        if account_id is not None:
            subject_rows.put(tx, case.id, subject_id=SubjectId(new_id()), account_id=account_id)


def _known_lanes(tx: Tx, purposes: Iterable[Purpose], person: UUID | None) -> list[Lane]:
    among = set(purposes)
    found = [lane for lane in case_queue.lanes(tx) if lane.purpose in among]
    return lanes.known_to(found, queues_of(tx, person))


def _offered(
    tx: Tx,
    analyst: AnalystId,
    purposes: tuple[Purpose, ...],
    last: frozenset[ExposureKind],
    looks_a_day: int | None,
    now: datetime,
) -> Case | None:
    everybody = users.reviewers(tx)
    me = next((each for each in everybody if each.id == analyst), None)
    if me is None:
        return None
    opted_out = exposure.choices_of(tx, me.id).opted_out
    mine = lanes.offered_to(case_queue.lanes(tx), me, everybody, purposes=purposes, opted_out=opted_out)
    limited, spent = looks_a_day is not None, is_spent(tx, looks_a_day, now)
    for among in (lanes.without(mine, last), mine) if last else (mine,):
        for offered in lanes.by_budget(among, limited=limited, spent=spent):
            case = case_queue.find_next(tx, offered, analyst=analyst, now=now)
            if case is not None:
                return case
    passed = case_queue.find_passed(
        tx, purposes=purposes, analyst=analyst, before=now - A_SHIFT, now=now, limit=_LOOKED_AT
    )
    others = [each for each in everybody if each.id != analyst]
    for each in passed:
        if not each.exposure_kinds & opted_out and not any(_could_take(tx, each, one) for one in others):
            return existing_case(tx, each.id, for_change=True)
    return None


def _could_take(tx: Tx, case: Case, person: Reviewer) -> bool:
    opted_out = exposure.choices_of(tx, person.id).opted_out
    return not case.exposure_kinds & opted_out and case_queue.could_take(tx, case.id, AnalystId(person.id))


def _join(tx: Tx, case: Case, item_id: ItemId, now: datetime) -> None:
    is_first = not case_rows.items_of(tx, case.id)
    if not case_rows.join(tx, case.id, item_id, at=now) or is_first:
        return
    case_rows.raise_revision(tx, case.id)
    detail = {"item": str(item_id)}
    audit.append(tx, at=now, actor=_REVIEW, verb="case.join", object=f"case:{case.id}", detail=detail)


def _gathered_by(stored: StoredItem) -> str:
    account_id = _account(stored)
    if account_id is not None:
        return f"account:{account_id}"
    if stored.item.media_id is not None:
        return f"media:{stored.item.media_id}"
    return f"item:{stored.item.id}"


def _account(stored: StoredItem) -> str | None:
    return (stored.context.account_id if stored.context else None) or None


def _taken(tx: Tx, case: Case, analyst: AnalystId, now: datetime) -> Case:
    until = now + LOCK_LASTS
    if case.band is not None:
        review_bands.note_look(tx, case.id, now)
    case_rows.set_lock(tx, case.id, analyst=analyst, until=until)
    if case.holder(now) != analyst:  # who opens a case that they hold only goes on
        _audit(tx, analyst, "case.take", case.id, now)
    return replace(case, locked_by=analyst, locked_until=until, band=None)


def _audit(
    tx: Tx, analyst: AnalystId, verb: str, case_id: CaseId, now: datetime, **detail: str | bool
) -> None:
    actor = person(analyst).label
    audit.append(tx, at=now, actor=actor, verb=verb, object=f"case:{case_id}", detail=dict(detail))
