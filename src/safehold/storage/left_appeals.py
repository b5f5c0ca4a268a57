"""Appeals that people without an account left by a reference, until a worker takes them in.

The portal's role may insert here and nothing else: whether a reference exists is not its to find out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import AppealId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

LONGEST_STATEMENT = 4_000
"""Characters."""
LONGEST_NAME = 200
"""Characters."""

left_appeal = sa.Table(
    "left_appeal",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("reference", Uuid, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("left_at", Instant, nullable=False),
    sa.CheckConstraint(f"length(by) between 1 and {LONGEST_NAME}", name="by_bounded"),
    sa.CheckConstraint(f"length(statement) between 1 and {LONGEST_STATEMENT}", name="statement_bounded"),
)

owned_by("review", left_appeal)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAppeal:
    """An appeal that no worker has taken in. reference: as it was typed, of something or of nothing."""

    id: AppealId
    reference: UUID
    by: str = field(repr=False)
    statement: str = field(repr=False)
    left_at: datetime


@writes(left_appeal)
def insert(tx: Tx, left: LeftAppeal) -> None:
    """Record an appeal. Nothing is read."""
    tx.run(
        left_appeal.insert().values(
            id=left.id, reference=left.reference, by=left.by, statement=left.statement, left_at=left.left_at
        )
    )


def waiting(tx: Tx, *, limit: int) -> list[LeftAppeal]:
    """Return appeals that no worker has taken in, oldest first, locked; those locked already are left out."""
    statement = (
        sa.select(left_appeal)
        .order_by(left_appeal.c.left_at, left_appeal.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [
        LeftAppeal(
            id=AppealId(row.id),
            reference=row.reference,
            by=row.by,
            statement=row.statement,
            left_at=row.left_at,
        )
        for row in tx.run(statement)
    ]


@writes(left_appeal)
def forget(tx: Tx, appeal_ids: Collection[AppealId]) -> None:
    """Erase these: they were taken in, or belong to nothing."""
    tx.run(left_appeal.delete().where(left_appeal.c.id.in_(list(appeal_ids))))
