"""Cases: opened by matches and flags, queued by priority, held by one analyst at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from safehold.jobs.record import Record
from safehold.model.case import Case, CaseState
from safehold.model.errors import CaseLocked, Conflict, NotFound
from safehold.model.events import CaseOpened, InboundReportReceived, ItemFlagged, ItemMatched
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, SubjectId, UserId, new_id
from safehold.model.permissions import Actor, system_actor
from safehold.review import priority
from safehold.review.conflicts import refuse_conflicted
from safehold.storage import audit, case_facts, case_queue
from safehold.storage import cases as case_rows
from safehold.storage import golden as golden_rows
from safehold.storage import inbound_reports as report_rows
from safehold.storage import items as item_rows
from safehold.storage import subjects as subject_rows
from safehold.storage.case_queue import CaseSummary
from safehold.storage.cases import Gathering, PassReason
from safehold.storage.database import Tx
from safehold.storage.items import StoredItem

__all__ = [
    "LOCK_LASTS",
    "CaseSummary",
    "PassReason",
    "existing_case",
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

_REVIEW = system_actor("review").label


def open_case(
    tx: Tx, event: ItemMatched | ItemFlagged | InboundReportReceived, *, record: Record, now: datetime
) -> CaseId:
    """Handle item_matched, item_flagged, inbound_report_received: put the item into a case, and return it.

    Cases gather by account, purpose and rehearsal; where no account is known, by media, and else by the
    item alone. Of these at most one is open; a new one is opened when there is none. An item lies in one
    case per purpose: hearing of it again reckons the priority anew while that case is open and changes
    nothing once it is settled. An item of media that was assessed before is an item like any other: it
    waits for an outcome of its own, and what was settled earlier stands beside it as a fact. The account
    becomes a subject with part unknown: the uploader is often the child. Raises NotFound.
    """
    tx.lock(f"case of item:{event.item_id}")
    stored = item_rows.get(tx, event.item_id)
    if stored is None:
        raise NotFound("There is no such item.")
    known = case_rows.find_of_item(tx, event.item_id, event.purpose)
    if known is None:
        case = _case_for(tx, stored, event.purpose, record=record, now=now)
    else:
        case = existing_case(tx, known, for_change=True)
    if case.state is CaseState.OPEN:
        _join(tx, case, event.item_id, now)
        reckon(tx, case.id)
    return case.id


def queue(
    tx: Tx, *, purposes: Iterable[Purpose], limit: int, analyst: AnalystId | None = None
) -> list[CaseSummary]:
    """Return open cases of these purposes: the highest priority first, then the longest waiting.

    analyst: without those in which everything waits for others than this person.
    """
    return case_queue.waiting(tx, purposes=purposes, limit=limit, analyst=analyst)


def left_to_others(tx: Tx, *, purposes: Iterable[Purpose], analyst: AnalystId, most: int = 100) -> int:
    """Return how many open cases the queue of this analyst leaves out, counted as far as `most`."""
    return case_queue.left_to_others(tx, purposes=purposes, analyst=analyst, most=most)


def take_next(
    tx: Tx,
    analyst: AnalystId,
    now: datetime,
    *,
    purposes: Iterable[Purpose] = tuple(Purpose),
    last: Iterable[ExposureKind] = (),
) -> Case | None:
    """Give this analyst the first case of the queue for 15 minutes; None when none is left for them.

    A case that they hold already comes back first. Left out: what others hold, what this analyst passed
    on or has a conflict of interest about, kinds that they opted out of, and cases in which nothing waits for
    them just now: what they have assessed waits for somebody else. last: kinds that are offered only where
    nothing else waits. Two analysts never get the same one.
    """
    case = case_queue.find_next(tx, purposes=purposes, analyst=analyst, now=now, last=last)
    return _taken(tx, case, analyst, now) if case else None


def first_waiting(tx: Tx, analyst: AnalystId, now: datetime) -> Case | None:
    """Return the case that this analyst would be given next, without giving it to them; None for none."""
    return case_queue.find_next(tx, purposes=tuple(Purpose), analyst=analyst, now=now)


def take(tx: Tx, case_id: CaseId, analyst: AnalystId, now: datetime) -> Case:
    """Give this analyst this case for 15 minutes, again if they hold it already.

    Raises NotFound, CaseLocked while another holds it, Conflict when it is settled or only ever waits for
    somebody else, ConflictOfInterest.
    """
    case = existing_case(tx, case_id, for_change=True)
    refuse_conflicted(tx, case_id, analyst)
    if golden_rows.is_of_another(tx, case_id, analyst):
        raise Conflict("The case waits for somebody else.")
    if case.state is CaseState.SETTLED:
        raise Conflict("The case is settled.")
    if case.is_locked_for(analyst, now):
        raise CaseLocked()
    return _taken(tx, case, analyst, now)


def held_case(tx: Tx, case_id: CaseId, analyst: AnalystId, *, now: datetime) -> Case:
    """Return a case that this analyst holds, locked against other changes, and let 15 minutes begin anew.

    Raises NotFound, Conflict when it is settled, CaseLocked when another holds it or nobody does any more,
    ConflictOfInterest.
    """
    case = existing_case(tx, case_id, for_change=True)
    refuse_conflicted(tx, case_id, analyst)
    if case.state is CaseState.SETTLED:
        raise Conflict("The case is settled.")
    if case.is_locked_for(analyst, now):
        raise CaseLocked()
    if case.locked_by != analyst or case.locked_until is None or case.locked_until <= now:
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
    """Leave the case to others: take_next does not offer it to this analyst again.

    It never counts against anybody. Raises NotFound, Conflict when settled, CaseLocked unless this
    analyst holds the case.
    """
    held_case(tx, case_id, analyst, now=now)
    case_rows.put_pass(tx, case_id, analyst=analyst, reason=reason, at=now)
    case_rows.set_lock(tx, case_id, analyst=None, until=None)
    _audit(tx, analyst, "case.pass_on", case_id, now, reason=reason.value)


def forget_accounts(tx: Tx, *, now: datetime, limit: int) -> int:
    """Erase whose account cases are about, at most `limit`, where nothing else says so; return how many.

    That is when where each of a case's items appeared was erased, and none is confirmed. The case, its
    subjects and what people decided stay, without the account. Doing it again erases nothing more. One
    audit record names each case, and no account.
    """
    forgotten = case_rows.forget_accounts(tx, limit=limit)
    subject_rows.forget_accounts(tx, forgotten)
    for case_id in forgotten:
        audit.append(tx, at=now, actor=_REVIEW, verb="case.forget_account", object=f"case:{case_id}")
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


def reckon(tx: Tx, case_id: CaseId) -> None:
    """Weigh the case anew from what is known of its items now. What a list has withdrawn weighs nothing."""
    places = case_rows.items_of(tx, case_id)
    item_ids = [place.item_id for place in places]
    case = existing_case(tx, case_id)
    holds = case_facts.holds_of(tx, item_ids)
    held = {item_id for item_id, hold in holds.items() if hold.stands}
    known = case_facts.matches_of(tx, item_ids)
    ours = [match for match in known if match.purpose is case.purpose]
    may_hold = {match.item_id for match in known if match.may_hold and not match.withdrawn}
    waiting = {place.item_id for place in places if place.waits_for is not None}
    weighed = priority.Weighed(
        matches=[match for match in ours if not match.withdrawn],
        flags=[flag for _, flag in case_facts.flags_of(tx, item_ids)],
        reports=len(report_rows.of_items(tx, item_ids)),
        items=len(places),
        not_held=len(waiting - held),
        withdrawn=any(match.withdrawn for match in ours),
        held_on_nothing=len((waiting & held) - may_hold),
    )
    parts = priority.weigh(weighed)
    case_rows.set_priority(tx, case_id, priority=priority.added_up(parts), parts=parts)
    case_rows.set_exposure_kinds(tx, case_id, case_facts.kinds_of_items(tx, item_ids, case.purpose).values())


def _case_for(tx: Tx, stored: StoredItem, purpose: Purpose, *, record: Record, now: datetime) -> Case:
    gathering = Gathering(_gathered_by(stored), purpose, stored.item.rehearsal)
    case_rows.lock_gathering(tx, gathering)
    found = case_rows.find_open(tx, gathering)
    if found is not None:
        return found
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
    case_rows.set_lock(tx, case.id, analyst=analyst, until=until)
    _audit(tx, analyst, "case.take", case.id, now)
    return replace(case, locked_by=analyst, locked_until=until)


def _audit(tx: Tx, analyst: AnalystId, verb: str, case_id: CaseId, now: datetime, **detail: str) -> None:
    actor = person(analyst).label
    audit.append(tx, at=now, actor=actor, verb=verb, object=f"case:{case_id}", detail=dict(detail))
