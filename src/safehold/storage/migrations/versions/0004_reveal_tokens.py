"""Tickets that fetch one showing once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the digest of a showing's ticket, and the session that it was asked for in."""
    op.add_column("reveal", sa.Column("token_digest", sa.LargeBinary()))
    op.add_column("reveal", sa.Column("session_id", sa.UUID()))
    op.create_unique_constraint(op.f("uq_reveal_token_digest"), "reveal", ["token_digest"])


def downgrade() -> None:
    """Take them away."""
    op.drop_constraint(op.f("uq_reveal_token_digest"), "reveal", type_="unique")
    op.drop_column("reveal", "session_id")
    op.drop_column("reveal", "token_digest")
