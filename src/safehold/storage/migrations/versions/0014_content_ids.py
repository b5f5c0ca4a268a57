"""What a platform calls a content leads to its item without reading every row."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index("ix_item_context_content_id", "item_context", ["content_id"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_item_context_content_id", table_name="item_context")
