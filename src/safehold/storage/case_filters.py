"""What a filter asks, as conditions for statements over open cases. It writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.model.case import CaseState
from safehold.model.case_filter import CaseFilter, Holder
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId
from safehold.model.queue import Lane
from safehold.storage import case_queue, conflicts, golden
from safehold.storage.cases import review_case
from safehold.storage.database import Tx
from safehold.storage.hash_lists import hash_list
from safehold.storage.tables import TextArray

FEW = 10_000
"""So many cases at most are found by an index and then put in order."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: the person that "me" is, who they are as somebody who assesses, if they do.

    concerned: the same where they are shown what waits for them, and nothing that waits for others.
    """

    person: UUID | None
    analyst: AnalystId | None = None
    concerned: AnalystId | None = None


def lanes_of(wanted: CaseFilter, among: Sequence[Lane]) -> list[Lane]:
    """Return the lanes in which cases can be what the filter asks, as far as that is settled by the lane."""
    return [
        lane
        for lane in among
        if (not wanted.queues or lane.purpose in wanted.queues)
        and (not wanted.kinds or wanted.kinds & set(lane.kinds))
        and (not wanted.stages or lane.stage in wanted.stages)
        and (not wanted.skill or wanted.skill in lane.skills)
        and wanted.for_lead in (None, lane.for_lead)
    ]


def first(
    tx: Tx,
    wanted: CaseFilter,
    among: Sequence[Lane],
    viewer: Viewer,
    *,
    limit: int,
    now: datetime,
    few: int = FEW,
) -> list[CaseId]:
    """Return the first open cases of a filter in these lanes, in the order in which they are offered."""
    tx.plan_for_values()
    of_few = _asks_for_few(tx, wanted, few)
    return _first(tx, wanted, among, viewer, limit=limit, now=now, of_few=of_few)


def first_and_count(
    tx: Tx,
    wanted: CaseFilter,
    among: Sequence[Lane],
    viewer: Viewer,
    *,
    limit: int,
    most: int,
    now: datetime,
    few: int = FEW,
) -> tuple[list[CaseId], int, bool]:
    """Return the same as `first`, how many there are, and whether those are all.

    At most so many are looked through for the count, where there are more than the first ones.
    """
    tx.plan_for_values()
    of_few = _asks_for_few(tx, wanted, few)
    at_once = max(limit, most + 1) if of_few else limit
    found = _first(tx, wanted, among, viewer, limit=at_once, now=now, of_few=of_few)
    if len(found) < at_once or of_few:
        return found[:limit], min(len(found), most), len(found) <= most
    asked = _conditions(wanted, viewer, now, of_few=False)
    counted = case_queue.some_ids(tx, lanes_of(wanted, among), most + 1, *asked)
    are_all, counted = len(counted) <= most, counted[:most]
    if viewer.concerned is not None:
        counted = case_queue.those_of_concern(tx, counted, viewer.concerned)
    return found, max(len(counted), len(found)), are_all


def _first(
    tx: Tx,
    wanted: CaseFilter,
    among: Sequence[Lane],
    viewer: Viewer,
    *,
    limit: int,
    now: datetime,
    of_few: bool,
) -> list[CaseId]:
    lanes, asked = lanes_of(wanted, among), _conditions(wanted, viewer, now, of_few=of_few)
    if viewer.concerned is not None:
        return case_queue.first_of_concern(tx, lanes, limit, viewer.concerned, *asked, of_few=of_few)
    return case_queue.first_ids(tx, lanes, limit, *asked, of_few=of_few)


def _asks_for_few(tx: Tx, wanted: CaseFilter, few: int) -> bool:
    """Say whether few open cases are so: these are found by an index, whoever may know of them.

    Counted and not estimated: what is asked goes together, or against each other.
    """
    asked = _of_traits(wanted, review_case.c.traits)
    if not asked:
        return False
    some = sa.select(sa.literal(1)).where(review_case.c.state == CaseState.OPEN.value, *asked)
    counted = sa.select(sa.func.count()).select_from(some.limit(few + 1).subquery())
    return int(tx.run(counted).scalar_one()) <= few


def _conditions(
    wanted: CaseFilter, viewer: Viewer, now: datetime, *, of_few: bool
) -> list[sa.ColumnElement[bool]]:
    """Return what lanes do not settle of a filter, as conditions.

    Golden items are nobody else's; and what the items of a case are is not told to whoever knows somebody in
    it, neither by finding it nor by counting it.
    """
    traits = review_case.c.traits
    # Where many are so the lanes are read in order. Of the other index, which does not know this expression,
    # much would be read for each lane.
    of_traits = _of_traits(wanted, traits if of_few else traits + sa.cast([], TextArray))
    asked = [*of_traits, *_asked(wanted, viewer.person, now)]
    asked.append(golden.not_of_others(review_case, viewer.analyst))
    if wanted.asks_items and viewer.person is not None:
        asked.append(conflicts.knows_nobody_in(review_case.c.id, viewer.person))
    return asked


def _of_traits(wanted: CaseFilter, traits: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    """Return what is asked of what is kept as traits. A list and kinds of signal are asked of one match."""
    all_of = [f"why {reason.value}" for reason in sorted(wanted.reasons)]
    if wanted.surface:
        all_of.append(f"surface {wanted.surface}")
    of = "signal" if wanted.list_id is None else f"list {wanted.list_id}"
    one_of = [f"{of} {signal}" for signal in sorted(wanted.signals)]
    if wanted.list_id is not None and not one_of:
        all_of.append(of)
    asked = [traits.contains(all_of)] if all_of else []
    return [*asked, traits.overlap(one_of)] if one_of else asked


def _asked(wanted: CaseFilter, person: UUID | None, now: datetime) -> list[sa.ColumnElement[bool]]:
    case = review_case.c
    asked: list[sa.ColumnElement[bool]] = []
    if wanted.need_from:
        asked.append(case.priority >= wanted.need_from)
    if wanted.open_hours:
        asked.append(case.opened_at <= now - timedelta(hours=wanted.open_hours))
    if wanted.due_hours is not None:
        asked.append(case.decide_by < now + timedelta(hours=wanted.due_hours))
    if wanted.practice is not None:
        asked.append(case.rehearsal == sa.literal(wanted.practice))
    if wanted.held is not None:
        asked.append(_held(wanted.held, person, now))
    return asked


def known_skills(among: Sequence[Lane]) -> list[str]:
    """Return the skills that open cases of these lanes ask for."""
    return sorted({skill for lane in among for skill in lane.skills})


def known_lists(tx: Tx, queues: Collection[Purpose]) -> list[tuple[UUID, str]]:
    """Return the lists of these queues that are in use, by name."""
    statement = sa.select(hash_list.c.id, hash_list.c.name).where(
        hash_list.c.withdrawn_at.is_(None), hash_list.c.purpose.in_([queue.value for queue in queues])
    )
    return [(row.id, row.name) for row in tx.run(statement.order_by(hash_list.c.name))]


def _held(by: Holder, person: UUID | None, now: datetime) -> sa.ColumnElement[bool]:
    holds = sa.func.coalesce(review_case.c.locked_until > now, sa.false())
    mine = sa.func.coalesce(review_case.c.locked_by == person, sa.false())
    match by:
        case Holder.NOBODY:
            return ~holds
        case Holder.ME:
            return sa.and_(holds, mine)
        case Holder.OTHERS:
            return sa.and_(holds, ~mine)
