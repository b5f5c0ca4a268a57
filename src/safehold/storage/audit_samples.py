"""The audit sample: how often the lot fell on a clear upload, and which items were kept because of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.case import WaitsFor
from safehold.model.ids import CaseId, ItemId, new_id
from safehold.storage.assessments import outcome
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

audit_sample_day = sa.Table(
    "audit_sample_day",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("share", sa.Float, nullable=False),
    # How often the lot fell on an upload, also once the day was full: by it what was kept is counted up.
    sa.Column("chosen", sa.Integer, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.UniqueConstraint("surface", "day", "share", name="uq_audit_sample_day"),
    sa.CheckConstraint("share > 0 and share <= 0.01", name="share_range"),
    sa.CheckConstraint("taken between 0 and chosen", name="taken_of_chosen"),
)

audit_draw = sa.Table(
    "audit_draw",
    metadata,
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="cascade"), primary_key=True),
    sa.Column("day_id", sa.ForeignKey("audit_sample_day.id"), nullable=False),
    # Until when it is kept where nobody has looked at it.
    sa.Column("until", Instant, nullable=False),
    sa.Index("ix_audit_draw_day_id", "day_id"),
    sa.Index("ix_audit_draw_until", "until"),
)

owned_by("detect", audit_sample_day, audit_draw)


@dataclass(frozen=True, slots=True)
class Draw:
    """That the lot fell on an upload. until: when it is destroyed where nobody has looked at it."""

    day_id: UUID
    until: datetime


@writes(audit_sample_day)
def choose(tx: Tx, surface: str, day: date, *, share: float, a_day: int) -> UUID | None:
    """Count that the lot fell on an upload; return the day that it belongs to, None where that is full."""
    new = postgresql.insert(audit_sample_day).values(
        id=new_id(), surface=surface, day=day, share=share, chosen=1, taken=0
    )
    counted = new.on_conflict_do_update(
        constraint="uq_audit_sample_day", set_={"chosen": audit_sample_day.c.chosen + 1}
    ).returning(audit_sample_day.c.id, audit_sample_day.c.taken)
    row = tx.run(counted).one()
    if row.taken >= a_day:
        return None
    own = audit_sample_day.c.id == row.id
    tx.run(audit_sample_day.update().where(own).values(taken=audit_sample_day.c.taken + 1))
    return UUID(str(row.id))


@writes(audit_draw)
def insert(tx: Tx, item_id: ItemId, draw: Draw) -> None:
    """Record that an item is kept because the lot fell on it."""
    tx.run(audit_draw.insert().values(item_id=item_id, day_id=draw.day_id, until=draw.until))


def nobody_assessed(item_id: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """Return the condition that nobody has assessed an item yet, in any case that it lies in.

    It is told by what the item waits for, and by outcomes that stand or stood: what takes uploads in may read
    these, and no assessment.
    """
    moved_on = sa.exists().where(
        case_item.c.item_id == item_id, case_item.c.waits_for != WaitsFor.ASSESSMENT.value
    )
    return ~moved_on & ~sa.exists().where(outcome.c.item_id == item_id)


def unseen(tx: Tx, *, now: datetime, limit: int) -> list[tuple[CaseId, ItemId]]:
    """Return drawn items whose time is over and that nobody has assessed, in cases that nobody holds."""
    held = review_case.c.locked_until > now
    statement = (
        sa.select(case_item.c.case_id, case_item.c.item_id)
        .join(audit_draw, audit_draw.c.item_id == case_item.c.item_id)
        .join(review_case, review_case.c.id == case_item.c.case_id)
        .where(
            audit_draw.c.until <= now,
            case_item.c.waits_for == WaitsFor.ASSESSMENT.value,
            nobody_assessed(case_item.c.item_id),
            sa.func.coalesce(held, False).is_(False),
        )
        .order_by(case_item.c.case_id, case_item.c.item_id)
        .limit(limit)
    )
    return [(CaseId(row.case_id), ItemId(row.item_id)) for row in tx.run(statement)]
