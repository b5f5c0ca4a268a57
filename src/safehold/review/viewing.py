"""Deliberate viewing: each showing is logged before it can happen, fetched once, timed, and ended."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.model.assessment import Tier
from safehold.model.case import CaseState
from safehold.model.errors import BadForm, CaseLocked, Conflict, NotFound, Refused, TooManyViews
from safehold.model.ids import AnalystId, CaseId, ItemId, RevealId, SessionId, UserId, new_id
from safehold.model.permissions import system_actor
from safehold.review import again, wellbeing
from safehold.review.admission import admit
from safehold.review.budget import LONGEST_SHOWING, ExposureRules, shown_until
from safehold.review.cases import existing_case, held_case, person
from safehold.review.wellbeing import as_showing
from safehold.storage import audit, case_facts
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows
from safehold.storage import reveals as reveal_rows
from safehold.storage.database import Tx
from safehold.storage.reveals import Reveal

__all__ = [
    "SHOWN_AT_MOST",
    "TICKET_LASTS",
    "Reveal",
    "ViewLimits",
    "clearest_seen",
    "close_abandoned",
    "close_reveal",
    "digest_of_ticket",
    "issue_ticket",
    "mark_fetched",
    "note_refusal",
    "open_reveal",
    "showing_of",
    "time_looked_today",
    "use_ticket",
]

SHOWN_AT_MOST = LONGEST_SHOWING
"""A showing ends by then at the latest; whoever wants to go on looking asks again."""
TICKET_LASTS = timedelta(seconds=30)
"""How long the ticket of a showing can be used."""


@dataclass(frozen=True, slots=True)
class ViewLimits:
    """How many showings one person may ask for in any minute, hour and day."""

    per_minute: int = 30
    per_hour: int = 200
    per_day: int = 400

    def windows(self) -> tuple[tuple[timedelta, int], ...]:
        """Return each span of time with the number that is allowed in it, the longest first."""
        return (
            (timedelta(days=1), self.per_day),
            (timedelta(hours=1), self.per_hour),
            (timedelta(minutes=1), self.per_minute),
        )


def open_reveal(  # noqa: PLR0913 - whose eyes, on what, how clearly, and by which rules
    tx: Tx,
    case_id: CaseId,
    item_id: ItemId,
    tier: Tier,
    *,
    by: AnalystId,
    now: datetime,
    limits: ViewLimits,
    exposure: ExposureRules | None = None,
    own_request: bool = False,
) -> Reveal:
    """Record that this analyst asks to see an item this clearly. Commit it before any byte is read.

    tier: blurred or clear. exposure: how long one person may look; unset, the defaults. own_request: they
    know that they have seen it before, and ask all the same. The showing may last until its `ends_by`. Raises
    CaseLocked unless the analyst holds the case, Conflict when the case is settled, ConflictOfInterest,
    NotFound when the item is not in it, Refused when the item has no media, TooManyViews, DayIsFull,
    BreakDue, SeenBefore, BadForm for tier none.
    """
    if tier is Tier.NONE:
        raise BadForm("tier: blurred or clear.")
    case = held_case(tx, case_id, by, now=now)
    _keep_within(tx, limits, by, now)
    stored = item_rows.get(tx, item_id)
    if stored is None or case_rows.item_in(tx, case_id, item_id) is None:
        raise NotFound("There is no such item in this case.")
    if stored.item.media_id is None:
        raise Refused("The item has no media: only its signals were sent.")
    user_id = UserId(by)
    kind = case_facts.kinds_of_items(tx, [item_id], case.purpose)[item_id]
    leave = wellbeing.leave_to_look(tx, user_id, kind, rules=exposure or ExposureRules(), now=now)
    why = again.why_again(tx, user_id, stored.item, own_request=own_request, now=now)
    reveal = Reveal(
        id=RevealId(new_id()),
        user_id=user_id,
        case_id=case_id,
        item_id=item_id,
        tier=tier,
        opened_at=now,
        ends_by=leave.ends_by,
        kind=kind,
        weight=leave.weight,
        again=why,
    )
    reveal_rows.insert(tx, reveal)
    second = {"again": why.value} if why is not None else {}
    _audit(tx, person(by).label, "item.reveal", reveal, now, tier=tier.value, **second)
    return reveal


def issue_ticket(tx: Tx, reveal_id: RevealId, *, session_id: SessionId) -> str:
    """Return the ticket that fetches this showing once, within TICKET_LASTS: 256 random bits, kept nowhere.

    session_id: the session in which it was asked for; when that ends, so does the ticket.
    """
    ticket = secrets.token_urlsafe(32)
    reveal_rows.set_ticket(tx, reveal_id, token_digest=digest_of_ticket(ticket), session_id=session_id)
    return ticket


def digest_of_ticket(ticket: str) -> bytes:
    """Return what is recorded of a ticket."""
    return hashlib.sha256(ticket.encode()).digest()


def showing_of(tx: Tx, token_digest: bytes, *, now: datetime) -> Reveal:
    """Return the showing that a ticket is for, locked until the end.

    Raises NotFound for a ticket that is unknown, was used, or is as old as TICKET_LASTS.
    """
    reveal = reveal_rows.by_ticket(tx, token_digest)
    if reveal is None or now >= reveal.opened_at + TICKET_LASTS:
        raise NotFound("There is no such ticket.")
    return reveal


def use_ticket(tx: Tx, reveal: Reveal, *, now: datetime) -> None:
    """Use the ticket of a showing up. It stays unseen until `mark_fetched`.

    Whoever asked must still hold the case. Raises Conflict when the showing or the case has ended,
    CaseLocked, ConflictOfInterest.
    """
    if reveal.fetched_at is not None or reveal.closed_at is not None or now >= reveal.ends_by:
        raise Conflict("This showing has ended.", advice="Ask for a new one.")
    case = existing_case(tx, reveal.case_id)
    if case.state is CaseState.SETTLED:
        raise Conflict("The case is settled.")
    if case.holder(now) != reveal.user_id:
        raise CaseLocked("Whoever asked does not hold the case.")
    admit(tx, reveal.case_id, reveal.user_id)
    reveal_rows.use_ticket(tx, reveal.id)


def note_refusal(tx: Tx, refused: TooManyViews, *, by: AnalystId, now: datetime) -> None:
    """Put on record that somebody wanted to see more than a person may."""
    audit.append(
        tx,
        at=now,
        actor=person(by).label,
        verb="reveal.refused",
        object=f"user:{by}",
        detail={"of_the_day": refused.is_daily},
    )


def mark_fetched(tx: Tx, reveal_id: RevealId, *, by: AnalystId, now: datetime) -> None:
    """Record that the picture is about to be sent. Commit it before that.

    Call it once the picture is there: what could not be opened was not seen.

    A reveal is fetched once: a second showing is a second reveal. Raises NotFound for another person's,
    Conflict when it was fetched, was closed, or is older than a minute.
    """
    reveal = _own(tx, reveal_id, by)
    if reveal.fetched_at is not None:
        raise Conflict("This showing has been fetched.", advice="Ask for a new one.")
    if reveal.closed_at is not None or now > reveal.ends_by:
        raise Conflict("This showing has ended.", advice="Ask for a new one.")
    reveal_rows.set_fetched(tx, reveal_id, at=max(now, reveal.opened_at))


def close_reveal(tx: Tx, reveal_id: RevealId, *, by: AnalystId, now: datetime) -> float:
    """End a showing and return how many seconds it lasted: 0 when nothing was fetched, 60 at most.

    Where the clock went back meanwhile nobody knows how long it was seen: it counts in full. Closing it again
    changes nothing and returns the same. Raises NotFound for another person's.
    """
    reveal = _own(tx, reveal_id, by)
    ended = reveal.closed_at
    if ended is None:
        ended = max(shown_until(as_showing(reveal), now), reveal.opened_at)
        reveal_rows.set_closed(tx, reveal_id, at=ended)
    seconds = (ended - reveal.fetched_at).total_seconds() if reveal.fetched_at else 0.0
    if reveal.closed_at is None:
        _audit(tx, person(by).label, "item.reveal_end", reveal, now, seconds=round(seconds, 1))
    return seconds


def close_abandoned(tx: Tx, now: datetime) -> int:
    """End every showing that may last no longer and was never closed; return how many that were."""
    closed = reveal_rows.close_overdue(tx, now=now)
    for reveal_id in closed:
        reveal = reveal_rows.get(tx, reveal_id)
        if reveal is not None:
            _audit(tx, system_actor("review").label, "item.reveal_end", reveal, now, abandoned=True)
    return len(closed)


def time_looked_today(tx: Tx, user: UserId, now: datetime) -> float:
    """Return how many seconds this person has looked since midnight UTC; a running showing counts too."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    looked = reveal_rows.time_looked(tx, user, since=midnight, until=now)
    return looked.total_seconds()


