"""What a reported page shows, and appeals that people left by the reference of a statement of reasons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
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
    op.create_table(
        "left_appeal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.UUID(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("left_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("length(by) between 1 and 200", name=op.f("ck_left_appeal_by_bounded")),
        sa.CheckConstraint(
            "length(statement) between 1 and 4000", name=op.f("ck_left_appeal_statement_bounded")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_left_appeal")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("left_appeal")
    op.drop_table("reported_item")
