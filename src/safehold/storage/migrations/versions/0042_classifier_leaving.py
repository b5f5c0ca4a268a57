"""How many pictures were handed to classifiers on other machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "classifier_leaving",
        sa.Column("classifier", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("pictures", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "length(destination) between 1 and 300", name=op.f("ck_classifier_leaving_says_where")
        ),
        sa.CheckConstraint("calls > 0 and pictures >= calls", name=op.f("ck_classifier_leaving_counts")),
        sa.PrimaryKeyConstraint("classifier", "destination", "day", name=op.f("pk_classifier_leaving")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("classifier_leaving")
