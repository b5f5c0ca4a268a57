"""When a platform says that what it was asked to remove is gone: the time to removal follows from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "removal",
        sa.Column("proposal_id", sa.UUID(), nullable=False),
        sa.Column("gone_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("told_by", sa.UUID()),
        sa.CheckConstraint("gone_at <= told_at", name=op.f("ck_removal_told_afterwards")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_removal_proposal_id_proposal")
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_removal")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("removal")
