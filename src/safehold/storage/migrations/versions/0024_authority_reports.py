"""What is told to authorities, and about which items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())
KINDS = "'ncmec_cybertipline', 'uk_nca', 'generic'"
STATES = "'planned', 'sending', 'stuck', 'filed', 'declined', 'withdrawn'"
REASONS = (
    "array['operator_in_us', 'operator_in_uk', 'linked_to_uk', 'hotline_of_country', 'voluntary',"
    " 'risk_to_life', 'reversed', 'more_found', 'already_reported', 'duplicate_forbidden', 'not_illegal',"
    " 'outside_purpose', 'no_destination', 'destination_off']"
)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "authority_report",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reasons", TEXTS, nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("unverified", sa.Boolean(), nullable=False),
        sa.Column("emergency_id", sa.UUID(), nullable=True),
        sa.Column("follows", sa.UUID(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.UUID(), nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("second_by", sa.UUID(), nullable=True),
        sa.Column("subject_id", sa.UUID(), nullable=True),
        sa.Column("subject_part", sa.Text(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("filed_at", INSTANT, nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        *_checks(),
        *_keys(),
    )
    op.create_index("ix_authority_report_case_id", "authority_report", ["case_id"])
    op.create_index(
        "ix_authority_report_open",
        "authority_report",
        ["due_at"],
        postgresql_where=sa.text("state in ('planned', 'sending', 'stuck')"),
    )
    op.create_index(
        "uq_authority_report_planned",
        "authority_report",
        ["case_id", "destination", "relation"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state = 'planned' and emergency_id is null"),
    )
    op.create_index(
        "uq_authority_report_emergency",
        "authority_report",
        ["emergency_id", "destination"],
        unique=True,
        postgresql_where=sa.text("emergency_id is not null and state not in ('declined', 'withdrawn')"),
    )
    _items()


def _checks() -> list[sa.CheckConstraint]:
    conditions = {
        "kind_known": f"kind in ({KINDS})",
        "state_known": f"state in ({STATES})",
        "relation_known": "relation in ('supplement', 'correction')",
        "priority_known": "priority between 1 and 3",
        "reasons_known": f"reasons <@ {REASONS}",
        "clock_runs_forward": "due_at > planned_at",
        "follows_as_something": "(follows is null) = (relation is null)",
        "unverified_in_emergencies_alone": "not unverified or emergency_id is not null",
        "names_no_unknown_or_victim": (
            "subject_id is null or state in ('filed', 'declined', 'withdrawn')"
            " or (subject_part is not null and subject_part = 'suspected')"
        ),
        "approved_together": "(approved_by is null) = (approved_at is null)",
        "second_is_another": "second_by is null or second_by <> approved_by",
        "sent_by_a_person": "state in ('planned', 'declined', 'withdrawn') or approved_by is not null",
        "filed_with_a_reference": (
            "(state = 'filed') = (filed_at is not null) and (state = 'filed') = (reference is not null)"
        ),
        "ended_once": "(state in ('filed', 'declined', 'withdrawn')) = (ended_at is not null)",
        "reference_bounded": "length(reference) between 1 and 200",
    }
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_authority_report_{name}"))
        for name, condition in conditions.items()
    ]


def _keys() -> list[sa.Constraint]:
    refers = {
        "case_id": "review_case.id",
        "emergency_id": "emergency.id",
        "follows": "authority_report.id",
        "approved_by": "app_user.id",
        "second_by": "app_user.id",
    }
    foreign: list[sa.Constraint] = [
        sa.ForeignKeyConstraint([column], [other], name=op.f(f"fk_authority_report_{column}"))
        for column, other in refers.items()
    ]
    subject = sa.ForeignKeyConstraint(
        ["subject_id", "subject_part"],
        ["subject.id", "subject.part"],
        name="fk_authority_report_subject",
        onupdate="CASCADE",
    )
    return [*foreign, subject, sa.PrimaryKeyConstraint("id", name=op.f("pk_authority_report"))]


def _items() -> None:
    op.create_table(
        "authority_report_item",
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("outcome_id", sa.UUID(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("first_told", sa.Boolean(), nullable=False),
        sa.Column("stands", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["authority_report.id"], name=op.f("fk_authority_report_item_report_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_authority_report_item_item_id")),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["outcome.id"], name=op.f("fk_authority_report_item_outcome_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "item_id", name=op.f("pk_authority_report_item")),
    )
    op.create_index("ix_authority_report_item_item_id", "authority_report_item", ["item_id"])
    op.create_index(
        "uq_authority_report_item_told",
        "authority_report_item",
        ["item_id", "destination"],
        unique=True,
        postgresql_where=sa.text("first_told and stands"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("authority_report_item")
    op.drop_table("authority_report")
