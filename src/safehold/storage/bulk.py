"""What people asked of many cases at once: each case of it, what became of it, and why it was left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from safehold.model.bulk import BulkKind, LeftOut
from safehold.model.case import Case
from safehold.model.ids import AnalystId, BulkId, CaseId
from safehold.storage import golden
from safehold.storage.cases import case_of, review_case
from safehold.storage.database import Tx
from safehold.storage.emergencies import emergency
from safehold.storage.tables import Instant, Uuid, is_among, metadata, one_of, owned_by, writes

bulk_change = sa.Table(
    "bulk_change",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("asked_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("skill", sa.Text),
    # Only until it is carried out: from then on the words stand in the cases, and go with their accounts.
    sa.Column("words", sa.Text),
    # What they are merged into.
    sa.Column("target_id", sa.ForeignKey("review_case.id")),
    sa.Column("confirmed_at", Instant),
    sa.Column("finished_at", Instant),
    one_of("kind", BulkKind),
    sa.CheckConstraint("finished_at is null or words is null", name="words_go"),
    sa.CheckConstraint("finished_at is null or confirmed_at is not null", name="confirmed_first"),
    sa.Index("ix_bulk_change_asked_at", "asked_at"),
)

bulk_case = sa.Table(
    "bulk_case",
    metadata,
    sa.Column("bulk_id", sa.ForeignKey("bulk_change.id", ondelete="cascade"), primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), primary_key=True),
    # As it was when it was chosen: what changed since is left out.
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("done_at", Instant),
    sa.Column("left_out", sa.Text),
    one_of("left_out", LeftOut),
    sa.CheckConstraint("done_at is null or left_out is null", name="done_or_left"),
)

owned_by("review", bulk_change, bulk_case)

_WAITS = sa.and_(bulk_case.c.done_at.is_(None), bulk_case.c.left_out.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """What somebody asked of many cases. skill, words, target: where its kind has one.

    confirmed_at: since when it is carried out; finished_at: when that was over.
    """

    id: BulkId
    kind: BulkKind
    by: AnalystId
    at: datetime
    skill: str | None = None
    words: str | None = field(default=None, repr=False)
    target: CaseId | None = None
    confirmed_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCase:
    """One case of many. left_out: why it is left as it is. Without it and done_at it is still to be done."""

    case: Case
    revision: int
    done_at: datetime | None
    left_out: LeftOut | None


@writes(bulk_change, bulk_case)
def insert(tx: Tx, asked: Bulk, cases: Iterable[tuple[Case, LeftOut | None]]) -> None:
    """Record what is asked, and of which cases; those that are left out with why."""
    tx.run(
        bulk_change.insert().values(
            id=asked.id,
            kind=asked.kind.value,
            asked_by=asked.by,
            asked_at=asked.at,
            skill=asked.skill,
            words=asked.words,
            target_id=asked.target,
        )
    )
    rows = [
        {"bulk_id": asked.id, "case_id": case.id, "revision": case.revision, "left_out": why}
        for case, why in cases
    ]
    tx.run(bulk_case.insert(), rows)


def get(tx: Tx, bulk_id: BulkId, *, for_change: bool = False) -> Bulk | None:
    """Return what was asked, None when there is none. for_change: nobody else goes on with it meanwhile."""
    statement = sa.select(bulk_change).where(bulk_change.c.id == bulk_id)
    row = tx.run(statement.with_for_update() if for_change else statement).first()
    if row is None:
        return None
    return Bulk(
        id=BulkId(row.id),
        kind=BulkKind(row.kind),
        by=AnalystId(row.asked_by),
        at=row.asked_at,
        skill=row.skill,
        words=row.words,
        target=CaseId(row.target_id) if row.target_id else None,
        confirmed_at=row.confirmed_at,
        finished_at=row.finished_at,
    )


def cases_of(tx: Tx, bulk_id: BulkId) -> list[BulkCase]:
    """Return every case of it in the order in which they are offered."""
    statement = (
        sa.select(review_case, bulk_case.c.revision.label("then"), bulk_case.c.done_at, bulk_case.c.left_out)
        .join(bulk_case, bulk_case.c.case_id == review_case.c.id)
        .where(bulk_case.c.bulk_id == bulk_id)
        .order_by(review_case.c.turn_at, review_case.c.id)
    )
    return [
        BulkCase(
            case=case_of(row),
            revision=row.then,
            done_at=row.done_at,
            left_out=LeftOut(row.left_out) if row.left_out else None,
        )
        for row in tx.run(statement)
    ]


def still_to_do(tx: Tx, bulk_id: BulkId, *, limit: int) -> dict[CaseId, int]:
    """Return cases that are still to be done, by id, with the revision in which each was chosen."""
    statement = (
        sa.select(bulk_case.c.case_id, bulk_case.c.revision)
        .where(bulk_case.c.bulk_id == bulk_id, _WAITS)
        .order_by(bulk_case.c.case_id)
        .limit(limit)
    )
    return {CaseId(row.case_id): row.revision for row in tx.run(statement)}


def chosen(
    tx: Tx,
    case_ids: Collection[CaseId],
    *,
    not_golden_of_others_than: AnalystId | None = None,
    for_change: bool = False,
) -> list[Case]:
    """Return these cases, by id. for_change: nobody else changes them until the end.

    not_golden_of_others_than: without those in which others than this person meet a golden item.
    """
    statement = sa.select(review_case).where(review_case.c.id.in_(list(case_ids))).order_by(review_case.c.id)
    if not_golden_of_others_than is not None:
        statement = statement.where(golden.not_of_others(review_case, not_golden_of_others_than))
    return [case_of(row) for row in tx.run(statement.with_for_update() if for_change else statement)]


def at_risk(tx: Tx, case_ids: Collection[CaseId]) -> set[CaseId]:
    """Return those of these cases in which a risk to life stands."""
    stands = sa.select(emergency.c.case_id).where(
        emergency.c.case_id.in_(list(case_ids)), emergency.c.ended_at.is_(None)
    )
    return {CaseId(each) for each in tx.run(stands).scalars()}


@writes(bulk_change)
def set_confirmed(tx: Tx, bulk_id: BulkId, at: datetime) -> None:
    """Note that it is carried out from now on."""
    tx.run(bulk_change.update().where(bulk_change.c.id == bulk_id).values(confirmed_at=at))


@writes(bulk_change)
def set_finished(tx: Tx, bulk_id: BulkId, at: datetime) -> None:
    """Note that nothing of it is left to do, and let go of the words."""
    tx.run(bulk_change.update().where(bulk_change.c.id == bulk_id).values(finished_at=at, words=None))


@writes(bulk_case)
def set_results(tx: Tx, bulk_id: BulkId, results: Mapping[CaseId, LeftOut | None], *, at: datetime) -> None:
    """Store what became of these cases: None where it was done."""
    done = [case_id for case_id, why in results.items() if why is None]
    _set(tx, bulk_id, done, done_at=at)
    for why in LeftOut:
        _set(tx, bulk_id, [case_id for case_id, found in results.items() if found is why], left_out=why.value)


@writes(bulk_change)
def forget(tx: Tx, *, unconfirmed_before: datetime, before: datetime) -> None:
    """Delete what was asked and not confirmed before an instant, and all that was asked before another."""
    asked, confirmed = bulk_change.c.asked_at, bulk_change.c.confirmed_at
    left_lying = sa.and_(confirmed.is_(None), asked < unconfirmed_before)
    over = sa.and_(bulk_change.c.finished_at.is_not(None), asked < before)
    tx.run(bulk_change.delete().where(sa.or_(left_lying, over)))


def _set(tx: Tx, bulk_id: BulkId, case_ids: Sequence[CaseId], **values: object) -> None:
    if case_ids:
        among = is_among(bulk_case.c.case_id, case_ids)
        tx.run(bulk_case.update().where(bulk_case.c.bulk_id == bulk_id, among).values(**values))
