"""What a filter asks, as conditions for statements over open cases. It writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.case import CaseState
from safehold.model.case_filter import CaseFilter, Holder, Reason
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId
from safehold.model.queue import Lane
from safehold.storage import case_queue, conflicts, golden
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.hash_lists import hash_list
from safehold.storage.items import item
from safehold.storage.matches import match

_PATHS = {
    Reason.AT_RISK: '$[*] ? (@.name == "child at risk now" && @.weight > 0)',
    Reason.CLOCK: '$[*] ? (@.name == "legal clock" && @.weight > 0)',
    Reason.REACH: '$[*] ? (@.name == "reach" && @.weight >= 20)',
    Reason.VETTED: '$[*] ? (@.name == "likelihood" && @.weight >= 25)',
    Reason.SEVERAL: '$[*] ? (@.name == "repeats" && @.weight > 0)',
}
"""Where a reason is found among the parts of a case's priority."""


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
    tx: Tx, wanted: CaseFilter, among: Sequence[Lane], viewer: Viewer, *, limit: int, now: datetime
) -> list[CaseId]:
    """Return the first open cases of a filter in these lanes, in the order in which they are offered."""
    lanes, asked = lanes_of(wanted, among), _conditions(wanted, viewer, now)
    if viewer.concerned is not None:
        return case_queue.first_of_concern(
            tx, lanes, limit, viewer.concerned, *asked, within=with_items(wanted)
        )
    return case_queue.first_ids(tx, lanes, limit, *asked, within=with_items(wanted))


def count(
    tx: Tx, wanted: CaseFilter, among: Sequence[Lane], viewer: Viewer, *, most: int, now: datetime
) -> tuple[int, bool]:
    """Return how many open cases of these lanes the filter has, and whether those are all.

    At most so many are looked through.
    """
    lanes, asked = lanes_of(wanted, among), _conditions(wanted, viewer, now)
    found = case_queue.some_ids(tx, lanes, most + 1, *asked, within=with_items(wanted))
    are_all, found = len(found) <= most, found[:most]
    if viewer.concerned is not None:
        found = case_queue.those_of_concern(tx, found, viewer.concerned)
    return len(found), are_all


def _conditions(wanted: CaseFilter, viewer: Viewer, now: datetime) -> list[sa.ColumnElement[bool]]:
    """Return what lanes do not settle of a filter, as conditions.

    Golden items are nobody else's; and what the items of a case are is not told to whoever knows somebody in
    it, neither by finding it nor by counting it.
    """
    asked = [*_asked(wanted, viewer.person, now), golden.not_of_others(review_case, viewer.analyst)]
    if wanted.asks_items and viewer.person is not None:
        asked.append(conflicts.knows_nobody_in(review_case.c.id, viewer.person))
    return asked


def _asked(wanted: CaseFilter, person: UUID | None, now: datetime) -> list[sa.ColumnElement[bool]]:
    case = review_case.c
    asked: list[sa.ColumnElement[bool]] = [_weighs(reason) for reason in sorted(wanted.reasons)]
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


def _weighs(reason: Reason) -> sa.ColumnElement[bool]:
    path = sa.cast(_PATHS[reason], postgresql.JSONPATH)
    return sa.func.jsonb_path_exists(review_case.c.priority_parts, path, type_=sa.Boolean)


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


def with_items(wanted: CaseFilter) -> sa.CTE | None:
    """Return the cases with items as they are asked for, worked out first; None where nothing is asked.

    Asked case by case it would depend on estimates whether few or all are looked at a thousand times.
    """
    asked: list[sa.Select[tuple[UUID]]] = []
    # What is settled grows for ever, and no filter is about it.
    is_open = sa.and_(review_case.c.id == case_item.c.case_id, review_case.c.state == CaseState.OPEN.value)
    in_open = sa.select(case_item.c.case_id).join(review_case, is_open)
    if wanted.surface:
        appeared = in_open.join(item, item.c.id == case_item.c.item_id)
        asked.append(appeared.where(item.c.surface == wanted.surface))
    if wanted.list_id is not None or wanted.signals:
        matched = in_open.join(match, match.c.item_id == case_item.c.item_id)
        if wanted.list_id is not None:
            matched = matched.where(match.c.list_id == wanted.list_id)
        if wanted.signals:
            matched = matched.where(match.c.signal_type.in_(sorted(wanted.signals)))
        asked.append(matched)
    if not asked:
        return None
    found = asked[0].distinct() if len(asked) == 1 else sa.intersect(*asked)
    return found.cte("with_items").prefix_with("materialized")
