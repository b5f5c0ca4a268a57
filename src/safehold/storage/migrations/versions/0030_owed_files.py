"""Files that a report of a risk to life went without: owed, then brought by one report and no other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

OLD_REASONS = (
    "'operator_in_us', 'operator_in_uk', 'linked_to_uk', 'hotline_of_country', 'voluntary',"
    " 'risk_to_life', 'reversed', 'more_found', 'already_reported', 'duplicate_forbidden', 'not_illegal',"
    " 'outside_purpose', 'no_destination', 'destination_off'"
)
NEW_REASONS = "'files_follow', 'practice_over'"
OLD_UNVERIFIED = "not unverified or emergency_id is not null"
UNVERIFIED = f"{OLD_UNVERIFIED} or (relation is not null and relation = 'supplement')"


def upgrade() -> None:
    """Apply the change."""
    _check("authority_report", "reasons_known", f"reasons <@ array[{OLD_REASONS}, {NEW_REASONS}]")
    _check("authority_report", "unverified_in_emergencies_alone", UNVERIFIED)
    op.add_column("authority_report_item", sa.Column("file", sa.Text()))
    conditions = {
        "file_known": "file in ('owed', 'brought')",
        "brings_what_was_told_before": "file <> 'brought' or not first_told",
    }
    for name, condition in conditions.items():
        op.create_check_constraint(
            op.f(f"ck_authority_report_item_{name}"), "authority_report_item", condition
        )
    op.create_index(
        "ix_authority_report_item_owed",
        "authority_report_item",
        ["report_id"],
        postgresql_where=sa.text("file = 'owed' and stands"),
    )
    op.create_index(
        "uq_authority_report_item_brought",
        "authority_report_item",
        ["item_id", "destination"],
        unique=True,
        postgresql_where=sa.text("file = 'brought' and stands"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("authority_report_item", "file")
    op.execute("update authority_report set unverified = false where emergency_id is null")
    op.execute("update authority_report set reasons = array_replace(reasons, 'files_follow', 'more_found')")
    op.execute("update authority_report set reasons = array_remove(reasons, 'practice_over')")
    _check("authority_report", "unverified_in_emergencies_alone", OLD_UNVERIFIED)
    _check("authority_report", "reasons_known", f"reasons <@ array[{OLD_REASONS}]")


def _check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
