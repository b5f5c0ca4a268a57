"""Risks to life with their calls and reports; appeals that another person decides, and whose words end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
BY_OUTCOME = "kind in ('remove_item', 'account_action')"
RULES = "rule in ('undecided', 'not_confirmed', 'confirmed')"


def upgrade() -> None:
    """Apply the change."""
    _add_emergencies()
    _add_calls()
    _let_proposals_rest_on_them()
    _set_retention_rules("rule in ('undecided', 'not_confirmed', 'confirmed', 'at_risk')")
    _let_appeals_be_decided()


def downgrade() -> None:
    """Take the change back. Reports of a risk to life go, and what was kept for one is undecided again."""
    _take_back_appeals()
    op.execute("update retention set rule = 'undecided' where rule = 'at_risk'")
    _set_retention_rules(RULES)
    op.execute("delete from proposal where emergency_id is not null")
    op.drop_index("uq_proposal_emergency_id", "proposal")
    op.drop_index("uq_proposal_once", "proposal")
    for name in ("rests_on_people", "urgent_report_by_a_person", "kind_known"):
        op.drop_constraint(op.f(f"ck_proposal_{name}"), "proposal", type_="check")
    op.create_check_constraint(op.f("ck_proposal_kind_known"), "proposal", BY_OUTCOME)
    op.drop_column("proposal", "emergency_id")
    op.alter_column("proposal", "outcome_id", nullable=False)
    op.create_unique_constraint(
        "uq_proposal_once",
        "proposal",
        ["outcome_id", "kind", "subject_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.drop_table("emergency_call")
    op.drop_table("emergency")


APPEAL_CHECKS = (
    ("state_known", "state in ('received', 'upheld', 'rejected')"),
    (
        "decided_together",
        "(state = 'received') = (decided_at is null) and (decided_at is null) = (decided_by is null)",
    ),
    ("contested_together", "(contested_outcome_id is null) = (contested_by is null)"),
    ("decided_by_another", "alone or decided_by <> contested_by"),
    (
        "erased_together",
        "(by is null) = (erased_at is not null) and (statement is null) = (erased_at is not null)",
    ),
)


def _let_appeals_be_decided() -> None:
    op.create_unique_constraint("uq_outcome_person", "outcome", ["id", "settled_by"])
    for column in (
        sa.Column("state", sa.Text(), server_default="received", nullable=False),
        sa.Column("changed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.UUID(), nullable=True),
        sa.Column("contested_outcome_id", sa.UUID(), nullable=True),
        sa.Column("contested_by", sa.UUID(), nullable=True),
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("erased_at", INSTANT, nullable=True),
    ):
        op.add_column("appeal", column)
    for words in ("by", "statement"):
        op.alter_column("appeal", words, nullable=True)
    op.create_foreign_key(op.f("fk_appeal_decided_by"), "appeal", "app_user", ["decided_by"], ["id"])
    op.create_foreign_key(
        op.f("fk_appeal_contested"),
        "appeal",
        "outcome",
        ["contested_outcome_id", "contested_by"],
        ["id", "settled_by"],
    )
    for name, rule in APPEAL_CHECKS:
        op.create_check_constraint(op.f(f"ck_appeal_{name}"), "appeal", rule)
    op.create_index(
        "ix_appeal_words", "appeal", ["received_at"], postgresql_where=sa.text("erased_at is null")
    )
    op.create_table(
        "recusal",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("analyst_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_recusal_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_recusal_item_id")),
        sa.ForeignKeyConstraint(["analyst_id"], ["app_user.id"], name=op.f("fk_recusal_analyst_id")),
        sa.PrimaryKeyConstraint("case_id", "item_id", "analyst_id", "round", name=op.f("pk_recusal")),
    )


def _take_back_appeals() -> None:
    op.drop_table("recusal")
    op.drop_index("ix_appeal_words", "appeal")
    for name, _ in APPEAL_CHECKS:
        op.drop_constraint(op.f(f"ck_appeal_{name}"), "appeal", type_="check")
    op.execute("update appeal set by = '', statement = '' where erased_at is not null")
    for column in ("by", "statement"):
        op.alter_column("appeal", column, nullable=False)
    for name in ("fk_appeal_contested", "fk_appeal_decided_by"):
        op.drop_constraint(op.f(name), "appeal", type_="foreignkey")
    for column in ("state", "changed", "decided_at", "decided_by", "contested_outcome_id", "contested_by"):
        op.drop_column("appeal", column)
    for column in ("alone", "erased_at"):
        op.drop_column("appeal", column)
    op.drop_constraint("uq_outcome_person", "outcome", type_="unique")


def _set_retention_rules(known: str) -> None:
    op.drop_constraint(op.f("ck_retention_rule_known"), "retention", type_="check")
    op.create_check_constraint(op.f("ck_retention_rule_known"), "retention", known)


def _let_proposals_rest_on_them() -> None:
    op.alter_column("proposal", "outcome_id", nullable=True)
    op.add_column("proposal", sa.Column("emergency_id", sa.UUID(), nullable=True))
    op.create_foreign_key(op.f("fk_proposal_emergency_id"), "proposal", "emergency", ["emergency_id"], ["id"])
    op.drop_constraint(op.f("ck_proposal_kind_known"), "proposal", type_="check")
    for name, rule in (
        ("kind_known", "kind in ('remove_item', 'account_action', 'urgent_report')"),
        (
            "rests_on_people",
            "(outcome_id is null) = (kind = 'urgent_report')"
            " and (emergency_id is not null) = (kind = 'urgent_report')",
        ),
        ("urgent_report_by_a_person", "kind <> 'urgent_report' or policy is null"),
    ):
        op.create_check_constraint(op.f(f"ck_proposal_{name}"), "proposal", rule)
    op.drop_constraint("uq_proposal_once", "proposal", type_="unique")
    op.create_index(
        "uq_proposal_once",
        "proposal",
        ["outcome_id", "kind", "subject_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("outcome_id is not null"),
    )
    op.create_index("uq_proposal_emergency_id", "proposal", ["emergency_id"], unique=True)


def _add_emergencies() -> None:
    people = ("declared_by", "answered_by", "ended_by")
    op.create_table(
        "emergency",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("declared_by", sa.UUID(), nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("answered_by", sa.UUID(), nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("ended_how", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.UUID(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "ended_how in ('reported', 'withdrawn')", name=op.f("ck_emergency_ended_how_known")
        ),
        sa.CheckConstraint("due_at > declared_at", name=op.f("ck_emergency_clock_runs_forward")),
        sa.CheckConstraint(
            "(answered_by is null) = (answered_at is null)", name=op.f("ck_emergency_answered_together")
        ),
        sa.CheckConstraint(
            "num_nonnulls(ended_how, ended_by, ended_at, words) in (0, 4)",
            name=op.f("ck_emergency_ended_with_a_reason"),
        ),
        sa.CheckConstraint(
            "length(btrim(words)) between 3 and 1000", name=op.f("ck_emergency_says_something")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_emergency_case_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_emergency_item_id")),
        *(
            sa.ForeignKeyConstraint([who], ["app_user.id"], name=op.f(f"fk_emergency_{who}"))
            for who in people
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency")),
    )
    op.create_index("ix_emergency_case_id", "emergency", ["case_id"])
    op.create_index(
        "uq_emergency_standing",
        "emergency",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )


def _add_calls() -> None:
    op.create_table(
        "emergency_call",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("emergency_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("turn", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind in ('declared', 'withdrawn')", name=op.f("ck_emergency_call_kind_known")),
        sa.CheckConstraint(
            "state in ('waiting', 'delivered', 'dead')", name=op.f("ck_emergency_call_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_attempt_at is not null)",
            name=op.f("ck_emergency_call_waiting_has_a_date"),
        ),
        sa.CheckConstraint(
            "(state = 'delivered') = (delivered_at is not null)",
            name=op.f("ck_emergency_call_delivered_together"),
        ),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergency.id"], name=op.f("fk_emergency_call_emergency_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_call")),
        sa.UniqueConstraint("emergency_id", "channel", "kind", "turn", name="uq_emergency_call_once"),
    )
    op.create_index(
        "ix_emergency_call_due",
        "emergency_call",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
