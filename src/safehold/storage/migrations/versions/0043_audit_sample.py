"""What is drawn by lot for a person to look at, and how often classifiers said what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "audit_sample_day",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("share > 0 and share <= 0.01", name=op.f("ck_audit_sample_day_share_range")),
        sa.CheckConstraint("taken between 0 and chosen", name=op.f("ck_audit_sample_day_taken_of_chosen")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_sample_day")),
        sa.UniqueConstraint("surface", "day", "share", name="uq_audit_sample_day"),
    )
    op.create_table(
        "audit_draw",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("day_id", sa.UUID(), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["day_id"], ["audit_sample_day.id"], name=op.f("fk_audit_draw_day_id_audit_sample_day")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_audit_draw_item_id_item"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_audit_draw")),
    )
    op.create_table(
        "classifier_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("classifier", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("in_shadow", sa.Boolean(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("uploads", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("uploads > 0", name=op.f("ck_classifier_count_counted")),
        sa.PrimaryKeyConstraint(
            "day", "classifier", "version", "in_shadow", "known", "answer", name=op.f("pk_classifier_count")
        ),
    )
    op.create_index("ix_audit_draw_day_id", "audit_draw", ["day_id"])
    op.create_index("ix_audit_draw_until", "audit_draw", ["until"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("classifier_count")
    op.drop_table("audit_draw")
    op.drop_table("audit_sample_day")
