"""Legal holds on what came without bytes: a clock may be about the record of an item."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

TABLE = "retention_clock"
PAPERS, HELD = "ck_retention_clock_papers_are_of_reports", "ck_retention_clock_records_are_held"
BEFORE = (
    "case basis when 'uk_reference' then media_id is null"
    " when 'us_preservation' then true when 'uk_content' then true else media_id is not null end"
)
AFTER = (
    "case basis when 'uk_reference' then media_id is null"
    " when 'us_preservation' then true when 'uk_content' then true"
    " when 'legal_hold' then num_nonnulls(media_id, item_id) = 1 else media_id is not null end"
)


def upgrade() -> None:
    """Apply the change."""
    op.add_column(TABLE, sa.Column("item_id", sa.UUID(), nullable=True))
    op.create_foreign_key(op.f("fk_retention_clock_item_id"), TABLE, "item", ["item_id"], ["id"])
    op.drop_constraint(op.f(PAPERS), TABLE, type_="check")
    op.create_check_constraint(op.f(PAPERS), TABLE, AFTER)
    op.create_check_constraint(op.f(HELD), TABLE, "item_id is null or basis = 'legal_hold'")
    op.create_index(
        "ix_retention_clock_item_id", TABLE, ["item_id"], postgresql_where=sa.text("item_id is not null")
    )
    _only_one_open(["about", "basis", "media_id", "item_id"])


def downgrade() -> None:
    """Take the change back. Holds on what came without bytes cannot be written any more, and are lost."""
    op.execute("delete from retention_clock where item_id is not null")
    _only_one_open(["about", "basis", "media_id"])
    op.drop_index("ix_retention_clock_item_id", TABLE)
    op.drop_constraint(op.f(HELD), TABLE, type_="check")
    op.drop_constraint(op.f(PAPERS), TABLE, type_="check")
    op.create_check_constraint(op.f(PAPERS), TABLE, BEFORE)
    op.drop_column(TABLE, "item_id")


def _only_one_open(columns: list[str]) -> None:
    op.drop_index("uq_retention_clock_open", TABLE)
    op.create_index(
        "uq_retention_clock_open",
        TABLE,
        columns,
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("ended_at is null"),
    )
