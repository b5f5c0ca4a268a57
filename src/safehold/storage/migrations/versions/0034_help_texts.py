"""Words that help: texts with who approved them, and that they were shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    _texts()
    _showings()


def _texts() -> None:
    op.create_table(
        "help_text",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reviewed_by_role", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(
            "kind in ('message', 'help_line', 'card', 'search_warning')", name=op.f("ck_help_text_kind_known")
        ),
        sa.CheckConstraint(
            "status in ('draft', 'approved', 'replaced', 'withdrawn')", name=op.f("ck_help_text_status_known")
        ),
        sa.CheckConstraint(
            "status <> 'approved' or (length(btrim(coalesce(reviewed_by_role, ''))) > 0"
            " and decided_by is not null and decided_at is not null)",
            name=op.f("ck_help_text_approved_by_somebody"),
        ),
        sa.CheckConstraint("length(btrim(source)) > 0", name=op.f("ck_help_text_has_a_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_text")),
    )
    for status in ("draft", "approved"):
        op.create_index(
            "uq_help_text_" + status,
            "help_text",
            ["kind", "name", "audience", "language", "jurisdiction"],
            unique=True,
            postgresql_where=sa.text("status = '" + status + "'"),
        )


def _showings() -> None:
    op.create_table(
        "help_shown",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_mark", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(account_mark) = 32", name=op.f("ck_help_shown_mark_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_shown")),
    )
    op.create_index("ix_help_shown_account_mark", "help_shown", ["account_mark", "at"])
    op.create_index("ix_help_shown_at", "help_shown", ["at"])
    op.create_table(
        "help_off",
        sa.Column("account_mark", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(account_mark) = 32", name=op.f("ck_help_off_mark_whole")),
        sa.PrimaryKeyConstraint("account_mark", name=op.f("pk_help_off")),
    )
    op.create_table(
        "help_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("times > 0", name=op.f("ck_help_count_counts")),
        sa.PrimaryKeyConstraint("day", "name", "language", "choice", name=op.f("pk_help_count")),
    )


def downgrade() -> None:
    """Take the change back."""
    for name in ("help_count", "help_off", "help_shown", "help_text"):
        op.drop_table(name)
