"""What figures of quality are made from: what people found by themselves, and what lists said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Category, Finding
from safehold.model.ids import AnalystId, ItemId
from safehold.model.signal import PDQ
from safehold.storage.assessments import STANDS, assessment, outcome
from safehold.storage.cases import review_case
from safehold.storage.database import Tx
from safehold.storage.hash_lists import hash_list
from safehold.storage.matches import match

# As facts about a case reckon it: bits are bits of pdq alone, other types have distances of their own.
_NEAR = sa.case(
    (match.c.signal_type == PDQ, match.c.distance <= hash_list.c.hold_max_distance),
    else_=sa.or_(match.c.may_hold, match.c.distance == 0),
)
_TOGETHER = (assessment.c.case_id, assessment.c.item_id, assessment.c.round)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindAnswer:
    """What one person last found of an item, blind. unit: the same for all who assessed it together."""

    unit: tuple[Any, ...]
    analyst_id: AnalystId
    finding: Finding
    category: Category | None
    answers: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOutcome:
    """An outcome that stands, of something that a list knew at its holding distance or nearer."""

    list_name: str
    item_id: ItemId
    finding: Finding


def blind_answers(
    tx: Tx, *, since: datetime, limit: int, form: str, analyst: AnalystId | None = None
) -> list[BlindAnswer]:
    """Return the assessments of items that several people assessed blind, each person's last.

    Of the newest `limit` items; oldest assessments first. form: imagery or conduct. analyst: only items that
    this person is among. Rehearsals are left out.
    """
    counted = [
        assessment.c.blind,
        assessment.c.form == form,
        assessment.c.filed_at >= since,
        ~review_case.c.rehearsal,
    ]
    people = sa.func.count(assessment.c.analyst_id.distinct())
    shared = (
        sa.select(*_TOGETHER)
        .join(review_case, review_case.c.id == assessment.c.case_id)
        .where(*counted)
        .group_by(*_TOGETHER)
        .having(people > 1)
        .order_by(sa.func.max(assessment.c.filed_at).desc())
        .limit(limit)
    )
    if analyst is not None:
        shared = shared.having(sa.func.bool_or(assessment.c.analyst_id == analyst))
    statement = (
        sa.select(assessment)
        .where(assessment.c.blind, sa.tuple_(*_TOGETHER).in_(shared))
        .order_by(assessment.c.filed_at, assessment.c.id)
    )
    last = {(row.case_id, row.item_id, row.round, row.analyst_id): row for row in tx.run(statement)}
    return [
        BlindAnswer(
            unit=(row.case_id, row.item_id, row.round),
            analyst_id=AnalystId(row.analyst_id),
            finding=Finding(row.finding),
            category=Category(row.category) if row.category else None,
            answers=dict(row.answers),
        )
        for row in last.values()
    ]


def listed_outcomes(tx: Tx, *, since: datetime) -> list[ListedOutcome]:
    """Return what people settled about items that a list of the case's purpose knew closely enough to hold.

    One per list and item. Rehearsals are left out.
    """
    statement = (
        sa.select(hash_list.c.name, outcome.c.item_id, outcome.c.finding)
        .join(review_case, review_case.c.id == outcome.c.case_id)
        .join(match, match.c.item_id == outcome.c.item_id)
        .join(
            hash_list,
            sa.and_(hash_list.c.id == match.c.list_id, hash_list.c.purpose == review_case.c.purpose),
        )
        .where(
            STANDS,
            outcome.c.settled_at >= since,
            ~review_case.c.rehearsal,
            _NEAR,
        )
        .distinct()
        .order_by(hash_list.c.name, outcome.c.item_id)
    )
    return [
        ListedOutcome(list_name=row.name, item_id=ItemId(row.item_id), finding=Finding(row.finding))
        for row in tx.run(statement)
    ]
