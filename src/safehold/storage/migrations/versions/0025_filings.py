"""How far the machine is with each report, the papers of reports, and the switch by which they are meant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
STAGES = "'prepared', 'opened', 'taking_back', 'filed', 'stuck'"
CALLS = "'open', 'upload', 'describe', 'finish', 'take_back'"
KINDS = "'report', 'file_details', 'transcript', 'receipt', 'pack'"


def upgrade() -> None:
    """Apply the change."""
    _papers()
    _filings()
    _switches()


def _papers() -> None:
    op.create_table(
        "authority_paper",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        *_checks(
            "authority_paper",
            {"kind_known": f"kind in ({KINDS})", "sha256_length": "octet_length(sha256) = 32"},
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["authority_report.id"], name=op.f("fk_authority_paper_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority_paper")),
    )
    op.create_index("ix_authority_paper_report_id", "authority_paper", ["report_id"])


def _filings() -> None:
    conditions = {
        "stage_known": f"stage in ({STAGES})",
        "pending_known": f"pending in ({CALLS})",
        "stuck_says_why": "(stage = 'stuck') = (why is not null)",
        "filed_is_named": "stage <> 'filed' or remote_id is not null",
        "contents_together": "(report_paper is null) = (details_paper is null)",
        "nothing_goes_without_contents": "stage in ('prepared', 'stuck') or report_paper is not null",
    }
    op.create_table(
        "filing",
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("pending", sa.Text(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("beginnings", sa.SmallInteger(), nullable=False),
        sa.Column("files", postgresql.JSONB(), nullable=False),
        sa.Column("sent", postgresql.JSONB(), nullable=False),
        sa.Column("missing", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("unconfirmed", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("report_paper", sa.UUID(), nullable=True),
        sa.Column("details_paper", sa.UUID(), nullable=True),
        sa.Column("anew", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("waited_seconds", sa.Integer(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_checks("filing", conditions),
        sa.ForeignKeyConstraint(["report_id"], ["authority_report.id"], name=op.f("fk_filing_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_filing")),
    )
    op.create_index(
        "ix_filing_due", "filing", ["next_attempt_at"], postgresql_where=sa.text("stage <> 'filed'")
    )


def _switches() -> None:
    conditions = {
        "digest_whole": "octet_length(address_digest) = 32",
        "approved_by_another": "approved_by is null or approved_by <> asked_by",
        "signed_together": "(signature is null) = (signed_with is null)",
        "two_have_agreed": ("(approved_at is not null) = (approved_by is not null or signature is not null)"),
        "ended_by_somebody": "(ended_at is null) = (ended_by is null)",
    }
    people = ("asked_by", "approved_by", "ended_by")
    op.create_table(
        "production_switch",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("address_digest", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("approved_by", sa.UUID(), nullable=True),
        sa.Column("signed_with", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.UUID(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        *_checks("production_switch", conditions),
        *(
            sa.ForeignKeyConstraint([person], ["app_user.id"], name=op.f(f"fk_production_switch_{person}"))
            for person in people
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_switch")),
    )
    op.create_index(
        "uq_production_switch_live",
        "production_switch",
        ["destination"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )


def _checks(table: str, conditions: dict[str, str]) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
        for name, condition in conditions.items()
    ]


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("production_switch")
    op.drop_table("filing")
    op.drop_table("authority_paper")
