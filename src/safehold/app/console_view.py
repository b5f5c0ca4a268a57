"""What a person in the console is shown: a case with its proposals, the queue, the bar above every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from safehold.app import proposals
from safehold.app.access.users import names
from safehold.app.alarms import TOO_MANY_VIEWS, raise_alarm
from safehold.model.assessment import Tier
from safehold.model.errors import TooManyViews
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId, RevealId, SessionId
from safehold.model.permissions import Actor, Permission
from safehold.model.proposal import Proposal
from safehold.model.review_band import ReviewBand
from safehold.review import (
    admission,
    again,
    banding,
    cases,
    conflicts,
    filters,
    moves,
    notes,
    same,
    viewing,
    wellbeing,
)
from safehold.review.facts import CaseView, ItemView, facts
from safehold.review.filters import SavedFilter
from safehold.review.moves import CaseMove
from safehold.review.notes import Note
from safehold.review.presence import NOBODY, Present, others_present
from safehold.review.rules import Policy
from safehold.review.same import StoredAssessment
from safehold.review.viewing import ViewLimits
from safehold.review.wellbeing import Budget, ExposureRules
from safehold.storage import alarms, audit, case_queue
from safehold.storage import cases as case_rows
from safehold.storage.case_queue import CaseSummary, QueueSize
from safehold.storage.database import Database, Tx

QUEUE_SHOWN = 100

People = Mapping[UUID, str]
"""Names by id, for screens alone."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands above every page. alarms: how many stand, by code.

    looked_seconds: since midnight UTC, by this person. budget: how they stand, None for keys.
    """

    alarms: Mapping[str, int]
    looked_seconds: float
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class QueueView:
    """Open cases in their order, at most QUEUE_SHOWN. kept_from: those that the viewer knows somebody in.

    left_to_others: how many are left out because the viewer has assessed what waits in them. sizes: of
    each of the viewer's queues in which something is open. only: the one of them that is shown. saved: the
    filters that the viewer has by name.
    """

    cases: tuple[CaseSummary, ...]
    people: People
    kept_from: frozenset[CaseId] = frozenset()
    left_to_others: int = 0
    sizes: tuple[QueueSize, ...] = ()
    only: Purpose | None = None
    saved: tuple[SavedFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseSheet:
    """A case, what is planned in it, and the names of the people who work here.

    proposals: about the items that are looked up. moves: what was merged into it or split from it, and
    numbers: of the other cases. present: others who opened it a moment ago. band: how strongly it asks for a
    look, None where no machine asked for one.
    """

    view: CaseView
    proposals: tuple[Proposal, ...]
    people: People
    notes: tuple[Note, ...] = ()
    moves: tuple[CaseMove, ...] = ()
    numbers: Mapping[CaseId, int] = field(default_factory=dict)
    present: Present = NOBODY
    band: ReviewBand | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """What makes looking unnecessary, or easier, for this person.

    same: what was found of the same picture elsewhere, while this item waits. seen_at: when they last saw it,
    or nearly the same one, elsewhere. press: they press once instead of holding.
    """

    same: StoredAssessment | None = None
    seen_at: datetime | None = None
    press: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """What fetches one showing once.

    shown_at_most: how long it may last, from now. secret: stands in the address that the page's script asks.
    """

    reveal_id: RevealId
    shown_at_most: timedelta
    secret: str = field(repr=False)


def bar(tx: Tx, actor: Actor, *, exposure: ExposureRules, now: datetime) -> Bar:
    """Return what stands above every page for this person."""
    if actor.user_id is None or not actor.may(Permission.CASE_REVEAL):
        return Bar(alarms.counts(tx), 0.0)
    looked = viewing.time_looked_today(tx, actor.user_id, now)
    return Bar(alarms.counts(tx), looked, wellbeing.standing(tx, actor.user_id, rules=exposure, now=now))


def queue(
    tx: Tx, *, actor: Actor, now: datetime, only: Purpose | None = None, looks_a_day: int | None = None
) -> QueueView:
    """Return the queues of this person by need and waiting, and which of the cases they are kept from.

    only: one of their queues. Whoever assesses does not see the cases in which everything waits for
    others; who only reads sees all of their queues. looks_a_day: see `cases.take_next`; what waits for
    further looks is counted and not shown.
    """
    mine = admission.queues_of(tx, actor.user_id)
    purposes = mine if only is None else mine & {only}
    analyst = actor.analyst() if actor.may(Permission.CASE_ASSESS) else None
    found = cases.queue(
        tx,
        purposes=purposes,
        limit=QUEUE_SHOWN,
        analyst=analyst,
        reader=actor.user_id,
        looks_a_day=looks_a_day,
        now=now,
    )
    ids = [summary.case.id for summary in found]
    kept_from = conflicts.kept_from(tx, ids, actor.user_id) if actor.user_id else set()
    others = cases.left_to_others(tx, purposes=purposes, analyst=analyst) if analyst else 0
    sizes = case_queue.sizes(tx, queues=mine, now=now, analyst=analyst)
    saved = tuple(filters.saved_for(tx, actor))
    return QueueView(tuple(found), names(tx), frozenset(kept_from), others, tuple(sizes), only, saved)


def case(tx: Tx, case_id: CaseId, *, actor: Actor, around: ItemId | None = None, now: datetime) -> CaseSheet:
    """Return a case as this person may see it, and put the view on record.

    around: an item that is among those looked up. Another person's assessment is shown to them once an
    outcome stands. Raises NotAllowed, NotFound, and ConflictOfInterest before anything of the case is
    read.
    """
    actor.require(Permission.CASE_READ)
    if actor.user_id is not None:
        admission.admit(tx, case_id, actor.user_id)
    viewer = actor.analyst() if actor.may(Permission.CASE_ASSESS) else None
    view = facts(tx, case_id, viewer=viewer, reader=actor.user_id, around=around)
    present = others_present(tx, case_id, viewer=actor, now=now)
    audit.append(tx, at=now, actor=actor.label, verb="case.view", object=f"case:{case_id}")
    shown = {one.item.id for one in view.items}
    planned = [stored.proposal for stored in proposals.of_case(tx, case_id)]
    moved = moves.moves_of(tx, case_id, viewer=actor.user_id)
    numbers = case_rows.numbers(tx, {each for one in moved for each in (one.from_case, one.to_case)})
    return CaseSheet(
        view,
        tuple(each for each in planned if each.item_id in shown),
        names(tx),
        notes=tuple(notes.notes_of(tx, case_id, viewer=actor.user_id)),
        moves=tuple(moved),
        numbers=numbers,
        present=present,
        band=banding.band_of_case(tx, case_id),
    )


def looking(
    tx: Tx, sheet: CaseSheet, shown: ItemView, *, actor: Actor, policy: Policy, now: datetime
) -> Looking:
    """Return what makes looking at an item unnecessary, or easier, for this person. policy: of the rules."""
    if actor.user_id is None or not actor.may(Permission.CASE_REVEAL):
        return Looking()
    may_file = shown.turn.may_file
    return Looking(
        same=same.offered(tx, sheet.view.case, shown.item, by=actor.analyst(), policy=policy)
        if may_file
        else None,
        seen_at=again.last_seen(tx, actor.user_id, shown.item, now=now),
        press=wellbeing.choices_of(tx, actor.user_id).press_to_show,
    )


def ask_to_see(  # noqa: PLR0913 - whose eyes, on what, how clearly, and by which rules
    database: Database,
    case_id: CaseId,
    item_id: ItemId,
    tier: Tier,
    *,
    actor: Actor,
    session_id: SessionId,
    limits: ViewLimits,
    exposure: ExposureRules,
    own_request: bool = False,
    now: datetime,
) -> Ticket:
    """Record that this person asks to see an item, and hand out the ticket for it: see `viewing`.

    Whoever asks for too much is refused, which is on record; over the limit of a day the leads are alarmed.
    exposure: how long one person may look. own_request: they know that they have seen it before. Raises
    NotAllowed, TooManyViews, and what `viewing.open_reveal` raises.
    """
    actor.require(Permission.CASE_REVEAL)
    by = actor.analyst()
    try:
        with database.begin() as tx:
            opened = viewing.open_reveal(
                tx,
                case_id,
                item_id,
                tier,
                by=by,
                now=now,
                limits=limits,
                exposure=exposure,
                own_request=own_request,
            )
            secret = viewing.issue_ticket(tx, opened.id, session_id=session_id)
            return Ticket(opened.id, opened.ends_by - now, secret)
    except TooManyViews as refused:
        with database.begin() as tx:
            viewing.note_refusal(tx, refused, by=by, now=now)
            if refused.is_daily:
                raise_alarm(tx, TOO_MANY_VIEWS, f"user:{by}", now=now)
        raise
