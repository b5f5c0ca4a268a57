"""Legal holds, and orders to destroy: what people set about evidence, each with a reason, and how it ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safehold.evidence import clock_records, retention
from safehold.model.errors import BadForm, Conflict, ErasedEvidence, NotAllowed, NotFound, Refused
from safehold.model.ids import ItemId, MediaId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.model.retention import Basis, Reach, RetentionClock
from safehold.model.team import TeamSize
from safehold.model.wording import worded
from safehold.storage import audit
from safehold.storage import evidence as evidence_rows
from safehold.storage import retention_clocks as rows
from safehold.storage.database import Tx

LONGEST_REASON = 4000
ALONE_AFTER = timedelta(days=1)
"""Where nobody else is there to confirm an order, whoever asked for it may, so much later."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order to destroy that was asked for or confirmed.

    id: what it is confirmed or withdrawn by. media: what it is about. against: the holds that stop it.
    """

    id: UUID
    media: Sequence[MediaId]
    against: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that was placed. id: what it is lifted by. against: the orders to destroy that it stops.

    without_bytes: which of its media have none now: of those, as of the records, it keeps what is written.
    """

    id: UUID
    reach: Reach
    without_bytes: Sequence[MediaId]
    against: Sequence[UUID]


def hold(tx: Tx, reach: Reach, *, reason: str, actor: Actor, through: Actor, now: datetime) -> Held:
    """Keep evidence without an end until somebody lifts it, also what there are no bytes of.

    Of that it keeps the record: where it appeared, messages, the papers of each report that tells of it; and
    the bytes of media, should they come again. reason: who asks and why, kept beside the hold and in no log.
    through: what the actor acts by, such as the shell. Raises NotAllowed and BadForm.
    """
    _require_person(actor)
    said, hold_id = _checked(reason), new_id()
    retention.lock_all(tx, reach)
    targets: list[tuple[MediaId | None, ItemId | None]] = [(each, None) for each in reach.media]
    targets += [(None, each) for each in reach.records]
    for media_id, item_id in targets:
        clock = clock_records.new_clock(
            media_id, Basis.LEGAL_HOLD, hold_id, since=now, actor=actor, item_id=item_id
        )
        clock_records.begin(tx, clock, actor=actor, now=now, reason=said, detail=_by(through))
    absent = [each for each in reach.media if retention.keep(tx, each) is None]
    orders = {each.about for each in rows.of_media(tx, reach.media) if each.is_due_order}
    return Held(hold_id, reach, absent, sorted(orders))


def release(
    tx: Tx,
    reach: Reach,
    *,
    hold_id: UUID | None,
    actor: Actor,
    through: Actor,
    now: datetime,
) -> Reach:
    """Lift a hold and return what from; what is not kept for another reason is due at once.

    hold_id: which, None where there is only one. Raises NotAllowed, NotFound where none stands, and Conflict
    where several do and none is named.
    """
    _require_person(actor)
    retention.lock_all(tx, reach)
    known = [*rows.of_media(tx, reach.media), *rows.of_records(tx, reach.records)]
    standing = [each for each in known if each.holds and hold_id in (None, each.about)]
    holds = sorted({each.about for each in standing})
    if not holds:
        raise NotFound("No such hold stands here.")
    if len(holds) > 1:
        raise Conflict(
            f"{len(holds)} holds stand here.", advice=f"Name one of them: {', '.join(map(str, holds))}."
        )
    lifted = clock_records.end(
        tx, standing, verb="evidence.release", actor=actor, now=now, detail=_by(through)
    )
    records = sorted(each.item_id for each in lifted if each.item_id is not None)
    return Reach(media=tuple(_kept_anew(tx, lifted)), records=tuple(records))


def ask_destruction(
    tx: Tx, media_ids: Collection[MediaId], *, reason: str, actor: Actor, through: Actor, now: datetime
) -> Ordered:
    """Put down that an authority orders media to be destroyed. Nothing follows until somebody confirms it.

    Raises NotAllowed, BadForm, NotFound or ErasedEvidence where nothing of it is sealed, and Conflict while
    another order about some of it is open.
    """
    _require_person(actor)
    said, order_id = _checked(reason), new_id()
    doomed = _sealed(tx, media_ids)
    known = rows.of_media(tx, doomed)
    others = sorted({each.about for each in known if each.basis is Basis.DESTROY_ORDER and each.is_open})
    if others:
        raise Conflict(
            "An order to destroy some of this is open already.",
            advice=f"Confirm it or withdraw it: {', '.join(map(str, others))}.",
        )
    for media_id in doomed:
        clock = clock_records.new_clock(media_id, Basis.DESTROY_ORDER, order_id, since=now, actor=actor)
        clock_records.begin(tx, clock, actor=actor, now=now, reason=said, detail=_by(through))
    return Ordered(order_id, doomed, _holds(known))


