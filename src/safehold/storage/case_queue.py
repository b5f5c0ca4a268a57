"""The queue: which cases wait, in which order, and which one somebody is offered. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.case import Case, CaseState, WaitsFor
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId
from safehold.storage import conflicts, exposure, golden, turns
from safehold.storage.cases import ASSESSED, case_item, case_of, case_pass, review_case
from safehold.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """One line of the queue: the case, how many items it has, how many of them wait for a person.

    passes: how many analysts passed it on.
    """

    case: Case
    items: int
    waiting: int
    passes: int


def waiting(
    tx: Tx, *, purposes: Iterable[Purpose], limit: int, analyst: AnalystId | None = None
) -> list[CaseSummary]:
    """Return open cases, the highest priority first and among equals the one that waits longest.

    analyst: those alone that this person holds or in which something waits for them, or is being settled.
    """
    joined, left = _counted(), _counted(only_waiting=True)
    passes = sa.select(sa.func.count()).where(case_pass.c.case_id == review_case.c.id).scalar_subquery()
    columns = (review_case, joined.label("joined"), left.label("still_waiting"), passes.label("passes"))
    statement = _in_order(sa.select(*columns), purposes, analyst).limit(limit)
    if analyst is not None:
        statement = statement.where(_concerns(analyst))
    return [
        CaseSummary(case=case_of(row), items=row.joined, waiting=row.still_waiting, passes=row.passes)
        for row in tx.run(statement)
    ]


def left_to_others(tx: Tx, *, purposes: Iterable[Purpose], analyst: AnalystId, most: int) -> int:
    """Return how many open cases `waiting` leaves out for this person, counted as far as `most`."""
    # Only where somebody has assessed something can all of it wait for others.
    assessed = sa.select(case_item.c.case_id).where(ASSESSED)
    left = sa.select(review_case.c.id).where(
        *_open(purposes, analyst), review_case.c.id.in_(assessed), ~_concerns(analyst)
    )
    return len(tx.run(left.limit(most)).all())


def find_next(
    tx: Tx,
    *,
    purposes: Iterable[Purpose],
    analyst: AnalystId,
    now: datetime,
    last: Iterable[ExposureKind] = (),
) -> Case | None:
    """Return the first case that this analyst can take, locked against other changes; None when none is left.

    last: cases with material of these kinds come after all others.

    A case that this analyst still holds comes before all others: nobody hoards cases by asking twice.
    Left out: cases that another analyst holds or is taking this instant, that this analyst passed on or
    has a conflict of interest about, of a kind they opted out of, or in which nothing waits for this very
    person.
    """
    passed = sa.exists().where(case_pass.c.case_id == review_case.c.id, case_pass.c.analyst_id == analyst)
    waits = sa.exists().where(
        case_item.c.case_id == review_case.c.id, turns.waits_for_this_person(case_item, analyst)
    )
    free = sa.or_(
        review_case.c.locked_by.is_(None),
        review_case.c.locked_by == analyst,
        review_case.c.locked_until <= now,
    )
    mine = sa.and_(review_case.c.locked_by == analyst, review_case.c.locked_until > now)
    kept_from = conflicts.of_user_and_case(review_case.c.id, analyst)
    wanted = sa.and_(free, ~exposure.opted_out_of(review_case.c.exposure_kinds, analyst))
    put_last = [one.value for one in last]
    first = sa.and_(wanted, ~review_case.c.exposure_kinds.overlap(put_last)) if put_last else wanted
    statement = _in_order(sa.select(review_case), purposes, analyst).where(~passed, waits, ~kept_from)
    # Apart, so that none sorts all cases: few are theirs, and the others have an index in this order.
    for which in (mine, first, wanted) if put_last else (mine, first):
        row = tx.run(statement.where(which).limit(1).with_for_update(skip_locked=True)).first()
        if row is not None:
            return case_of(row)
    return None


def _in_order(
    statement: sa.Select[Any], purposes: Iterable[Purpose], analyst: AnalystId | None
) -> sa.Select[Any]:
    return statement.where(*_open(purposes, analyst)).order_by(
        review_case.c.priority.desc(), review_case.c.opened_at, review_case.c.id
    )


def _open(purposes: Iterable[Purpose], analyst: AnalystId | None) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        golden.not_of_others(review_case, analyst),
        review_case.c.state == CaseState.OPEN.value,
        review_case.c.purpose.in_([purpose.value for purpose in purposes]),
    )


def _concerns(analyst: AnalystId) -> sa.ColumnElement[bool]:
    theirs = turns.waits_for_this_person(case_item, analyst)
    soon = case_item.c.waits_for == WaitsFor.SETTLING.value
    # A plain subquery, worked out for the cases that are looked at: "exists" would be for all there are.
    waits = (
        sa.select(sa.literal(True))
        .where(case_item.c.case_id == review_case.c.id, sa.or_(theirs, soon))
        .correlate(review_case)
        .limit(1)
        .scalar_subquery()
    )
    return sa.or_(waits.is_not(None), sa.func.coalesce(review_case.c.locked_by == analyst, sa.false()))


def _counted(*, only_waiting: bool = False) -> sa.ScalarSelect[int]:
    statement = sa.select(sa.func.count()).where(case_item.c.case_id == review_case.c.id)
    if only_waiting:
        statement = statement.where(case_item.c.waits_for.is_not(None))
    return statement.scalar_subquery()
