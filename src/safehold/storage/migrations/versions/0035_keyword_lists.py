"""Lists of words that somebody may search for, encrypted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "keyword_list",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("words > 0", name=op.f("ck_keyword_list_has_words")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keyword_list")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("keyword_list")