def confirm_destruction(
    tx: Tx,
    order_id: UUID,
    media_ids: Collection[MediaId],
    *,
    size: TeamSize,
    actor: Actor,
    through: Actor,
    now: datetime,
) -> Ordered:
    """Confirm an order, as somebody else than who asked; the next sweep carries it out.

    media_ids: what this person names as its object; the order may be about nothing else. size: in a team of
    one the same person confirms it, a day later at the earliest, and that stands on record. A hold that
    stands stops it visibly, until somebody lifts the hold or withdraws the order.
    Raises NotAllowed, NotFound, Conflict for an order that is over, confirmed, or about more, and Refused
    within the day.
    """
    _require_person(actor)
    order = _open_order(tx, order_id, media_ids)
    if order[0].confirmed_at is not None:
        raise Conflict("This order was confirmed before.", advice="The next sweep carries it out.")
    alone = order[0].set_by == actor.label
    if alone:
        _may_confirm_alone(order[0], size, now)
    confirmed = rows.set_confirmed(tx, order_id, by=actor.label, at=now, alone=alone)
    for media_id in confirmed:
        audit.append(
            tx,
            at=now,
            actor=actor.label,
            verb="evidence.destroy_confirm",
            object=f"media:{media_id}",
            detail={"about": str(order_id), "team": size.value, "alone": alone, **_by(through)},
        )
        retention.keep(tx, media_id)
    return Ordered(order_id, confirmed, _holds(rows.of_media(tx, confirmed)))


def withdraw_order(
    tx: Tx,
    order_id: UUID,
    media_ids: Collection[MediaId],
    *,
    actor: Actor,
    through: Actor,
    now: datetime,
) -> list[MediaId]:
    """End an order that is not carried out yet, confirmed or not, and return what it was about.

    Raises NotAllowed, NotFound, and Conflict for an order that is over or about more than is named.
    """
    _require_person(actor)
    order = _open_order(tx, order_id, media_ids)
    ended = clock_records.end(
        tx, order, verb="evidence.destroy_withdraw", actor=actor, now=now, detail=_by(through)
    )
    return _kept_anew(tx, ended)


def _may_confirm_alone(order: RetentionClock, size: TeamSize, now: datetime) -> None:
    if size is not TeamSize.SINGLE:
        raise NotAllowed(
            "Whoever asks for a destruction does not confirm it.",
            advice="Somebody else of the role legal confirms it.",
        )
    if now < order.since + ALONE_AFTER:
        raise Refused(
            "Nobody else can confirm this here, and it was asked for less than a day ago.",
            advice="Confirm it again after a day.",
        )


def _open_order(tx: Tx, order_id: UUID, media_ids: Collection[MediaId]) -> list[RetentionClock]:
    asked = [each for each in rows.about(tx, order_id) if each.basis is Basis.DESTROY_ORDER]
    if not asked:
        raise NotFound("There is no such order.")
    named = {each.media_id for each in asked} <= set(media_ids)
    if not named:
        raise Conflict(
            "The order is about something else than what was named.",
            advice="Name the item or the case that it was asked for.",
        )
    retention.lock_all(tx, Reach(media=tuple(sorted(set(media_ids)))))
    still_open = [each for each in rows.about(tx, order_id) if each.is_open]
    if not still_open:
        raise Conflict("This order is over.", advice="`safehold evidence clocks` says how it ended.")
    return still_open


def _kept_anew(tx: Tx, ended: Sequence[RetentionClock]) -> list[MediaId]:
    media = sorted({each.media_id for each in ended if each.media_id is not None})
    for media_id in media:
        retention.keep(tx, media_id)
    return media


def _sealed(tx: Tx, media_ids: Collection[MediaId]) -> list[MediaId]:
    """Lock media, and return those of which something is sealed."""
    retention.lock_all(tx, Reach(media=tuple(sorted(set(media_ids)))))
    sealed = [one for one in sorted(set(media_ids)) if evidence_rows.live_objects(tx, one)]
    if sealed:
        return sealed
    if any(evidence_rows.ever_sealed(tx, one) for one in media_ids):
        raise ErasedEvidence()
    raise NotFound("Nothing of this was ever sealed.")


def _holds(clocks: Sequence[RetentionClock]) -> list[UUID]:
    return sorted({each.about for each in clocks if each.holds})


def _require_person(actor: Actor) -> None:
    actor.require(Permission.EVIDENCE_EDIT)
    if actor.user_id is None:
        raise NotAllowed("Only a person can do this.")


def _checked(reason: str) -> str:
    said = reason.strip()
    if not 3 <= len(said) <= LONGEST_REASON:
        raise BadForm(worded("reason: 3 to %(most)s characters.", most=LONGEST_REASON), field="reason")
    return said


def _by(through: Actor) -> dict[str, str]:
    return {"asked_by": through.label}
