"""What a case's priority is made from, added up by the database, also for a case of thousands of items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.assessment import Answer
from safehold.model.exposure import ExposureKind, kind_of
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId
from safehold.model.item import ItemKind
from safehold.storage.assessments import assessment
from safehold.storage.cases import case_item
from safehold.storage.database import Tx
from safehold.storage.emergencies import emergency
from safehold.storage.evidence import retention
from safehold.storage.hash_lists import entry, hash_list
from safehold.storage.holds import hold
from safehold.storage.inbound_reports import inbound_report
from safehold.storage.items import item
from safehold.storage.matches import match
from safehold.storage.withdrawn_matches import HAS_GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a case has. not_held: of its items that wait, those that others may still see.

    held_on_nothing: those that wait and are held although no match that may hold is left.
    """

    items: int
    reports: int
    not_held: int
    held_on_nothing: int


def counts(tx: Tx, case_id: CaseId) -> Counts:
    """Return how many items a case has, and how they stand."""
    is_held = sa.exists().where(hold.c.item_id == case_item.c.item_id, hold.c.released_at.is_(None))
    may_hold = sa.exists(
        sa.select(match.c.id)
        .join(entry, entry.c.id == match.c.entry_id)
        .where(match.c.item_id == case_item.c.item_id, match.c.may_hold, ~HAS_GONE)
    )
    # Not all of its columns: the console may read few of them.
    reported = sa.exists(
        sa.select(inbound_report.c.id).where(inbound_report.c.item_id == case_item.c.item_id)
    )
    one = (
        sa.select(
            case_item.c.waits_for.is_not(None).label("waits"),
            is_held.label("held"),
            may_hold.label("may_hold"),
            reported.label("reported"),
        )
        .where(case_item.c.case_id == case_id)
        .subquery()
    )

    def how_many(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(*conditions) if conditions else sa.func.count()

    statement = sa.select(
        how_many().label("items"),
        how_many(one.c.reported).label("reports"),
        how_many(one.c.waits, ~one.c.held).label("not_held"),
        how_many(one.c.waits, one.c.held, ~one.c.may_hold).label("held_on_nothing"),
    ).select_from(one)
    row = tx.run(statement).one()
    return Counts(
        items=row.items, reports=row.reports, not_held=row.not_held, held_on_nothing=row.held_on_nothing
    )


def kinds(tx: Tx, case_id: CaseId, purpose: Purpose) -> set[ExposureKind]:
    """Return what one would look at in a case, as far as lists of its purpose tell."""
    # From each item to what it matched. All that the case matched, joined with its items, would be worked out
    # anew for each of thousands where the database plans for any case and not for this one.
    of_purpose = match.join(
        hash_list, sa.and_(hash_list.c.id == match.c.list_id, hash_list.c.purpose == purpose.value)
    )
    of_item = (
        sa.select(item.c.kind, sa.func.array_agg(sa.distinct(match.c.category)).label("categories"))
        .select_from(
            case_item.join(item, item.c.id == case_item.c.item_id).outerjoin(
                of_purpose, match.c.item_id == item.c.id
            )
        )
        .where(case_item.c.case_id == case_id)
        .group_by(item.c.id, item.c.kind)
        .subquery()
    )
    return {
        kind_of(purpose, row.categories, conversation=row.kind == ItemKind.MESSAGES.value)
        for row in tx.run(sa.select(of_item).distinct())
    }


def is_at_risk(tx: Tx, case_id: CaseId) -> bool:
    """Say whether a person says so: a risk to life that was declared in this case stands, or of what still
    waits somebody found that a child is at risk now, and has found nothing else of it since.
    """
    declared = sa.select(emergency.c.id).where(emergency.c.case_id == case_id, emergency.c.ended_at.is_(None))
    if tx.run(declared.limit(1)).first() is not None:
        return True
    said = assessment.c.answers["child_at_risk_now"].astext == Answer.YES.value
    newest = (
        sa.select(said.label("says_so"))
        .ext(postgresql.distinct_on(assessment.c.item_id, assessment.c.analyst_id))
        .join(
            case_item,
            sa.and_(
                case_item.c.case_id == assessment.c.case_id,
                case_item.c.item_id == assessment.c.item_id,
                case_item.c.round == assessment.c.round,
                case_item.c.waits_for.is_not(None),
            ),
        )
        .where(assessment.c.case_id == case_id, assessment.c.form == "conduct")
        .order_by(
            assessment.c.item_id,
            assessment.c.analyst_id,
            assessment.c.filed_at.desc(),
            assessment.c.id.desc(),
        )
        .subquery()
    )
    return tx.run(sa.select(newest).where(newest.c.says_so).limit(1)).first() is not None


def newest_waiting(tx: Tx, case_id: CaseId, surfaces: Collection[str]) -> datetime | None:
    """Return when the newest of its waiting items that appeared on one of these surfaces was received."""
    statement = (
        sa.select(sa.func.max(item.c.received_at))
        .join(case_item, case_item.c.item_id == item.c.id)
        .where(
            case_item.c.case_id == case_id,
            case_item.c.waits_for.is_not(None),
            item.c.surface.in_(sorted(surfaces)),
        )
    )
    newest: datetime | None = tx.run(statement).scalar()
    return newest


def destroyed_first_at(tx: Tx, case_id: CaseId) -> datetime | None:
    """Return when the bytes of one of its waiting items are first destroyed, None where none will be."""
    statement = (
        sa.select(sa.func.min(retention.c.destroy_at))
        .join(item, item.c.media_id == retention.c.media_id)
        .join(case_item, case_item.c.item_id == item.c.id)
        .where(case_item.c.case_id == case_id, case_item.c.waits_for.is_not(None))
    )
    at: datetime | None = tx.run(statement).scalar_one()
    return at