def clearest_seen(tx: Tx, item_id: ItemId, *, by: AnalystId) -> Tier:
    """Return the clearest form in which this analyst was in fact sent this item."""
    seen = reveal_rows.tiers_seen(tx, UserId(by), item_id)
    return next((tier for tier in (Tier.CLEAR, Tier.BLURRED) if tier in seen), Tier.NONE)


def _keep_within(tx: Tx, limits: ViewLimits, by: AnalystId, now: datetime) -> None:
    # Two requests at once would else both find the last place free.
    tx.lock(f"reveals of {by}")
    for span, most in limits.windows():
        if reveal_rows.opened_since(tx, UserId(by), now - span) >= most:
            raise TooManyViews(span, most)


def _own(tx: Tx, reveal_id: RevealId, by: AnalystId) -> Reveal:
    reveal = reveal_rows.get(tx, reveal_id, for_change=True)
    if reveal is None or reveal.user_id != by:
        raise NotFound("There is no such showing of yours.")
    return reveal


def _audit(
    tx: Tx, actor: str, verb: str, reveal: Reveal, now: datetime, **detail: str | float | bool
) -> None:
    named = {"case": str(reveal.case_id), "reveal": str(reveal.id), **detail}
    audit.append(tx, at=now, actor=actor, verb=verb, object=f"item:{reveal.item_id}", detail=named)
