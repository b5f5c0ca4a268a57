"""Emergencies: declared risks to life, each with its clock, until it was reported or withdrawn."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.authority_report import AuthorityReportState
from safehold.model.emergency import Emergency, EmergencyEnd
from safehold.model.ids import CaseId, EmergencyId, ItemId, MediaId, UserId
from safehold.storage import admission
from safehold.storage.authority_reports import authority_report
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.tables import Instant, Uuid, is_among, metadata, one_of, owned_by, writes

emergency = sa.Table(
    "emergency",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("item_id", sa.ForeignKey("item.id")),
    sa.Column("declared_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("declared_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("answered_by", sa.ForeignKey("app_user.id")),
    sa.Column("answered_at", Instant),
    sa.Column("ended_how", sa.Text),
    sa.Column("ended_by", sa.ForeignKey("app_user.id")),
    sa.Column("ended_at", Instant),
    # To whom it was reported and under which reference, or why it was withdrawn.
    sa.Column("words", sa.Text),
    one_of("ended_how", EmergencyEnd),
    sa.CheckConstraint("due_at > declared_at", name="clock_runs_forward"),
    sa.CheckConstraint("(answered_by is null) = (answered_at is null)", name="answered_together"),
    sa.CheckConstraint(
        "num_nonnulls(ended_how, ended_by, ended_at, words) in (0, 4)", name="ended_with_a_reason"
    ),
    sa.CheckConstraint("length(btrim(words)) between 3 and 1000", name="says_something"),
    sa.Index("ix_emergency_case_id", "case_id"),
    sa.Index("uq_emergency_standing", "case_id", unique=True, postgresql_where=sa.text("ended_at is null")),
)

owned_by("review", emergency)


@writes(emergency)
def insert(tx: Tx, declared: Emergency) -> bool:
    """Record an emergency. False, and nothing written, while another stands in the same case."""
    statement = postgresql.insert(emergency).values(
        id=declared.id,
        case_id=declared.case_id,
        item_id=declared.item_id,
        declared_by=declared.declared_by,
        declared_at=declared.declared_at,
        due_at=declared.due_at,
    )
    once = statement.on_conflict_do_nothing(
        index_elements=[emergency.c.case_id], index_where=emergency.c.ended_at.is_(None)
    )
    return tx.run(once.returning(emergency.c.id)).first() is not None


@writes(emergency)
def set_answered(tx: Tx, emergency_id: EmergencyId, *, by: UserId, at: datetime) -> bool:
    """Note who is at it. False when somebody was before, or it has ended."""
    waits = emergency.update().where(
        emergency.c.id == emergency_id, emergency.c.answered_by.is_(None), emergency.c.ended_at.is_(None)
    )
    return tx.run(waits.values(answered_by=by, answered_at=at)).rowcount == 1


@writes(emergency)
def set_ended(
    tx: Tx, emergency_id: EmergencyId, *, how: EmergencyEnd, words: str, by: UserId, at: datetime
) -> bool:
    """End an emergency. False when it has ended before."""
    stands = emergency.update().where(emergency.c.id == emergency_id, emergency.c.ended_at.is_(None))
    return tx.run(stands.values(ended_how=how.value, ended_by=by, ended_at=at, words=words)).rowcount == 1


def get(tx: Tx, emergency_id: EmergencyId) -> Emergency | None:
    """Return one emergency, None when there is none."""
    row = tx.run(sa.select(emergency).where(emergency.c.id == emergency_id)).one_or_none()
    return _emergency(row) if row else None


def standing_in(tx: Tx, case_id: CaseId) -> Emergency | None:
    """Return the emergency that stands in a case, None when none does."""
    found = sa.select(emergency).where(emergency.c.case_id == case_id, emergency.c.ended_at.is_(None))
    row = tx.run(found).one_or_none()
    return _emergency(row) if row else None


def standing_among(tx: Tx, case_ids: Collection[CaseId]) -> set[CaseId]:
    """Return those of these cases in which one stands."""
    found = sa.select(emergency.c.case_id).where(
        is_among(emergency.c.case_id, case_ids), emergency.c.ended_at.is_(None)
    )
    return {CaseId(case_id) for case_id in tx.run(found).scalars()}


def newest(tx: Tx, *, reader: UserId, limit: int) -> list[tuple[Emergency, int]]:
    """Return emergencies with the number of their case, of which this person may know.

    Those that stand first, then the newest.
    """
    statement = (
        sa.select(emergency, review_case.c.number)
        .join(review_case, review_case.c.id == emergency.c.case_id)
        .where(admission.of_user_and_case(review_case.c.id, reader))
        .order_by(emergency.c.ended_at.is_not(None), emergency.c.declared_at.desc(), emergency.c.id.desc())
        .limit(limit)
    )
    return [(_emergency(row), int(row.number)) for row in tx.run(statement)]


def last_practised(tx: Tx) -> datetime | None:
    """Return when somebody last declared one in a case for practice alone, None where nobody ever did."""
    statement = (
        sa.select(sa.func.max(emergency.c.declared_at))
        .join(review_case, review_case.c.id == emergency.c.case_id)
        .where(review_case.c.rehearsal)
    )
    found: datetime | None = tx.run(statement).scalar_one()
    return found


def still_standing(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these have not ended."""
    stands = sa.select(emergency.c.id).where(emergency.c.id.in_(ids), emergency.c.ended_at.is_(None))
    return set(tx.run(stands).scalars())


