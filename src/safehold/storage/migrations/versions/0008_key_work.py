"""Objects about to be destroyed, for a copy of the ledger outside; frames that are seen in several ways."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and let a frame have more than one signal of a type."""
    op.create_table(
        "closing",
        sa.Column("object_id", sa.UUID(), nullable=False),
        sa.Column("begun_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["sealed_object.id"], name=op.f("fk_closing_object_id")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_closing")),
    )
    op.drop_constraint(op.f("pk_media_signal"), "media_signal")
    op.create_primary_key(
        op.f("pk_media_signal"), "media_signal", ["media_id", "signal_type", "frame", "value"]
    )


def downgrade() -> None:
    """Take it away, and of each frame all signals of a type but one."""
    op.execute(
        "delete from media_signal a using media_signal b where a.value > b.value"
        " and (a.media_id, a.signal_type, a.frame) = (b.media_id, b.signal_type, b.frame)"
    )
    op.drop_constraint(op.f("pk_media_signal"), "media_signal")
    op.create_primary_key(op.f("pk_media_signal"), "media_signal", ["media_id", "signal_type", "frame"])
    op.drop_table("closing")
