"""Retention clocks: one for each basis, and what is kept under them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
RULES = "rule in ('undecided', 'not_confirmed', 'confirmed', 'at_risk'"
CLOCKS = "'us_preservation', 'uk_content', 'operator_term', 'legal_hold', 'destroy_order'"
CHECKS = (
    (
        "basis_known",
        "basis in ('us_preservation', 'uk_content', 'uk_reference', 'operator_term', 'legal_hold',"
        " 'destroy_order')",
    ),
    (
        "papers_are_of_reports",
        "case basis when 'uk_reference' then media_id is null"
        " when 'us_preservation' then true when 'uk_content' then true else media_id is not null end",
    ),
    ("terms_have_an_end", "(until is null) = (basis in ('legal_hold', 'destroy_order'))"),
    ("runs_forward", "until > since"),
    ("people_say_why", "(reason is null) = (basis not in ('legal_hold', 'destroy_order'))"),
    ("says_something", "length(btrim(reason)) between 3 and 4000"),
    ("confirmed_together", "num_nonnulls(confirmed_at, confirmed_by) in (0, 2)"),
    ("orders_are_confirmed", "confirmed_at is null or basis = 'destroy_order'"),
    ("confirmed_by_another", "alone or confirmed_by <> set_by"),
    (
        "alone_a_day_later",
        "not alone or (confirmed_at is not null and confirmed_at >= since + interval '1 day')",
    ),
    ("ended_together", "num_nonnulls(ended_at, ended_by) in (0, 2)"),
    (
        "the_law_is_not_ended",
        "ended_at is null or basis in ('operator_term', 'legal_hold', 'destroy_order')",
    ),
)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "retention_clock",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("media_id", sa.UUID(), nullable=True),
        sa.Column("about", sa.UUID(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_retention_clock_{name}")) for name, rule in CHECKS),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_retention_clock_media_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_clock")),
    )
    op.create_index(
        "uq_retention_clock_open",
        "retention_clock",
        ["about", "basis", "media_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("ix_retention_clock_media_id", "retention_clock", ["media_id"])
    op.create_index(
        "ix_retention_clock_until",
        "retention_clock",
        ["until"],
        postgresql_where=sa.text("until is not null"),
    )
    op.create_index("ix_destruction_media_id", "destruction", ["media_id"])
    _drop_rules()
    _set_rules(f"{RULES}, {CLOCKS})", endless="rule = 'legal_hold' or (rule = 'confirmed')")


def downgrade() -> None:
    """Take the change back. What was kept under a clock is confirmed again, and so without an end."""
    _drop_rules()
    op.execute(
        "update retention set rule = 'confirmed', destroy_at = null, alarm_at = null"
        " where rule in ('us_preservation', 'uk_content', 'operator_term', 'legal_hold', 'destroy_order')"
    )
    _set_rules(f"{RULES})", endless="(rule = 'confirmed')")
    op.drop_index("ix_destruction_media_id", table_name="destruction")
    op.drop_table("retention_clock")


def _drop_rules() -> None:
    for name in ("rule_known", "confirmed_is_never_swept"):
        op.drop_constraint(op.f(f"ck_retention_{name}"), "retention", type_="check")


def _set_rules(known: str, *, endless: str) -> None:
    op.create_check_constraint(op.f("ck_retention_rule_known"), "retention", known)
    op.create_check_constraint(
        op.f("ck_retention_confirmed_is_never_swept"), "retention", f"{endless} = (destroy_at is null)"
    )
