"""What authorities ask about reports that they have: until when it is answered, and how it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Apply the change."""
    people = ("recorded_by", "answered_by")
    reports = ("report_id", "supplement")
    op.create_table(
        "authority_question",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.UUID(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("answered_by", sa.UUID(), nullable=True),
        sa.Column("supplement", sa.UUID(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "due_at > received_at and due_at <= received_at + interval '168 hours'",
            name=op.f("ck_authority_question_due_within_seven_days"),
        ),
        sa.CheckConstraint(
            "(answered_at is null) = (answered_by is null)"
            " and num_nonnulls(supplement, answer) = num_nonnulls(answered_at)",
            name=op.f("ck_authority_question_answered_in_one_way"),
        ),
        *(
            sa.ForeignKeyConstraint([name], ["app_user.id"], name=op.f(f"fk_authority_question_{name}"))
            for name in people
        ),
        *(
            sa.ForeignKeyConstraint(
                [name], ["authority_report.id"], name=op.f(f"fk_authority_question_{name}")
            )
            for name in reports
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority_question")),
        sa.UniqueConstraint("report_id", "reference", name="uq_authority_question_reference"),
    )
    op.create_index(
        "ix_authority_question_open",
        "authority_question",
        ["due_at"],
        postgresql_where=sa.text("answered_at is null"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("authority_question")
