"""Two people agree before the whole of a conversation is read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "thread_request",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean()),
        sa.Column("decided_by", sa.UUID()),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(
            "length(btrim(reason)) between 10 and 1000", name=op.f("ck_thread_request_has_a_reason")
        ),
        sa.CheckConstraint(
            "approved is not true or decided_by <> asked_by", name=op.f("ck_thread_request_takes_two")
        ),
        sa.CheckConstraint(
            "num_nonnulls(approved, decided_by, decided_at) in (0, 3)",
            name=op.f("ck_thread_request_decided_together"),
        ),
        sa.CheckConstraint(
            "approved is not true or decided_at < asked_at + interval '24 hours'",
            name=op.f("ck_thread_request_agreed_in_time"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_thread_request_item_id_item")),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["app_user.id"], name=op.f("fk_thread_request_asked_by_app_user")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["app_user.id"], name=op.f("fk_thread_request_decided_by_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_request")),
    )
    op.create_index("ix_thread_request_item_id", "thread_request", ["item_id", "asked_at"])
    op.create_index("ix_thread_request_asked_at", "thread_request", ["asked_at"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("thread_request")
