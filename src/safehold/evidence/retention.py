"""Retention: until when sealed bytes are kept. One rule for each media, worked out from all its items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from safehold.evidence import clock_records
from safehold.jobs.record import Record
from safehold.model.events import (
    AppealDecided,
    AppealReceived,
    ItemCleared,
    ItemConfirmed,
    ItemPreserved,
    OutcomeReversed,
    RiskToLifeDeclared,
    RiskToLifeEnded,
)
from safehold.model.ids import MediaId
from safehold.model.permissions import system_actor
from safehold.model.retention import OPERATOR_TERM, OPERATORS_OWN, Basis, Reach, RetentionClock
from safehold.storage import appeals, audit, cases, emergencies, retention_clocks
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Tx
from safehold.storage.evidence import ItemHistory, Retention, Rule

UNDECIDED_FOR = timedelta(days=90)
"""How long undecided bytes are kept."""
ALARM_BEFORE = timedelta(days=30)
"""How long before undecided bytes are destroyed a person is alarmed: at 60 days of the 90."""
APPEAL_WINDOW = timedelta(days=14)
"""How long bytes are kept after an outcome, or its reversal, so that it can be contested."""

AT_RISK_FOR = timedelta(days=365)
"""How long bytes of a case are kept in which a risk to life was declared and not withdrawn, from then on."""

NEVER_SEALED, ALREADY_DESTROYED = "never_sealed", "already_destroyed"
"""Why a confirmed item has no bytes: only signals came or sealing never happened; or its time was over."""

_RETENTION = system_actor("evidence.retention")
_ACTOR = _RETENTION.label


def decide(
    histories: Sequence[ItemHistory],
    endangered: Sequence[datetime] = (),
    appealed: Sequence[datetime] = (),
    clocks: Sequence[RetentionClock] = (),
) -> Retention | None:
    """Work out until when media is kept from the histories of all its items; None without any item.

    One standing confirming outcome that no clock covers keeps it: it waits to be filed, and the sweep never
    destroys it. Else, while one item waits for an outcome in any case, the media is undecided: 90 days from
    the newest such item; where the lot alone asked for a look and nobody has taken one, until its own date.
    Else 14 days from the newest outcome. A golden item waits for no outcome, and asks
    for its bytes until its own date. Where several dates apply the latest counts, that of a reversal too.

    appealed: when each appeal arrived that nobody has decided, which makes it undecided from then on.
    endangered: when each risk to life was declared in their cases that was not withdrawn: it stays for a year
    at least.
    clocks: all of this media, those that ended too: the one that runs longest keeps it at least as long. A
    hold that stands keeps it without an end, whatever else there is. Else an order to destroy that was
    confirmed ends everything, from its confirmation on.

    It asks for no present time: what is answered are recorded dates, and terms after them.
    """
    kept = _by_outcomes(histories, clocks)
    if kept is None:
        return None
    if appealed:
        since = max(appealed)
        until = since + UNDECIDED_FOR
        contested = Retention(
            rule=Rule.UNDECIDED, since=since, destroy_at=until, alarm_at=until - ALARM_BEFORE
        )
        kept = _the_longer(kept, contested)
    if endangered:
        until = max(endangered) + AT_RISK_FOR
        kept = _the_longer(kept, Retention(rule=Rule.AT_RISK, since=min(endangered), destroy_at=until))
    return _by_clocks(kept, clocks)


def _the_longer(kept: Retention, other: Retention) -> Retention:
    if kept.destroy_at is None or other.destroy_at is None:
        return kept if kept.destroy_at is None else other
    return kept if kept.destroy_at >= other.destroy_at else other


def _by_clocks(kept: Retention, clocks: Sequence[RetentionClock]) -> Retention:
    held = [each.since for each in clocks if each.holds]
    if held:
        return _the_longer(kept, Retention(rule=Rule.LEGAL_HOLD, since=min(held)))
    ordered = [each.confirmed_at for each in clocks if each.is_due_order and each.confirmed_at is not None]
    if ordered:
        return Retention(rule=Rule.DESTROY_ORDER, since=min(ordered), destroy_at=min(ordered))
    # Which of two that end together is named must not depend on the order in which they come.
    for each in sorted(clocks, key=lambda one: (one.basis.value, one.since)):
        if each.basis is not Basis.DESTROY_ORDER and each.end is not None:
            by_clock = Retention(rule=Rule(each.basis.value), since=each.since, destroy_at=each.end)
            kept = _the_longer(kept, by_clock)
    return kept


def _by_outcomes(histories: Sequence[ItemHistory], clocks: Sequence[RetentionClock]) -> Retention | None:
    outcomes = [one for history in histories for one in history.outcomes]
    confirmed = [one for one in outcomes if one.finding.confirms and one.reversed_at is None]
    waiting_to_be_filed = [
        one.settled_at
        for one in confirmed
        if not any(each.covers(one.purpose, one.settled_at) for each in clocks)
    ]
    if waiting_to_be_filed:
        return Retention(rule=Rule.CONFIRMED, since=min(waiting_to_be_filed))
    decided = [one.reversed_at or one.settled_at for one in outcomes]
    windows = [instant + APPEAL_WINDOW for instant in decided]
    practice = [each.practice_until for each in histories if each.practice_until is not None]
    windows += practice
    waiting = [history for history in histories if history.practice_until is None]
    undecided = [history for history in waiting if _is_undecided(history)]
    if undecided:
        asked = [each.received_at for each in undecided if each.unseen_until is None]
        until = [each + UNDECIDED_FOR for each in asked]
        until += [each.unseen_until for each in undecided if each.unseen_until is not None]
        destroy_at = max([*until, *windows])
        return Retention(
            rule=Rule.UNDECIDED,
            since=max(each.received_at for each in undecided),
            destroy_at=destroy_at,
            # What nothing but the lot asks for ends within days, as it is meant to.
            alarm_at=destroy_at - ALARM_BEFORE if asked else None,
        )
    if not windows:
        return None
    since = max([*decided, *(history.received_at for history in histories if history.practice_until)])
    return Retention(rule=Rule.NOT_CONFIRMED, since=since, destroy_at=max(windows))


def preserve(
    tx: Tx,
    event: ItemConfirmed,
    *,
    record: Record,
    now: datetime,
    operator_term: timedelta = OPERATOR_TERM,
) -> None:
    """Keep the bytes of a confirmed item from now on, and record that it is preserved.

    They wait for the clock of an authority report; where no law has one for the purpose of the case, that of
    the operator begins with the confirmation. Where there are no bytes, that is recorded with the reason
    instead: nothing that follows waits for what cannot come. Doing it twice changes nothing. Raises NotFound
    for an item that does not exist.
    """
    media_id = evidence_rows.media_of_item(tx, event.item_id)
    absent = (
        NEVER_SEALED
        if media_id is None
        else _keep_confirmed(tx, media_id, event, now=now, operator_term=operator_term)
    )
    if evidence_rows.preserved_since(tx, event.item_id, event.case_id, since=event.at):
        return
    audit.append(
        tx,
        at=now,
        actor=_ACTOR,
        verb="evidence.absent" if absent else "evidence.preserve",
        object=f"item:{event.item_id}",
        detail={"case": str(event.case_id), "media": str(media_id), "absent": absent},
    )
    # Never before the confirmation itself: that is how a repeat is recognised.
    at = max(now, event.at)
    record(tx, ItemPreserved(at=at, item_id=event.item_id, case_id=event.case_id, absent=absent))


def reconsider(tx: Tx, event: ItemCleared | OutcomeReversed, *, now: datetime) -> None:
    """Work out anew until when the media of an item is kept, after an outcome or its reversal.

    Bytes that other items share are kept as long as any of them asks for. Doing it twice changes nothing.
    Raises NotFound for an item that does not exist.
    """
    media_id = evidence_rows.media_of_item(tx, event.item_id)
    if media_id is None:
        return
    lock(tx, media_id)
    clock_records.end_operator_terms(tx, media_id, actor=_RETENTION, now=now)
    _keep_anew(tx, media_id, because=event.kind, about={"item": str(event.item_id)}, now=now)


def keep_case(tx: Tx, event: RiskToLifeDeclared | RiskToLifeEnded, *, now: datetime) -> None:
    """Work out anew until when every media of a case is kept. Doing it twice changes nothing."""
    for media_id in emergencies.media_in(tx, event.case_id):
        _keep_anew(tx, media_id, because=event.kind, about={"case": str(event.case_id)}, now=now)


def keep_contested(tx: Tx, event: AppealReceived | AppealDecided, *, now: datetime) -> None:
    """Work out anew until when what an appeal is about is kept: while nobody has decided it, as undecided.

    Doing it twice changes nothing.
    """
    received = appeals.get(tx, event.appeal_id)
    items = [event.item_id]
    if received is not None and received.case_id is not None:
        items = [place.item_id for place in cases.items_of(tx, received.case_id)]
    found = (evidence_rows.media_of_item(tx, item_id) for item_id in items)
    for media_id in sorted({one for one in found if one is not None}):
        _keep_anew(tx, media_id, because=event.kind, about={"item": str(event.item_id)}, now=now)


def lock(tx: Tx, media_id: MediaId) -> None:
    """Wait until nobody else is at this media's objects or retention, and keep them off until tx ends."""
    tx.lock(f"evidence of media {media_id}")


