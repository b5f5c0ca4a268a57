"""Look-back: hosts that keep signals, the entries that each has to ask, what was found, and rehearsals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UUID = postgresql.UUID(as_uuid=True)
INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "lookback_store",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("swept_at", INSTANT),
    )
    op.create_table(
        "lookback_task",
        sa.Column("store_id", UUID, sa.ForeignKey("lookback_store.id", ondelete="CASCADE"), nullable=False),
        sa.Column("list_id", UUID, sa.ForeignKey("hash_list.id"), nullable=False),
        sa.Column("from_seq", sa.BigInteger, nullable=False),
        sa.Column("to_seq", sa.BigInteger, nullable=False),
        sa.Column("next_seq", sa.BigInteger, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "list_id", "from_seq"),
        sa.CheckConstraint("from_seq <= next_seq and next_seq <= to_seq", name="in_order"),
    )
    op.create_table(
        "lookback_match",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("event_id", UUID, sa.ForeignKey("event.id"), nullable=False),
        sa.Column("list_id", UUID, sa.ForeignKey("hash_list.id"), nullable=False),
        sa.Column("surface", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("found_on", sa.Date, nullable=False),
        sa.UniqueConstraint("event_id"),
        sa.UniqueConstraint("list_id", "surface", "reference", "found_on", name="uq_lookback_match_once"),
        sa.CheckConstraint("length(reference) between 1 and 64", name="reference_length"),
    )
    op.create_index("ix_lookback_match_day", "lookback_match", ["surface", "day"])
    op.create_table(
        "lookback_rehearsal",
        sa.Column("list_id", UUID, sa.ForeignKey("hash_list.id"), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "at"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("lookback_rehearsal")
    op.drop_table("lookback_match")
    op.drop_table("lookback_task")
    op.drop_table("lookback_store")
