"""What people enter for items of a report's checklist: who, when and in which state; the words are papers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

KINDS = "'report', 'file_details', 'transcript', 'receipt', 'pack'"


def upgrade() -> None:
    """Apply the change."""
    _kinds(f"{KINDS}, 'entered'")
    op.create_table(
        "checklist_entry",
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("has_value", sa.Boolean(), nullable=False),
        sa.Column("paper_id", sa.UUID(), nullable=False),
        sa.Column("entered_by", sa.UUID(), nullable=False),
        sa.Column("entered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("item ~ '^[a-z_]{2,40}$'", name=op.f("ck_checklist_entry_item_named")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["authority_report.id"], name=op.f("fk_checklist_entry_report_id")
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["app_user.id"], name=op.f("fk_checklist_entry_entered_by")),
        sa.PrimaryKeyConstraint("report_id", "item", name=op.f("pk_checklist_entry")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_checklist_entry_paper_id")),
    )


def _kinds(known: str) -> None:
    op.drop_constraint(op.f("ck_authority_paper_kind_known"), "authority_paper")
    op.create_check_constraint(op.f("ck_authority_paper_kind_known"), "authority_paper", f"kind in ({known})")


def downgrade() -> None:
    """Take the change back. What was entered is destroyed."""
    op.drop_table("checklist_entry")
    op.execute("delete from authority_paper where kind = 'entered'")
    _kinds(KINDS)
