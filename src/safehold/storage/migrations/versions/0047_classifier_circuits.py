"""Which classifiers are left alone because they do not answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "classifier_circuit",
        sa.Column("classifier", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("failed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("failed_at >= opened_at", name=op.f("ck_classifier_circuit_in_order")),
        sa.CheckConstraint("length(why) between 1 and 60", name=op.f("ck_classifier_circuit_says_why")),
        sa.PrimaryKeyConstraint("classifier", name=op.f("pk_classifier_circuit")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("classifier_circuit")
