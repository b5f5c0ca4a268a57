"""Beginning and ending retention clocks: the row and its audit record, and nothing of what follows.

Whoever calls holds the media's lock and works out afterwards until when it is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from safehold.model.ids import ClockId, ItemId, MediaId, new_id
from safehold.model.permissions import Actor
from safehold.model.retention import OPERATOR_TERM, OPERATORS_OWN, Basis, RetentionClock, end_of
from safehold.storage import audit
from safehold.storage import evidence as evidence_rows
from safehold.storage import retention_clocks as rows
from safehold.storage.database import Tx
from safehold.storage.evidence import ItemHistory

BEGUN = {Basis.LEGAL_HOLD: "evidence.hold", Basis.DESTROY_ORDER: "evidence.destroy_ask"}
"""What is written of a clock that a person sets; of every other it is `evidence.clock_start`."""


def begin(
    tx: Tx,
    clock: RetentionClock,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    detail: dict[str, str] | None = None,
) -> ClockId | None:
    """Begin a clock and put it on record; None, and nothing written, while the same one is open.

    reason: of a hold and an order, in words that no log has.
    """
    if not rows.insert(tx, clock, reason=reason):
        return None
    told = {
        "clock": str(clock.id),
        "basis": clock.basis.value,
        "about": str(clock.about),
        "since": clock.since.isoformat(),
        "until": clock.until.isoformat() if clock.until else None,
        **(detail or {}),
    }
    verb = BEGUN.get(clock.basis, "evidence.clock_start")
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=clock.what, detail=told)
    return clock.id


def new_clock(
    media_id: MediaId | None,
    basis: Basis,
    about: UUID,
    *,
    since: datetime,
    actor: Actor,
    operator_term: timedelta = OPERATOR_TERM,
    item_id: ItemId | None = None,
) -> RetentionClock:
    """Return a clock that begins at `since`, with its end by the basis; nothing is recorded yet."""
    return RetentionClock(
        id=ClockId(new_id()),
        media_id=media_id,
        about=about,
        basis=basis,
        since=since,
        until=end_of(basis, since, operator_term=operator_term),
        set_by=actor.label,
        item_id=item_id,
    )


def end(
    tx: Tx,
    clocks: Sequence[RetentionClock],
    *,
    verb: str,
    actor: Actor,
    now: datetime,
    detail: dict[str, str] | None = None,
) -> list[RetentionClock]:
    """End clocks that are open and put each on record; return those that were."""
    ended = set(rows.set_ended(tx, [each.id for each in clocks], by=actor.label, at=now))
    over = [each for each in clocks if each.id in ended]
    for each in over:
        told = {"clock": str(each.id), "basis": each.basis.value, "about": str(each.about), **(detail or {})}
        audit.append(tx, at=now, actor=actor.label, verb=verb, object=each.what, detail=told)
    return over


def begin_operator_term(
    tx: Tx,
    media_id: MediaId,
    case_id: UUID,
    *,
    since: datetime,
    term: timedelta,
    actor: Actor,
    now: datetime,
) -> ClockId | None:
    """Begin the operator's term for what was confirmed in a case; None while one is open that is not over."""
    over = [
        each
        for each in rows.of_media(tx, [media_id])
        if each.basis is Basis.OPERATOR_TERM
        and each.about == case_id
        and each.is_open
        and each.until is not None
        and each.until <= since
    ]
    end(tx, over, verb="evidence.clock_end", actor=actor, now=now)
    clock = new_clock(media_id, Basis.OPERATOR_TERM, case_id, since=since, actor=actor, operator_term=term)
    return begin(tx, clock, actor=actor, now=now)


def end_with_the_bytes(tx: Tx, media_id: MediaId, *, actor: Actor, now: datetime) -> None:
    """End what was about bytes alone that are destroyed now: orders to do so, and the operator's terms.

    A law's clock and a hold go on: they are about where it appeared as well.
    """
    about_bytes = [
        each
        for each in rows.of_media(tx, [media_id])
        if each.basis in (Basis.DESTROY_ORDER, Basis.OPERATOR_TERM) and each.is_open
    ]
    end(tx, about_bytes, verb="evidence.clock_end", actor=actor, now=now)


def end_operator_terms(tx: Tx, media_id: MediaId, *, actor: Actor, now: datetime) -> None:
    """End the operator's terms of media when no confirmation that they are for stands any more."""
    open_ones = [
        each for each in rows.of_media(tx, [media_id]) if each.basis is Basis.OPERATOR_TERM and each.is_open
    ]
    if open_ones and not confirmed_for_operator(evidence_rows.histories(tx, media_id)):
        end(tx, open_ones, verb="evidence.clock_end", actor=actor, now=now)


def confirmed_for_operator(histories: Collection[ItemHistory]) -> bool:
    """Say whether a confirmation stands for a purpose that no law has a clock for."""
    outcomes = [one for history in histories for one in history.outcomes]
    return any(
        one.finding.confirms and one.reversed_at is None and one.purpose in OPERATORS_OWN for one in outcomes
    )


def newest_on_record(histories: Collection[ItemHistory]) -> list[datetime]:
    """Return every instant on record of some media's items: no clock can have begun before the newest."""
    received = [history.received_at for history in histories]
    outcomes = [one for history in histories for one in history.outcomes]
    return [*received, *(one.reversed_at or one.settled_at for one in outcomes)]
