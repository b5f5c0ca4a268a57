"""Filters that people save, and what they ask of many cases at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
KINDS = "'note', 'for_lead', 'for_everybody', 'ask_skill', 'drop_skill', 'let_go', 'merge'"
LEFT_OUT = "'not_found', 'settled', 'conflict', 'risk', 'held', 'at_work', 'already', 'changed', 'cannot', 'not_allowed'"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(btrim(name)) between 1 and 60", name=op.f("ck_saved_filter_some_name")),
        sa.ForeignKeyConstraint(["owner_id"], ["app_user.id"], name=op.f("fk_saved_filter_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("owner_id", "name", name="uq_saved_filter_name"),
    )
    op.create_index("ix_saved_filter_shared", "saved_filter", ["shared"], postgresql_where=sa.text("shared"))
    op.create_table(
        "bulk_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("target_id", sa.UUID(), nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.CheckConstraint(f"kind in ({KINDS})", name=op.f("ck_bulk_change_kind_known")),
        sa.CheckConstraint("finished_at is null or words is null", name=op.f("ck_bulk_change_words_go")),
        sa.CheckConstraint(
            "finished_at is null or confirmed_at is not null", name=op.f("ck_bulk_change_confirmed_first")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["app_user.id"], name=op.f("fk_bulk_change_asked_by")),
        sa.ForeignKeyConstraint(["target_id"], ["review_case.id"], name=op.f("fk_bulk_change_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_change")),
    )
    op.create_index("ix_bulk_change_asked_at", "bulk_change", ["asked_at"])
    op.create_table(
        "bulk_case",
        sa.Column("bulk_id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("left_out", sa.Text(), nullable=True),
        sa.CheckConstraint(f"left_out in ({LEFT_OUT})", name=op.f("ck_bulk_case_left_out_known")),
        sa.CheckConstraint("done_at is null or left_out is null", name=op.f("ck_bulk_case_done_or_left")),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulk_change.id"], name=op.f("fk_bulk_case_bulk_id"), ondelete="cascade"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_bulk_case_case_id")),
        sa.PrimaryKeyConstraint("bulk_id", "case_id", name=op.f("pk_bulk_case")),
    )


def downgrade() -> None:
    """Take the change back."""
    for table in ("bulk_case", "bulk_change", "saved_filter"):
        op.drop_table(table)
