"""What an operator published for everybody: technology, and figures of periods that never overlap."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

PUBLISHED = """
create function published() returns setof publication
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select * from publication order by published_at desc, id desc
$$
"""

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "publication",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("first_day", sa.Date()),
        sa.Column("last_day", sa.Date()),
        sa.Column("technology", postgresql.JSONB(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "(first_day is null) = (last_day is null)", name=op.f("ck_publication_period_whole")
        ),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_publication_period_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        postgresql.ExcludeConstraint(
            (sa.text("daterange(first_day, last_day, '[]')"), "&&"),
            where=sa.text("first_day is not null"),
            name="ex_publication_days",
            using="gist",
        ),
    )
    op.execute(PUBLISHED)


def downgrade() -> None:
    """Take the change back."""
    op.execute("drop function published()")
    op.drop_table("publication")
