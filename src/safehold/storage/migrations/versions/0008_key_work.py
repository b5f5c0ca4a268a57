"""Objects that are about to be destroyed, so that a copy of the ledger can be written outside first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "closing",
        sa.Column("object_id", sa.UUID(), nullable=False),
        sa.Column("begun_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["sealed_object.id"], name=op.f("fk_closing_object_id")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_closing")),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("closing")
