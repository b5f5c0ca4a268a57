"""Review rules: rounds, who had seen what others found, and outcomes that rest on as many as were asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WAITS = "waits_for in ('assessment', 'settling', 'view', 'clear_view', 'second', 'third', 'lead')"
WAITED = "waits_for in ('assessment', 'settling', 'clear_view')"

# Whoever assessed before an outcome was reversed did so in an earlier round than whoever did after.
ROUNDS = (
    """
    update case_item i set round = 1 + (
      select count(*) from outcome o
      where o.case_id = i.case_id and o.item_id = i.item_id and o.reversed_at is not null
    )""",
    """
    update assessment a set round = 1 + (
      select count(*) from outcome o
      where o.case_id = a.case_id and o.item_id = a.item_id and o.reversed_at <= a.filed_at
    )""",
)
# So far one person settled, and confirmed without a clear view only where a vetted list vouched.
BASIS = """
    update outcome o set form = a.form, tier = a.tier,
      listed = a.tier <> 'clear' and o.finding in ('illegal', 'against_terms')
    from assessment a where a.id = o.rests_on"""

OF_OUTCOME = {
    "tier_known": "tier in ('none', 'blurred', 'clear')",
    "form_known": "form in ('imagery', 'conduct')",
    "second_together": "(second_by is null) = (second_assessment is null)",
    "second_is_another": "second_by <> settled_by",
    "enough_people": "people_asked = 1 or (people_asked = 2 and second_by is not null)",
    "confirmed_as_seen": (
        "form <> 'imagery' or finding not in ('illegal', 'against_terms') or listed or tier = 'clear'"
    ),
    "let_go_as_seen": (
        "form <> 'imagery' or finding in ('illegal', 'against_terms') or not listed or tier = 'clear'"
        " or second_by is not null"
    ),
}
NEW_OF_OUTCOME = ("second_by", "second_assessment", "people_asked", "form", "tier", "listed")


def upgrade() -> None:
    """Add the columns, fill them with what was so until now, and let the rules hold from here on."""
    op.drop_constraint(op.f("ck_case_item_waits_for_known"), "case_item")
    op.create_check_constraint(op.f("ck_case_item_waits_for_known"), "case_item", WAITS)
    for table in ("case_item", "assessment"):
        op.add_column(table, sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    op.add_column("assessment", sa.Column("blind", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_unique_constraint(
        "uq_assessment_person", "assessment", ["id", "case_id", "item_id", "analyst_id"]
    )
    op.create_index(
        "ix_case_item_assessed",
        "case_item",
        ["case_id", "item_id"],
        postgresql_where=sa.text("waits_for in ('view', 'clear_view', 'second', 'third', 'lead')"),
    )
    _add_to_outcome()
    for statement in (*ROUNDS, BASIS):
        op.execute(statement)
    for name, rule in OF_OUTCOME.items():
        op.create_check_constraint(op.f(f"ck_outcome_{name}"), "outcome", rule)
    op.execute(
        "create trigger keep_conflicted_second_by before insert on outcome for each row"
        " execute function keep_conflicted_away('second_by', 'case_id')"
    )


def downgrade() -> None:
    """Take them away. What waits for another person waits for anybody again."""
    op.execute("drop trigger keep_conflicted_second_by on outcome")
    for name in OF_OUTCOME:
        op.drop_constraint(op.f(f"ck_outcome_{name}"), "outcome")
    op.drop_constraint("fk_outcome_second", "outcome")
    for column in NEW_OF_OUTCOME:
        op.drop_column("outcome", column)
    op.drop_constraint("uq_assessment_person", "assessment")
    op.drop_column("assessment", "blind")
    for table in ("case_item", "assessment"):
        op.drop_column(table, "round")
    op.drop_index("ix_case_item_assessed", table_name="case_item")
    op.drop_constraint(op.f("ck_case_item_waits_for_known"), "case_item")
    op.execute(
        "update case_item set waits_for = 'assessment' where waits_for in ('view', 'second', 'third', 'lead')"
    )
    op.create_check_constraint(op.f("ck_case_item_waits_for_known"), "case_item", WAITED)


def _add_to_outcome() -> None:
    op.add_column("outcome", sa.Column("second_by", sa.UUID(), nullable=True))
    op.add_column("outcome", sa.Column("second_assessment", sa.UUID(), nullable=True))
    op.add_column("outcome", sa.Column("people_asked", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("outcome", sa.Column("form", sa.Text(), server_default="imagery", nullable=False))
    op.add_column("outcome", sa.Column("tier", sa.Text(), server_default="none", nullable=False))
    op.add_column("outcome", sa.Column("listed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_foreign_key(op.f("fk_outcome_second_by"), "outcome", "app_user", ["second_by"], ["id"])
    op.create_foreign_key(
        "fk_outcome_second",
        "outcome",
        "assessment",
        ["second_assessment", "case_id", "item_id", "second_by"],
        ["id", "case_id", "item_id", "analyst_id"],
    )
