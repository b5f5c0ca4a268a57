"""Reported items: which items on record here a reported page shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "reported_item",
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_reported_item_item_id")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["inbound_report.id"], name=op.f("fk_reported_item_report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "item_id", name=op.f("pk_reported_item")),
    )
    op.create_index("ix_reported_item_item_id", "reported_item", ["item_id"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("reported_item")
