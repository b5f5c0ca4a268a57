"""Conversations: what each has shown, its window of sealed messages, habits of accounts, what flags rest on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

CUES = (
    "asks_age", "secrecy", "other_app", "alone", "who_is_home", "asks_pictures", "gift", "meeting", "threat",
    "demand", "deadline", "insists", "refuses", "guardian", "pressure", "coercion", "fan_out", "same_script",
    "fast_private", "age_gap", "new_account",
)  # fmt: skip


def upgrade() -> None:
    """Apply the change."""
    op.create_check_constraint(
        op.f("ck_item_messages_never_hold"), "item", "kind <> 'messages' or result = 'review'"
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("key_id", sa.UUID()),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(state) <= 262144", name=op.f("ck_conversation_state_bounded")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_conversation_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("surface", "reference", name="uq_conversation_surface"),
    )
    op.create_index("ix_conversation_expires_at", "conversation", ["expires_at"])
    _messages()
    op.create_table(
        "conversation_item",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("flagged_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_conversation_item_item_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_item_conversation_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_conversation_item")),
    )
    op.create_index(
        "ix_conversation_item_conversation_id", "conversation_item", ["conversation_id", "flagged_at"]
    )
    op.create_table(
        "account_habits",
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("habits", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(habits) <= 262144", name=op.f("ck_account_habits_habits_bounded")),
        sa.PrimaryKeyConstraint("surface", "account_id", name=op.f("pk_account_habits")),
    )
    op.create_index("ix_account_habits_expires_at", "account_habits", ["expires_at"])
    _cues()


def _messages() -> None:
    op.create_table(
        "conversation_message",
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sealed_as", sa.UUID()),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.CheckConstraint(
            "(sealed is null) = (wrapped is null) and (sealed is null) = (sealed_as is null)",
            name=op.f("ck_conversation_message_sealed_together"),
        ),
        sa.CheckConstraint(
            "octet_length(sealed) <= 131072 and octet_length(wrapped) <= 1024",
            name=op.f("ck_conversation_message_text_bounded"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_message_conversation_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "message_id", name=op.f("pk_conversation_message")),
    )
    op.create_index("ix_conversation_message_expires_at", "conversation_message", ["expires_at"])
    op.create_index(
        "ix_conversation_message_window",
        "conversation_message",
        ["conversation_id", "sent_at"],
        postgresql_where=sa.text("sealed_as is not null"),
    )


def _cues() -> None:
    known = ", ".join(f"'{cue}'" for cue in CUES)
    op.create_table(
        "flag_cue",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        sa.Column("cue", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(f"cue in ({known})", name=op.f("ck_flag_cue_cue_known")),
        sa.CheckConstraint("0 <= begins and begins <= ends", name=op.f("ck_flag_cue_span_in_order")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_flag_cue_item_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("item_id", "message_id", "rule", "begins", name=op.f("pk_flag_cue")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("flag_cue")
    op.drop_table("account_habits")
    op.drop_table("conversation_item")
    op.drop_table("conversation_message")
    op.drop_table("conversation")
    op.drop_constraint(op.f("ck_item_messages_never_hold"), "item", type_="check")