def lock_all(tx: Tx, reach: Reach) -> None:
    """Do as `lock` does about all that something reaches, records too, and always in the same order."""
    for media_id in reach.media:
        lock(tx, media_id)
    for item_id in reach.records:
        tx.lock(f"record of item {item_id}")


def keep(tx: Tx, media_id: MediaId, *, arriving: datetime | None = None) -> Retention | None:
    """Work out and record until when media is kept; None, and nothing recorded, when nothing of it is sealed.

    arriving: an item of it that is coming in at this moment and may not be recorded yet. The caller
    holds `lock`.
    """
    if not evidence_rows.live_objects(tx, media_id):
        return None
    histories = evidence_rows.histories(tx, media_id)
    if arriving is not None:
        histories.append(ItemHistory(received_at=arriving))
    kept = decide(
        histories,
        emergencies.declared_about(tx, media_id),
        appeals.pending_about(tx, media_id),
        retention_clocks.of_media(tx, [media_id]),
    )
    if kept is not None:
        evidence_rows.set_retention(tx, media_id, kept)
    return kept


def _keep_anew(tx: Tx, media_id: MediaId, *, because: str, about: dict[str, str], now: datetime) -> None:
    lock(tx, media_id)
    before = evidence_rows.retention_of(tx, media_id)
    kept = keep(tx, media_id)
    if kept is None or kept == before:
        return
    detail = {"rule": kept.rule.value, "because": because, **about}
    audit.append(tx, at=now, actor=_ACTOR, verb="evidence.retain", object=f"media:{media_id}", detail=detail)


def _keep_confirmed(
    tx: Tx, media_id: MediaId, event: ItemConfirmed, *, now: datetime, operator_term: timedelta
) -> str | None:
    """Keep media, or say why there is nothing to keep."""
    lock(tx, media_id)
    case = cases.get(tx, event.case_id)
    if case is not None and case.purpose in OPERATORS_OWN:
        clock_records.begin_operator_term(
            tx,
            media_id,
            event.case_id,
            since=event.at,
            term=operator_term,
            actor=_RETENTION,
            now=now,
        )
    if keep(tx, media_id) is not None:
        return None
    return ALREADY_DESTROYED if evidence_rows.ever_sealed(tx, media_id) else NEVER_SEALED


def _is_undecided(history: ItemHistory) -> bool:
    standing = {one.case_id for one in history.outcomes if one.reversed_at is None}
    cases = history.cases | {one.case_id for one in history.outcomes}
    return not cases or bool(cases - standing)
