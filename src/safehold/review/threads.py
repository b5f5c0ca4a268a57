"""The words of conversations: who may have which opened.

What rules saw opens for whoever holds the case. The whole of it takes two people: one asks, with a reason,
another agrees, and then both may read it for a while. Reading is the reader's; it asks here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from safehold.model.case import CaseState
from safehold.model.errors import BadForm, CaseLocked, Conflict, NotAllowed, NotFound, Refused
from safehold.model.ids import CaseId, ConversationId, ItemId, ThreadRequestId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.review.admission import admit, admit_to_items
from safehold.review.cases import existing_case
from safehold.storage import audit, cases, conversations
from safehold.storage import threads as rows
from safehold.storage.database import Tx
from safehold.storage.threads import ThreadRequest

__all__ = [
    "LASTS",
    "OPEN_FOR",
    "ThreadRequest",
    "agree",
    "agreed",
    "ask",
    "decline",
    "of_item",
    "seen_by_rules",
    "stands",
    "until",
]

LASTS = timedelta(hours=24)
"""How long after it was asked for somebody can agree."""
OPEN_FOR = timedelta(hours=4)
"""How long after that both may read it."""

_REASON = (10, 1000)
_ASK_ANEW = "Ask anew; somebody else agrees anew."


def seen_by_rules(tx: Tx, case_id: CaseId, item_id: ItemId, *, by: UserId, now: datetime) -> ConversationId:
    """Return the conversation of an item, for whoever holds its case: what rules saw in it may be opened.

    Raises NotFound, ConflictOfInterest, Conflict when the case is settled, CaseLocked for whoever does not
    hold it.
    """
    admit(tx, case_id, by)
    case = existing_case(tx, case_id)
    if case.state is CaseState.SETTLED:
        raise Conflict("The case is settled.")
    if case.holder(now) != by:
        raise CaseLocked("You do not hold this case.", advice="Take the case, then try again.")
    if cases.item_in(tx, case_id, item_id) is None:
        raise NotFound("There is no such item in this case.")
    return _conversation(tx, item_id)


def ask(
    tx: Tx, case_id: CaseId, item_id: ItemId, reason: str, *, actor: Actor, now: datetime
) -> ThreadRequestId:
    """Ask to read the whole conversation of an item. reason: for whoever agrees; no log holds it.

    Raises NotAllowed, NotFound where its words are gone too, ConflictOfInterest, BadForm without a reason,
    Conflict where somebody has asked already.
    """
    by = _person(actor)
    admit(tx, case_id, by)
    tx.lock(f"thread of {item_id}")
    if cases.item_in(tx, case_id, item_id) is None:
        raise NotFound("There is no such item in this case.")
    _conversation(tx, item_id)
    least, most = _REASON
    if not least <= len(reason.strip()) <= most:
        raise BadForm(f"reason: say why, in {least} to {most} characters.", field="reason")
    if of_item(tx, item_id, now=now) is not None:
        raise Conflict("Somebody has asked for it already.")
    asked = ThreadRequest(
        id=ThreadRequestId(new_id()), item_id=item_id, asked_by=by, asked_at=now, reason=reason.strip()
    )
    rows.insert(tx, asked)
    _audit(tx, "conversation.thread_ask", asked, actor, now, reason=asked.reason)
    return asked.id


def agree(tx: Tx, request_id: ThreadRequestId, *, actor: Actor, now: datetime) -> None:
    """Agree, as a second person, that the whole is read: by both, for OPEN_FOR.

    Raises NotAllowed, also to whoever asked; NotFound, ConflictOfInterest; Conflict when it was decided
    before; Refused when its time is over.
    """
    by = _person(actor)
    asked = _waiting(tx, request_id, by, now)
    if by == asked.asked_by:
        raise NotAllowed("Another person agrees than the one who asked.")
    rows.set_decided(tx, asked.id, approved=True, by=by, at=now)
    _audit(tx, "conversation.thread_agree", asked, actor, now)


def decline(tx: Tx, request_id: ThreadRequestId, *, actor: Actor, now: datetime) -> None:
    """Say no, or take one's own request back. Raises as `agree` does."""
    by = _person(actor)
    asked = _waiting(tx, request_id, by, now)
    rows.set_decided(tx, asked.id, approved=False, by=by, at=now)
    _audit(tx, "conversation.thread_decline", asked, actor, now)


def agreed(
    tx: Tx, request_id: ThreadRequestId, *, by: UserId, now: datetime
) -> tuple[ThreadRequest, ConversationId]:
    """Return what two people agreed to, for one of them, while it lasts, and which conversation that is.

    Raises NotFound, also for others than the two, ConflictOfInterest, NotAllowed where nobody agreed, Refused
    when its time is over.
    """
    asked = rows.get(tx, request_id)
    if asked is None or by not in (asked.asked_by, asked.decided_by):
        raise NotFound("There is no such request of yours.")
    admit_to_items(tx, [asked.item_id], by)
    if not asked.approved or asked.decided_at is None:
        raise NotAllowed("Nobody else has agreed.", advice="Ask a colleague to agree.")
    if not stands(asked, now):
        raise Refused("The time in which it could be read is over.", advice=_ASK_ANEW)
    return asked, _conversation(tx, asked.item_id)


def of_item(tx: Tx, item_id: ItemId, *, now: datetime) -> ThreadRequest | None:
    """Return the request about an item that waits, or that both may read by now; None where none does."""
    asked = rows.of_items(tx, [item_id], since=now - LASTS - OPEN_FOR)
    return next((each for each in asked if stands(each, now)), None)


def stands(asked: ThreadRequest, now: datetime) -> bool:
    """Say whether a request can still be agreed to, or read. A time of the future is a wrong clock."""
    begins = asked.decided_at if asked.approved else asked.asked_at
    return asked.approved is not False and begins is not None and begins <= now < until(asked)


def until(asked: ThreadRequest) -> datetime:
    """Return to when a request can be agreed to, or once somebody agreed, be read."""
    if asked.approved and asked.decided_at is not None:
        return asked.decided_at + OPEN_FOR
    return asked.asked_at + LASTS


def _waiting(tx: Tx, request_id: ThreadRequestId, by: UserId, now: datetime) -> ThreadRequest:
    asked = rows.get(tx, request_id, for_change=True)
    if asked is None:
        raise NotFound("Nobody asked for such a conversation.")
    if by != asked.asked_by:
        admit_to_items(tx, [asked.item_id], by)
    if asked.approved is not None:
        raise Conflict("It was decided before.")
    if not stands(asked, now):
        raise Refused("It was asked for more than 24 hours ago.", advice=_ASK_ANEW)
    return asked


def _conversation(tx: Tx, item_id: ItemId) -> ConversationId:
    found = conversations.of_item(tx, item_id)
    if found is None:
        raise NotFound("There are no words of it here: it is no conversation, or its time is over.")
    return found


def _person(actor: Actor) -> UserId:
    actor.require(Permission.CASE_THREAD)
    if actor.user_id is None:
        raise NotAllowed("Only people read conversations.")
    return actor.user_id


def _audit(tx: Tx, verb: str, asked: ThreadRequest, actor: Actor, now: datetime, **personal: str) -> None:
    audit.append(
        tx,
        at=now,
        actor=actor.label,
        verb=verb,
        object=f"item:{asked.item_id}",
        detail={"request": str(asked.id)},
        personal=personal or None,
    )
