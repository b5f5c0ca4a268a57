"""What repeats an assessment is found without reading all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index(
        "ix_assessment_same_as", "assessment", ["same_as"], postgresql_where=sa.text("same_as is not null")
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_assessment_same_as", table_name="assessment")
