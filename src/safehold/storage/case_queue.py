"""The queue: which cases wait, in which order, and which one somebody is offered. It writes nothing.

Open cases fall into lanes: what all cases of one have in common, by columns of one index. Who may go on
with a case is settled lane by lane, and the first of each lane is found by the index, however many cases
there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.band import Band
from safehold.model.case import Case, CaseState, WaitsFor
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId
from safehold.model.queue import COUNTED_TO, Lane, Stage
from safehold.storage import admission, conflicts, golden, recusals, turns
from safehold.storage.case_passes import case_pass
from safehold.storage.cases import LANE, case_item, case_of, review_case
from safehold.storage.conflicts import declared_conflict
from safehold.storage.database import Tx
from safehold.storage.tables import is_among

PEEKED = (4, 32, 256)
"""How many cases are looked at before one is taken: more only where others take them at the same instant."""
LOOKED_THROUGH = 200
"""Cases that are looked through to say how many are left to others."""

_LANES = sa.text("""
with recursive lane as (
  (select purpose, stage, for_lead, other_purposes, exposure_kinds, skills, band from review_case
   where state = 'open' order by 1, 2, 3, 4, 5, 6, 7 limit 1)
  union all
  select next.* from lane l cross join lateral (
    select c.purpose, c.stage, c.for_lead, c.other_purposes, c.exposure_kinds, c.skills, c.band
    from review_case c
    where c.state = 'open'
      and (c.purpose, c.stage, c.for_lead, c.other_purposes, c.exposure_kinds, c.skills, c.band)
      > (l.purpose, l.stage, l.for_lead, l.other_purposes, l.exposure_kinds, l.skills, l.band)
    order by 1, 2, 3, 4, 5, 6, 7 limit 1
  ) next
)
select * from lane
""")
_ORDER = (review_case.c.turn_at, review_case.c.id)
_IS_OPEN = review_case.c.state == CaseState.OPEN.value


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """One line of the queue: the case, how many items it has, how many of them wait for a person.

    passes: how many analysts passed it on.
    """

    case: Case
    items: int
    waiting: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSize:
    """How many cases of one purpose are open, and how many of them are past the date they were due.

    Either is counted as far as COUNTED_TO: so many may be more.
    """

    purpose: Purpose
    open: int
    overdue: int


def lanes(tx: Tx) -> list[Lane]:
    """Return every lane in which a case is open."""
    return [
        Lane(
            purpose=Purpose(row.purpose),
            stage=Stage(row.stage),
            for_lead=row.for_lead,
            other_purposes=tuple(Purpose(each) for each in row.other_purposes),
            kinds=tuple(ExposureKind(each) for each in row.exposure_kinds),
            skills=tuple(row.skills),
            band=Band(row.band) if row.band else None,
        )
        for row in tx.run(_LANES)
    ]


def waiting(
    tx: Tx, among: Sequence[Lane], *, limit: int, analyst: AnalystId | None = None
) -> list[CaseSummary]:
    """Return open cases of these lanes in the order in which they are offered.

    analyst: those alone that this person holds or in which something waits for them, or is being settled.
    Cases of golden items are theirs alone who meet them.
    """
    not_golden = golden.not_of_others(review_case, analyst)
    if analyst is None:
        found = first_ids(tx, among, limit, not_golden)
    else:
        found = first_of_concern(tx, among, limit, analyst, not_golden)
    return summaries(tx, found)


def summaries(tx: Tx, found: Collection[CaseId]) -> list[CaseSummary]:
    """Return these cases as lines of the queue, in the order in which they are offered."""
    joined, left = _counted(), _counted(only_waiting=True)
    passes = sa.select(sa.func.count()).where(case_pass.c.case_id == review_case.c.id).scalar_subquery()
    columns = (review_case, joined.label("joined"), left.label("still_waiting"), passes.label("passes"))
    statement = sa.select(*columns).where(review_case.c.id.in_(found)).order_by(*_ORDER)
    return [
        CaseSummary(case=case_of(row), items=row.joined, waiting=row.still_waiting, passes=row.passes)
        for row in tx.run(statement)
    ]


def left_to_others(tx: Tx, among: Sequence[Lane], *, analyst: AnalystId, most: int) -> int:
    """Return how many open cases of these lanes wait for others than this person, counted as far as `most`.

    The first LOOKED_THROUGH of them are looked through.
    """
    found = first_ids(tx, among, LOOKED_THROUGH, golden.not_of_others(review_case, analyst))
    statement = sa.select(review_case.c.id).where(review_case.c.id.in_(found), ~of_concern(analyst))
    return len(tx.run(statement.limit(most)).all())


def kept_away(tx: Tx, *, queues: Iterable[Purpose], analyst: AnalystId, most: int) -> int:
    """Return in how many open cases all that waits is contested and was decided by this person.

    Counted as far as `most`, of those that anybody else can go on with.
    """
    statement = sa.select(review_case.c.id).where(
        _IS_OPEN,
        review_case.c.stage == Stage.ANYBODY.value,
        recusals.in_case(review_case, analyst),
        _of(queues),
        admission.of_user_and_case(review_case.c.id, analyst),
        ~of_concern(analyst),
    )
    return len(tx.run(statement.limit(most)).all())


def sizes(
    tx: Tx, *, queues: Iterable[Purpose], now: datetime, analyst: AnalystId | None = None
) -> list[QueueSize]:
    """Return how many cases are open in each of these queues, for whoever works in all of them.

    analyst: whose golden items count like any case, lest they can be told from others; nobody else's do.
    """
    known = [purpose.value for purpose in queues]
    inside = review_case.c.other_purposes.contained_by(known)
    theirs = sa.true() if len(known) == len(Purpose) else inside
    opened = _counted_by_queue(tx, known, analyst, theirs)
    overdue = _counted_by_queue(tx, known, analyst, theirs, review_case.c.decide_by < now)
    return [
        QueueSize(purpose=Purpose(purpose), open=opened[purpose], overdue=overdue[purpose])
        for purpose in sorted(opened)
        if opened[purpose]
    ]


def _counted_by_queue(
    tx: Tx, known: Sequence[str], analyst: AnalystId | None, *conditions: sa.ColumnElement[bool]
) -> Counter[str]:
    queue = sa.func.unnest(sa.cast(known, sa.ARRAY(sa.Text))).table_valued("purpose").render_derived("queue")
    of_it = (
        sa.select(review_case.c.purpose)
        .where(_IS_OPEN, review_case.c.purpose == queue.c.purpose, *conditions)
        .correlate(queue)
    )
    # In the order of the lanes, whose index begins with the queue and is read as far as is counted.
    some = of_it.order_by(review_case.c.stage).limit(COUNTED_TO).lateral("some")
    # Apart: whether it is one of the few golden items would have to be asked of each case.
    others = of_it.where(golden.of_others(review_case, analyst)).lateral("others")
    counts: Counter[str] = Counter()
    for each, sign in ((some, 1), (others, -1)):
        counted = sa.select(queue.c.purpose, sa.func.count().label("cases")).select_from(
            queue.join(each, sa.true())
        )
        for row in tx.run(counted.group_by(queue.c.purpose)):
            if counts[row.purpose] < COUNTED_TO:
                counts[row.purpose] += sign * row.cases
    return counts


def find_held(tx: Tx, *, purposes: Iterable[Purpose], analyst: AnalystId, now: datetime) -> Case | None:
    """Return the first case that this analyst holds and can go on with, locked against other changes."""
    mine = sa.and_(review_case.c.locked_by == analyst, review_case.c.locked_until > now)
    return _locked(tx, mine, *_offered(tx, analyst, now), _of(purposes))


def find_next(tx: Tx, among: Sequence[Lane], *, analyst: AnalystId, now: datetime) -> Case | None:
    """Return the first case of these lanes that this analyst can take, locked against other changes.

    None when none is left. Left out: cases that another analyst holds or is taking this instant, that this
    analyst passed on or has a conflict of interest about, or in which nothing waits for this very person.
    """
    conditions = _offered(tx, analyst, now)
    for most in PEEKED:
        found = first_ids(tx, among, most, *conditions)
        if not found:
            return None
        case = _locked(tx, review_case.c.id.in_(found), *conditions)
        if case is not None or len(found) < most:
            return case
    return None


def find_passed(
    tx: Tx, *, purposes: Iterable[Purpose], analyst: AnalystId, before: datetime, now: datetime, limit: int
) -> list[Case]:
    """Return open cases that this analyst passed on before an instant, and could go on with all the same."""
    passed = sa.exists().where(
        case_pass.c.case_id == review_case.c.id,
        case_pass.c.analyst_id == analyst,
        case_pass.c.passed_at <= before,
    )
    statement = (
        sa.select(review_case)
        .where(passed, *_can_go_on(tx, analyst, now), _of(purposes), _IS_OPEN)
        .order_by(*_ORDER)
        .limit(limit)
    )
    return [case_of(row) for row in tx.run(statement)]


def could_take(tx: Tx, case_id: CaseId, analyst: AnalystId) -> bool:
    """Say whether a case could be offered to somebody once it is free."""
    return bool(those_to_take(tx, [case_id], analyst))


def those_to_take(tx: Tx, case_ids: Collection[CaseId], analyst: AnalystId) -> set[CaseId]:
    """Return those of these cases that could be offered to somebody once they are free."""
    conditions = (*_unconflicted(tx, analyst), ~_passed(analyst), _waits_for(analyst))
    wanted = is_among(review_case.c.id, case_ids)
    statement = sa.select(review_case.c.id).where(wanted, _IS_OPEN, *conditions)
    return {CaseId(case_id) for case_id in tx.run(statement).scalars()}


def next_item(tx: Tx, case_id: CaseId, analyst: AnalystId, *, but: ItemId | None = None) -> ItemId | None:
    """Return the first item of a case that waits for this person, another than `but`; None when none does."""
    statement = (
        sa.select(case_item.c.item_id)
        .where(case_item.c.case_id == case_id, turns.waits_for_this_person(case_item, analyst))
        .where(sa.true() if but is None else case_item.c.item_id != but)
        .order_by(case_item.c.joined_at, case_item.c.item_id)
        .limit(1)
    )
    row = tx.run(statement).first()
    return ItemId(row.item_id) if row else None


def concerns(tx: Tx, case_id: CaseId, analyst: AnalystId) -> bool:
    """Say whether something in a case waits for this person, or is being settled."""
    return tx.run(sa.select(1).where(review_case.c.id == case_id, of_concern(analyst))).first() is not None


def first_of_concern(
    tx: Tx,
    among: Sequence[Lane],
    limit: int,
    analyst: AnalystId,
    *conditions: sa.ColumnElement[bool],
    of_few: bool = False,
) -> list[CaseId]:
    """Return the first cases of these lanes that concern this person. of_few: as for `first_ids`."""
    # Mostly nearly all do: then few need to be looked at one by one.
    first = first_ids(tx, among, 2 * limit, *conditions, of_few=of_few)
    found = those_of_concern(tx, first, analyst)[:limit]
    if len(found) == limit or len(first) < 2 * limit:
        return found
    return first_ids(tx, among, limit, *conditions, of_concern(analyst), of_few=of_few)


def first_ids(
    tx: Tx,
    among: Sequence[Lane],
    limit: int,
    *conditions: sa.ColumnElement[bool],
    of_few: bool = False,
) -> list[CaseId]:
    """Return the first cases of these lanes, in order.

    of_few: few open cases of all lanes are as the conditions say, and an index finds them: these are ordered,
    where else the lanes are read in order until enough are found.
    """
    if not among:
        return []
    lane = _unnested(among)
    if of_few:
        found = _of_few(lane, conditions)
        statement = found.order_by(*(found.selected_columns[name] for name in ("turn_at", "id"))).limit(limit)
        return [CaseId(case_id) for case_id in tx.run(statement).scalars()]
    of_lane = _first_of_lane(lane, limit, conditions)
    statement = sa.select(of_lane.c.id).select_from(lane.join(of_lane, sa.true()))
    statement = statement.order_by(of_lane.c.turn_at, of_lane.c.id).limit(limit)
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]


def some_ids(tx: Tx, among: Sequence[Lane], limit: int, *conditions: sa.ColumnElement[bool]) -> list[CaseId]:
    """Return some cases of these lanes, the first of some lanes: what is enough to count them."""
    if not among:
        return []
    lane = _unnested(among)
    of_lane = _first_of_lane(lane, limit, conditions)
    statement = sa.select(of_lane.c.id).select_from(lane.join(of_lane, sa.true())).limit(limit)
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]


def those_of_concern(tx: Tx, found: Collection[CaseId], analyst: AnalystId) -> list[CaseId]:
    """Return those of these cases that concern this person, in the order in which they are offered."""
    # Given apart, lest it is asked of every case there is before anything else.
    wanted = is_among(review_case.c.id, found)
    statement = sa.select(review_case.c.id).where(wanted, of_concern(analyst)).order_by(*_ORDER)
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]


def _first_of_lane(
    lane: sa.TableValuedAlias, limit: int, conditions: Iterable[sa.ColumnElement[bool]]
) -> sa.FromClause:
    return (
        sa.select(review_case.c.id, review_case.c.turn_at)
        .where(*_in_lane(lane), *conditions)
        .order_by(*_ORDER)
        .limit(limit)
        .correlate(lane)
        .lateral("first")
    )


def _of_few(lane: sa.TableValuedAlias, conditions: Iterable[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """Return the id and turn of cases of these lanes of which the conditions hold.

    Worked out in this order: of how many a lane has nobody knows enough to leave it to an estimate, by which
    one part was looked through anew for each row of the other.
    """
    case = review_case.c
    few = (
        sa.select(case.id, case.turn_at, *(case[name] for name in LANE))
        .where(_IS_OPEN, *conditions)
        .cte("few")
        .prefix_with("materialized")
    )
    return sa.select(few.c.id, few.c.turn_at).join(lane, sa.and_(*_in_lane(lane, few.c)))


def _in_lane(
    lane: sa.TableValuedAlias, case: sa.ColumnCollection[str, Any] | None = None
) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the condition that an open case is of a lane. case: columns of cases that are open, else all."""
    of, arrays = case or review_case.c, ("other_purposes", "exposure_kinds", "skills")
    return (
        sa.true() if case else _IS_OPEN,
        of.purpose == lane.c.purpose,
        of.stage == lane.c.stage,
        of.for_lead == sa.cast(lane.c.for_lead, sa.Boolean),
        of.band == lane.c.band,
        *(of[name] == sa.cast(lane.c[name], review_case.c[name].type) for name in arrays),
    )


