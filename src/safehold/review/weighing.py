"""Weighing: a case's parts are reckoned anew from what is known of its items, and put on record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from safehold.model.case import Case
from safehold.model.errors import NotFound
from safehold.model.ids import CaseId, ItemId
from safehold.model.queue import QueueRules, turn_at
from safehold.model.surface import LONGEST_UNSEEN
from safehold.review import priority
from safehold.review.banding import reckon_band
from safehold.storage import case_facts, case_urgency, case_weight, golden
from safehold.storage import cases as case_rows
from safehold.storage.case_urgency import Urgency
from safehold.storage.database import Tx

AS_NOTHING_SET = QueueRules()

LIVE_FOR = timedelta(hours=1)
"""How long after a frame of a live stream came it may be going on."""

UNSEEN_FOR = timedelta(days=LONGEST_UNSEEN)
"""How long what the lot fell on is kept while nobody has looked: what a golden item seems to be."""


def reckon(tx: Tx, case_id: CaseId, *, now: datetime, rules: QueueRules = AS_NOTHING_SET) -> None:
    """Weigh the case anew from what is known of its items now. What a list has withdrawn weighs nothing.

    rules: dates and skills that the organisation sets. What it asks for already it goes on asking for. Raises
    NotFound.
    """
    case = case_rows.get(tx, case_id)
    if case is None:
        raise NotFound("There is no such case.")
    kinds = case_weight.kinds(tx, case_id, case.purpose)
    case_urgency.set_contents(tx, case_id, kinds, skills=rules.skills_of(kinds))
    counts = case_weight.counts(tx, case_id)
    ours = [match for match in case_facts.sorts_of_matches(tx, case_id) if match.purpose is case.purpose]
    at_risk = case_weight.is_at_risk(tx, case_id)
    live_until = _live_until(tx, case_id, rules)
    live = live_until is not None and now < live_until
    banded = reckon_band(
        tx,
        case,
        reports=counts.reports,
        waits_for_nobody=bool(ours) or at_risk or live_until is not None,
        now=now,
    )
    weighed = priority.Weighed(
        matches=[match for match in ours if not match.withdrawn],
        flags=case_facts.flags_of_case(tx, case_id),
        reports=counts.reports,
        items=counts.items,
        not_held=counts.not_held,
        withdrawn=any(match.withdrawn for match in ours),
        held_on_nothing=counts.held_on_nothing,
        at_risk=at_risk,
        live=live,
        band=banded.band,
    )
    dates = (rules.decide_by(case.purpose, case.opened_at), _destroyed_first_at(tx, case))
    decide_by = min((date for date in dates if date is not None), default=None)
    clock = priority.Clock(case.opened_at, decide_by, now) if decide_by is not None else None
    parts = priority.weigh(weighed, clock)
    need = priority.added_up(parts)
    changes = (clock.weighs_more_at if clock else None, live_until if live else None)
    urgency = Urgency(
        priority=need,
        priority_parts=parts,
        turn_at=turn_at(case, priority=need, at_risk=at_risk),
        decide_by=decide_by,
        band=banded.queued,
        weigh_at=min((at for at in changes if at is not None), default=None),
    )
    case_urgency.set_urgency(tx, case_id, urgency)


def _live_until(tx: Tx, case_id: CaseId, rules: QueueRules) -> datetime | None:
    """Return until when something in the case that waits may be going on, None where nothing was live."""
    newest = case_weight.newest_waiting(tx, case_id, rules.live) if rules.live else None
    return None if newest is None else newest + LIVE_FOR


def _destroyed_first_at(tx: Tx, case: Case) -> datetime | None:
    """Return the day on which bytes of the case go; a golden item bears the date of what was drawn."""
    if golden.is_one(tx, case.id):
        return case.opened_at + UNSEEN_FOR
    return case_weight.destroyed_first_at(tx, case.id)


def weigh_soon(tx: Tx, item_ids: Iterable[ItemId], *, now: datetime) -> None:
    """Let the cases in which these items lie be weighed anew by the next sweep."""
    for item_id in item_ids:
        for case_id in sorted(case_rows.ids_of_item(tx, item_id)):
            case_urgency.weigh_soon(tx, case_id, now)


def reckon_due(tx: Tx, *, now: datetime, rules: QueueRules, limit: int) -> int:
    """Weigh anew the open cases whose parts weigh something else by now, at most `limit`; return how many."""
    due = case_urgency.to_weigh(tx, now, limit=limit)
    # In one order with whoever changes many cases: else they would wait for each other.
    for case_id in sorted(due):
        if case_rows.get(tx, case_id, for_change=True) is not None:
            reckon(tx, case_id, now=now, rules=rules)
    return len(due)
