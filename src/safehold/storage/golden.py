"""Golden items: harmless pictures with a known answer, and the cases in which people met them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Finding
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, MediaId
from safehold.storage.assessments import assessment
from safehold.storage.cases import review_case
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.reveals import reveal
from safehold.storage.tables import Instant, metadata, one_of, owned_by, writes

golden_item = sa.Table(
    "golden_item",
    metadata,
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("expected", sa.Text, nullable=False),
    sa.Column("loaded_at", Instant, nullable=False),
    # It is offered, and its bytes are kept, until then.
    sa.Column("until", Instant, nullable=False),
    sa.CheckConstraint("purpose in ('csam', 'intimate_images', 'own_terms')", name="purpose_is_no_rehearsal"),
    # Nobody is shown anything severe for the sake of a figure.
    sa.CheckConstraint("expected in ('not_illegal', 'out_of_remit')", name="is_harmless"),
    sa.CheckConstraint("until <= loaded_at + interval '366 days'", name="ends_within_a_year"),
)

golden_case = sa.Table(
    "golden_case",
    metadata,
    sa.Column("case_id", sa.ForeignKey("review_case.id"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("golden_item.item_id"), nullable=False),
    sa.Column("analyst_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("begun_at", Instant, nullable=False),
    sa.Column("answered_at", Instant),
    sa.Column("found", sa.Text),
    one_of("found", Finding),
    sa.CheckConstraint("(answered_at is null) = (found is null)", name="answered_together"),
    # New to that analyst: nobody meets the same one twice.
    sa.UniqueConstraint("analyst_id", "item_id", name="uq_golden_case_once"),
)

owned_by("review", golden_item, golden_case)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenItem:
    """A golden item. met: how many people were offered it; answered: how many of them filed something."""

    item_id: ItemId
    media_id: MediaId
    purpose: Purpose
    expected: Finding
    loaded_at: datetime
    until: datetime
    met: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What somebody found of a golden item, and what had been expected."""

    case_id: CaseId
    number: int
    analyst_id: AnalystId
    expected: Finding
    found: Finding
    answered_at: datetime


def not_of_others(case: sa.Table, analyst: AnalystId | None) -> sa.ColumnElement[bool]:
    """Return the condition that a case is none of a golden item, or this analyst's own, for a statement."""
    return ~of_others(case, analyst)


def of_others(case: sa.Table, analyst: AnalystId | None) -> sa.ColumnElement[bool]:
    """Return the condition that a case is of a golden item and another person's, which few are."""
    return sa.exists().where(
        golden_case.c.case_id == case.c.id, golden_case.c.analyst_id.is_distinct_from(analyst)
    )


@writes(golden_item)
def insert(
    tx: Tx, item_id: ItemId, *, purpose: Purpose, expected: Finding, at: datetime, until: datetime
) -> None:
    """Record that an item is a golden one."""
    values = {"purpose": purpose.value, "expected": expected.value, "loaded_at": at, "until": until}
    tx.run(golden_item.insert().values(item_id=item_id, **values))


@writes(golden_item)
def set_until(tx: Tx, item_id: ItemId, until: datetime) -> None:
    """Let an item be offered, and kept, until another instant."""
    tx.run(golden_item.update().where(golden_item.c.item_id == item_id).values(until=until))


@writes(golden_case)
def insert_case(tx: Tx, case_id: CaseId, item_id: ItemId, *, analyst: AnalystId, at: datetime) -> None:
    """Record in which case somebody meets a golden item."""
    tx.run(golden_case.insert().values(case_id=case_id, item_id=item_id, analyst_id=analyst, begun_at=at))


@writes(golden_case)
def set_answer(tx: Tx, case_id: CaseId, *, found: Finding, at: datetime) -> bool:
    """Record what was found in a case; say whether it is one of a golden item that nobody had answered."""
    statement = (
        golden_case.update()
        .where(golden_case.c.case_id == case_id, golden_case.c.answered_at.is_(None))
        .values(found=found.value, answered_at=at)
    )
    return bool(tx.run(statement).rowcount)


def is_one(tx: Tx, case_id: CaseId) -> bool:
    """Say whether a case is there for somebody to meet a golden item."""
    found = sa.exists().where(golden_case.c.case_id == case_id)
    return bool(tx.run(sa.select(found)).scalar_one())


def among(tx: Tx, case_ids: Collection[CaseId]) -> set[CaseId]:
    """Return those of these cases that are there for somebody to meet a golden item."""
    found = sa.select(golden_case.c.case_id).where(golden_case.c.case_id.in_(list(case_ids)))
    return {CaseId(case_id) for case_id in tx.run(found).scalars()}


