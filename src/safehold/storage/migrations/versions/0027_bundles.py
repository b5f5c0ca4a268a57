"""Bundles for hand-over: requests, what exactly was asked for, and who agreed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "bundle_request",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recipients", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recipient_name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean()),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("decided_by", sa.UUID()),
        sa.Column("co_signature", sa.LargeBinary()),
        sa.Column("co_signer", sa.LargeBinary()),
        sa.Column("made", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(
            "cardinality(recipients) between 1 and 8", name=op.f("ck_bundle_request_has_recipients")
        ),
        sa.CheckConstraint(
            "length(btrim(recipient_name)) between 3 and 200 and length(btrim(purpose)) between 10 and 1000",
            name=op.f("ck_bundle_request_says_for_whom_and_why"),
        ),
        sa.CheckConstraint(
            "approved is not true or"
            " ((decided_by is not null and decided_by <> asked_by) <> (co_signature is not null))",
            name=op.f("ck_bundle_request_takes_two"),
        ),
        sa.CheckConstraint(
            "(approved is null) = (decided_at is null)", name=op.f("ck_bundle_request_decided_together")
        ),
        sa.CheckConstraint(
            "(co_signature is null) = (co_signer is null)", name=op.f("ck_bundle_request_signed_by_somebody")
        ),
        sa.CheckConstraint(
            "made between 0 and 3 and (made = 0 or approved is true)",
            name=op.f("ck_bundle_request_made_as_approved"),
        ),
        sa.CheckConstraint(
            "(made = 0) = (made_at is null) and made_at < asked_at + interval '7 days'",
            name=op.f("ck_bundle_request_made_in_time"),
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["app_user.id"], name=op.f("fk_bundle_request_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["app_user.id"], name=op.f("fk_bundle_request_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_request")),
    )
    op.create_index("ix_bundle_request_asked_at", "bundle_request", ["asked_at"])
    op.create_table(
        "bundle_item",
        sa.Column("bundle_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundle_request.id"], name=op.f("fk_bundle_item_bundle_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_bundle_item_item_id")),
        sa.PrimaryKeyConstraint("bundle_id", "item_id", name=op.f("pk_bundle_item")),
        sa.UniqueConstraint("bundle_id", "place", name="uq_bundle_item_place"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("bundle_item")
    op.drop_table("bundle_request")
