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
from safehold.review import again, cases, conflicts, same, viewing, wellbeing
from safehold.review.facts import CaseView, ItemView, facts
from safehold.review.rules import Policy
from safehold.review.same import StoredAssessment
from safehold.review.viewing import ViewLimits
from safehold.review.wellbeing import Budget, ExposureRules
from safehold.storage import alarms, audit
from safehold.storage.case_queue import CaseSummary
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

    left_to_others: how many are left out because the viewer has assessed what waits in them.
    """

    cases: tuple[CaseSummary, ...]
    people: People
    kept_from: frozenset[CaseId] = frozenset()
    left_to_others: int = 0


@dataclass(frozen=True, slots=True)
class CaseSheet:
    """A case, what is planned in it, and the names of the people who work here."""

    view: CaseView
    proposals: tuple[Proposal, ...]
    people: People


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


def queue(tx: Tx, *, actor: Actor) -> QueueView:
    """Return the queue by need, and which of its cases this person is kept from.

    Whoever assesses does not see the cases in which everything waits for others; who only reads sees all.
    """
    purposes = tuple(Purpose)
    analyst = actor.analyst() if actor.may(Permission.CASE_ASSESS) else None
    found = cases.queue(tx, purposes=purposes, limit=QUEUE_SHOWN, analyst=analyst)
    ids = [summary.case.id for summary in found]
    kept_from = conflicts.kept_from(tx, ids, actor.user_id) if actor.user_id else set()
    others = cases.left_to_others(tx, purposes=purposes, analyst=analyst) if analyst else 0
    return QueueView(tuple(found), names(tx), frozenset(kept_from), others)


def case(tx: Tx, case_id: CaseId, *, actor: Actor, now: datetime) -> CaseSheet:
    """Return a case as this person may see it, and put the view on record.

    Another person's assessment is shown to them once an outcome stands. Raises NotAllowed, NotFound, and
    ConflictOfInterest before anything of the case is read.
    """
    actor.require(Permission.CASE_READ)
    if actor.user_id is not None:
        conflicts.refuse_conflicted(tx, case_id, actor.user_id)
    viewer = actor.analyst() if actor.may(Permission.CASE_ASSESS) else None
    view = facts(tx, case_id, viewer=viewer)
    audit.append(tx, at=now, actor=actor.label, verb="case.view", object=f"case:{case_id}")
    planned = tuple(stored.proposal for stored in proposals.of_case(tx, case_id))
    return CaseSheet(view, planned, names(tx))


def looking(
    tx: Tx, sheet: CaseSheet, shown: ItemView, *, actor: Actor, policy: Policy, now: datetime
) -> Looking:
    """Return what makes looking at an item unnecessary, or easier, for this person. policy: of the rules."""
    if actor.user_id is None or not actor.may(Permission.CASE_REVEAL):
        return Looking()
    may_file = shown.turn.may_file
    return Looking(
        same=same.offered(tx, sheet.view.case, shown.item, policy=policy) if may_file else None,
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