def is_of_another(tx: Tx, case_id: CaseId, analyst: AnalystId) -> bool:
    """Say whether a case is there for somebody else to meet a golden item."""
    found = sa.exists().where(golden_case.c.case_id == case_id, golden_case.c.analyst_id != analyst)
    return bool(tx.run(sa.select(found)).scalar_one())


def unseen(tx: Tx, analyst: AnalystId, purpose: Purpose, *, now: datetime, limit: int) -> list[GoldenItem]:
    """Return golden items that this person has neither met nor seen anywhere, the least met first."""
    met = sa.exists().where(
        golden_case.c.item_id == golden_item.c.item_id, golden_case.c.analyst_id == analyst
    )
    elsewhere = item.alias("elsewhere")
    seen = sa.exists().where(
        elsewhere.c.media_id == item.c.media_id,
        reveal.c.item_id == elsewhere.c.id,
        reveal.c.user_id == analyst,
    )
    wanted = _items(golden_item.c.purpose == purpose.value, golden_item.c.until > now, ~met, ~seen)
    statement = wanted.order_by(sa.text("met"), golden_item.c.loaded_at, golden_item.c.item_id).limit(limit)
    return [_golden(row) for row in tx.run(statement)]


def get(tx: Tx, item_id: ItemId) -> GoldenItem | None:
    """Return one golden item, None when it is none."""
    row = tx.run(_items(golden_item.c.item_id == item_id)).first()
    return _golden(row) if row else None


def listed(tx: Tx) -> list[GoldenItem]:
    """Return every golden item, the newest first."""
    statement = _items().order_by(golden_item.c.loaded_at.desc(), golden_item.c.item_id)
    return [_golden(row) for row in tx.run(statement)]


def counts(tx: Tx, analyst: AnalystId, *, since: datetime) -> tuple[int, int]:
    """Return how much somebody assessed since then that was ordinary, and how many golden items they met."""
    golden = sa.exists().where(golden_case.c.case_id == assessment.c.case_id)
    ordinary = sa.select(sa.func.count()).where(
        assessment.c.analyst_id == analyst, assessment.c.filed_at >= since, ~golden
    )
    met = sa.select(sa.func.count()).where(
        golden_case.c.analyst_id == analyst, golden_case.c.begun_at >= since
    )
    return int(tx.run(ordinary).scalar_one()), int(tx.run(met).scalar_one())


def left_lying(tx: Tx, *, before: datetime) -> list[CaseId]:
    """Return open cases of golden items that were begun before then and never answered."""
    statement = (
        sa.select(golden_case.c.case_id)
        .join(review_case, review_case.c.id == golden_case.c.case_id)
        .where(
            golden_case.c.answered_at.is_(None),
            golden_case.c.begun_at < before,
            review_case.c.state == "open",
        )
        .order_by(golden_case.c.case_id)
    )
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]


def answers(tx: Tx, *, since: datetime, until: datetime, analyst: AnalystId | None = None) -> list[Met]:
    """Return what was found of golden items from since, inclusive, to until, exclusive, the newest first."""
    statement = (
        sa.select(golden_case, golden_item.c.expected, review_case.c.number)
        .join(golden_item, golden_item.c.item_id == golden_case.c.item_id)
        .join(review_case, review_case.c.id == golden_case.c.case_id)
        .where(golden_case.c.answered_at >= since, golden_case.c.answered_at < until)
        .order_by(golden_case.c.answered_at.desc(), golden_case.c.case_id)
    )
    if analyst is not None:
        statement = statement.where(golden_case.c.analyst_id == analyst)
    return [
        Met(
            case_id=CaseId(row.case_id),
            number=row.number,
            analyst_id=AnalystId(row.analyst_id),
            expected=Finding(row.expected),
            found=Finding(row.found),
            answered_at=row.answered_at,
        )
        for row in tx.run(statement)
    ]


def _items(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    met = sa.select(sa.func.count()).where(golden_case.c.item_id == golden_item.c.item_id)
    answered = met.where(golden_case.c.answered_at.is_not(None))
    return (
        sa.select(
            golden_item,
            item.c.media_id,
            met.scalar_subquery().label("met"),
            answered.scalar_subquery().label("answered"),
        )
        .join(item, item.c.id == golden_item.c.item_id)
        .where(*where)
    )


def _golden(row: Any) -> GoldenItem:
    return GoldenItem(
        item_id=ItemId(row.item_id),
        media_id=MediaId(row.media_id),
        purpose=Purpose(row.purpose),
        expected=Finding(row.expected),
        loaded_at=row.loaded_at,
        until=row.until,
        met=row.met,
        answered=row.answered,
    )