def unreported(tx: Tx, now: datetime) -> dict[EmergencyId, datetime]:
    """Return those that stand and have no report filed, though it was due before this instant, and when."""
    filed = sa.exists().where(
        authority_report.c.emergency_id == emergency.c.id,
        authority_report.c.state == AuthorityReportState.FILED.value,
    )
    late = sa.select(emergency.c.id, emergency.c.due_at).where(
        emergency.c.ended_at.is_(None), emergency.c.due_at < now, ~filed
    )
    return {EmergencyId(row.id): row.due_at for row in tx.run(late)}


def declared_about(tx: Tx, media_id: MediaId) -> list[datetime]:
    """Return when each risk to life that was not withdrawn was declared in a case with some media.

    Oldest first. It asks for no more than the API's role may read.
    """
    cases = (
        sa.select(case_item.c.case_id)
        .join(item, item.c.id == case_item.c.item_id)
        .where(item.c.media_id == media_id)
    )
    statement = (
        sa.select(emergency.c.declared_at)
        .where(
            emergency.c.case_id.in_(cases),
            emergency.c.ended_how.is_distinct_from(EmergencyEnd.WITHDRAWN.value),
        )
        .order_by(emergency.c.declared_at)
    )
    return list(tx.run(statement).scalars())


def media_in(tx: Tx, case_id: CaseId) -> list[MediaId]:
    """Return the media of the items of a case, by id."""
    statement = (
        sa.select(item.c.media_id)
        .join(case_item, case_item.c.item_id == item.c.id)
        .where(case_item.c.case_id == case_id, item.c.media_id.is_not(None))
        .distinct()
        .order_by(item.c.media_id)
    )
    return [MediaId(row.media_id) for row in tx.run(statement)]


def _emergency(row: Any) -> Emergency:
    return Emergency(
        id=EmergencyId(row.id),
        case_id=CaseId(row.case_id),
        item_id=ItemId(row.item_id) if row.item_id else None,
        declared_by=UserId(row.declared_by),
        declared_at=row.declared_at,
        due_at=row.due_at,
        answered_by=UserId(row.answered_by) if row.answered_by else None,
        answered_at=row.answered_at,
        ended_how=EmergencyEnd(row.ended_how) if row.ended_how else None,
        ended_by=UserId(row.ended_by) if row.ended_by else None,
        ended_at=row.ended_at,
        words=row.words,
    )
