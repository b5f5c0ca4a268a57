"""When the papers of an authority report were destroyed, and its clocks found by what they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("authority_report", sa.Column("papers_gone_at", sa.TIMESTAMP(timezone=True)))
    op.create_check_constraint(
        op.f("ck_authority_report_papers_outlast_it"), "authority_report", "papers_gone_at >= ended_at"
    )
    op.create_index("ix_retention_clock_about", "retention_clock", ["about"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_retention_clock_about", "retention_clock")
    op.drop_constraint(op.f("ck_authority_report_papers_outlast_it"), "authority_report", type_="check")
    op.drop_column("authority_report", "papers_gone_at")