def _unnested(among: Sequence[Lane]) -> sa.TableValuedAlias:
    columns: dict[str, list[str]] = {
        "purpose": [lane.purpose.value for lane in among],
        "stage": [lane.stage.value for lane in among],
        "for_lead": [str(lane.for_lead) for lane in among],
        "other_purposes": [_array(lane.other_purposes) for lane in among],
        "exposure_kinds": [_array(lane.kinds) for lane in among],
        "skills": [_array(lane.skills) for lane in among],
        "band": [lane.band.value if lane.band is not None else "" for lane in among],
    }
    texts = (sa.cast(values, sa.ARRAY(sa.Text)) for values in columns.values())
    return sa.func.unnest(*texts).table_valued(*columns).render_derived("lane")


def _array(values: Collection[str]) -> str:
    # As the column's own text: these are words of ours and checked tags, without quotes.
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


def _locked(tx: Tx, *conditions: sa.ColumnElement[bool]) -> Case | None:
    statement = sa.select(review_case).where(_IS_OPEN, *conditions).order_by(*_ORDER).limit(1)
    row = tx.run(statement.with_for_update(skip_locked=True)).first()
    return case_of(row) if row else None


def _of(purposes: Iterable[Purpose]) -> sa.ColumnElement[bool]:
    return review_case.c.purpose.in_([purpose.value for purpose in purposes])


