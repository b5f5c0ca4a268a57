"""What classifiers said of items that were kept, and which are switched off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "opinion",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("classifier", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("in_shadow", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.Text(), nullable=False),
        sa.Column("band", sa.Text()),
        sa.Column("score", sa.Float()),
        sa.Column("raw", sa.Text(), server_default="", nullable=False),
        sa.Column("milliseconds", sa.Float(), nullable=False),
        sa.Column("heard_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "answered in ('ok', 'abstain', 'unsupported', 'error', 'timeout')",
            name=op.f("ck_opinion_answered"),
        ),
        sa.CheckConstraint(
            "band in ('none', 'low', 'medium', 'high', 'very_high')", name=op.f("ck_opinion_band")
        ),
        sa.CheckConstraint(
            "(answered = 'ok') = (band is not null)", name=op.f("ck_opinion_band_of_an_answer")
        ),
        sa.CheckConstraint("score between 0 and 1", name=op.f("ck_opinion_score_range")),
        sa.CheckConstraint("length(raw) <= 1000", name=op.f("ck_opinion_raw_length")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_opinion_item_id_item"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
    )
    op.create_table(
        "classifier_stop",
        sa.Column("classifier", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("length(btrim(why)) between 3 and 500", name=op.f("ck_classifier_stop_says_why")),
        sa.PrimaryKeyConstraint("classifier", name=op.f("pk_classifier_stop")),
    )
    op.create_index("ix_opinion_item_id", "opinion", ["item_id"])
    op.create_index("ix_opinion_classifier", "opinion", ["classifier", "heard_at"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("classifier_stop")
    op.drop_table("opinion")
