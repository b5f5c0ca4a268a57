"""Appeals: somebody contests what was done to an item."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from safehold.model.case import Appeal
from safehold.model.ids import AppealId, CaseId, ItemId
from safehold.storage.cases import case_item
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

appeal = sa.Table(
    "appeal",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    # Set where the whole case is contested; item_id is then the item that joined it first.
    sa.Column("case_id", sa.ForeignKey("review_case.id")),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Index("ix_appeal_item_id", "item_id"),
    sa.Index("ix_appeal_case_id", "case_id"),
)

owned_by("review", appeal)


@writes(appeal)
def insert(tx: Tx, received: Appeal, *, case_id: CaseId | None) -> None:
    """Record an appeal. case_id: set where the whole case is contested."""
    tx.run(
        appeal.insert().values(
            id=received.id,
            item_id=received.item_id,
            case_id=case_id,
            by=received.by,
            statement=received.statement,
            received_at=received.received_at,
        )
    )


def contested(tx: Tx, item_ids: Collection[ItemId]) -> set[ItemId]:
    """Return those of these items that an appeal contests, by itself or with a whole case."""
    by_case = sa.select(case_item.c.item_id).join(appeal, appeal.c.case_id == case_item.c.case_id)
    statement = (
        sa.select(appeal.c.item_id)
        .where(appeal.c.item_id.in_(item_ids))
        .union(by_case.where(case_item.c.item_id.in_(item_ids)))
    )
    return {ItemId(item_id) for item_id in tx.run(statement).scalars()}


def of_item(tx: Tx, item_id: ItemId) -> list[Appeal]:
    """Return the appeals that contest this item or a whole case in which it lies, oldest first."""
    cases = sa.select(case_item.c.case_id).where(case_item.c.item_id == item_id)
    statement = (
        sa.select(appeal)
        .where(sa.or_(appeal.c.item_id == item_id, appeal.c.case_id.in_(cases)))
        .order_by(appeal.c.received_at, appeal.c.id)
    )
    return [
        Appeal(
            id=AppealId(row.id),
            item_id=ItemId(row.item_id),
            by=row.by,
            statement=row.statement,
            received_at=row.received_at,
        )
        for row in tx.run(statement)
    ]