def _offered(tx: Tx, analyst: AnalystId, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_can_go_on(tx, analyst, now), ~_passed(analyst))


def _can_go_on(tx: Tx, analyst: AnalystId, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    free = sa.or_(
        review_case.c.locked_by.is_(None),
        review_case.c.locked_by == analyst,
        review_case.c.locked_until <= now,
    )
    return (free, _waits_for(analyst), *_unconflicted(tx, analyst))


def _unconflicted(tx: Tx, analyst: AnalystId) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions that keep somebody away; conflicts are asked about only where they have one."""
    known = sa.and_(
        golden.not_of_others(review_case, analyst), admission.of_user_and_case(review_case.c.id, analyst)
    )
    standing = sa.select(declared_conflict.c.id).where(
        declared_conflict.c.user_id == analyst, declared_conflict.c.ended_at.is_(None)
    )
    if tx.run(standing.limit(1)).first() is None:
        return (known,)
    return (known, ~conflicts.of_user_and_case(review_case.c.id, analyst))


def _passed(analyst: AnalystId) -> sa.ColumnElement[bool]:
    return sa.exists().where(case_pass.c.case_id == review_case.c.id, case_pass.c.analyst_id == analyst)


def _waits_for(analyst: AnalystId) -> sa.ColumnElement[bool]:
    return _some_item(turns.waits_for_this_person(case_item, analyst))


def of_concern(analyst: AnalystId) -> sa.ColumnElement[bool]:
    """Return the condition that something in a case waits for this person or is settled, or they hold it."""
    theirs = turns.waits_for_this_person(case_item, analyst)
    soon = case_item.c.waits_for == WaitsFor.SETTLING.value
    held = sa.func.coalesce(review_case.c.locked_by == analyst, sa.false())
    # Where nobody is kept from anything in it, what its stage says is enough.
    anybodys = sa.and_(review_case.c.stage == Stage.ANYBODY.value, ~recusals.in_case(review_case, analyst))
    return sa.or_(anybodys, _some_item(sa.or_(theirs, soon)), held)


def _some_item(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    # A plain subquery, worked out for the cases that are looked at: "exists" would be for all there are.
    found = (
        sa.select(sa.literal(True))
        .where(case_item.c.case_id == review_case.c.id, condition)
        .correlate(review_case)
        .limit(1)
        .scalar_subquery()
    )
    return found.is_not(None)


def _counted(*, only_waiting: bool = False) -> sa.ScalarSelect[Any]:
    statement = sa.select(sa.func.count()).where(case_item.c.case_id == review_case.c.id)
    if only_waiting:
        statement = statement.where(case_item.c.waits_for.is_not(None))
    return statement.scalar_subquery()
