"""Days that were counted, and events by when they happened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None

# From one minute on, each class ends 2 to the power of 1/20 later than the one before: by 3.5 per cent.
LENGTH_CLASS = """
create function length_class(took interval) returns integer language sql immutable as $$
    select ceil(20 / ln(2::float8) * ln(greatest(extract(epoch from took)::float8, 60) / 60))::integer
$$
"""


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "counted_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_counted_day")),
    )
    op.create_table(
        "day_fact",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at_end", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("says", postgresql.JSONB(), nullable=False),
        sa.Column("took", sa.SmallInteger()),
        sa.Column("many", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("many > 0", name=op.f("ck_day_fact_something")),
        sa.ForeignKeyConstraint(
            ["day"], ["counted_day.day"], name=op.f("fk_day_fact_day_counted_day"), ondelete="cascade"
        ),
    )
    op.create_index("ix_day_fact_day", "day_fact", ["day", "at_end"])
    # Events come in the order of time: of a day only its own part of the table is read.
    op.create_index(
        "ix_event_at", "event", ["at"], postgresql_using="brin", postgresql_with={"pages_per_range": "16"}
    )
    op.execute(LENGTH_CLASS)


def downgrade() -> None:
    """Take the change back."""
    op.execute("drop function length_class(interval)")
    op.drop_index("ix_event_at", "event")
    op.drop_table("day_fact")
    op.drop_table("counted_day")
