"""How long a showing may last and what it counts, what people chose, what cases hold, names asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = ("A", "B", "C", "prohibited", "unknown", "intimate_images", "own_terms", "conversation")
_ONE = ", ".join(f"'{kind}'" for kind in KINDS)

# Cases that are there already hold what their lists said, as new ones do.
KINDS_OF_CASES = """
update review_case c set exposure_kinds = (
  select coalesce(array_agg(distinct kind order by kind), '{}') from (
    select case
      when i.kind = 'messages' then 'conversation'
      when c.purpose in ('intimate_images', 'own_terms') then c.purpose
      else coalesce((
        select m.category from match m join hash_list l on l.id = m.list_id
        where m.item_id = i.id and l.purpose = c.purpose and m.category in ('A', 'B', 'C', 'prohibited')
        order by m.category limit 1
      ), 'unknown') end as kind
    from case_item x join item i on i.id = x.item_id where x.case_id = c.id
  ) kinds
)
"""


def upgrade() -> None:
    """Apply the change."""
    _add_to_reveals()
    op.add_column(
        "review_case",
        sa.Column("exposure_kinds", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_review_case_exposure_kinds_known"), "review_case", f"exposure_kinds <@ array[{_ONE}]"
    )
    op.execute(KINDS_OF_CASES)
    _add_choices()
    op.add_column("assessment", sa.Column("same_as", sa.UUID(), nullable=True))
    op.create_foreign_key(op.f("fk_assessment_same_as"), "assessment", "assessment", ["same_as"], ["id"])
    op.create_check_constraint(op.f("ck_assessment_same_as_another"), "assessment", "same_as <> id")
    _add_unveilings()


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("unveiling")
    op.drop_column("assessment", "same_as")
    op.drop_table("exposure_turn")
    op.drop_table("exposure_choice")
    op.drop_column("review_case", "exposure_kinds")
    for column in ("again", "weight", "kind", "ends_by"):
        op.drop_column("reveal", column)


def _add_to_reveals() -> None:
    op.add_column("reveal", sa.Column("ends_by", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("reveal", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("reveal", sa.Column("weight", sa.SmallInteger(), nullable=True))
    op.add_column("reveal", sa.Column("again", sa.Text(), nullable=True))
    op.execute(
        "update reveal set ends_by = opened_at + interval '60 seconds', kind = 'unknown', weight = 100,"
        " fetched_at = least(fetched_at, opened_at + interval '60 seconds'),"
        " closed_at = least(closed_at, opened_at + interval '60 seconds')"
    )
    for column in ("ends_by", "kind", "weight"):
        op.alter_column("reveal", column, nullable=False)
    for name, rule in (
        ("kind_known", f"kind in ({_ONE})"),
        ("again_known", "again in ('own_request', 'appeal')"),
        ("never_counts_for_less", "weight >= 100"),
        ("a_minute_at_most", "ends_by > opened_at and ends_by <= opened_at + interval '60 seconds'"),
        ("within_what_is_left", "fetched_at <= ends_by and closed_at <= ends_by"),
    ):
        op.create_check_constraint(op.f(f"ck_reveal_{name}"), "reveal", rule)


def _add_choices() -> None:
    op.create_table(
        "exposure_choice",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("day_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("spell_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("break_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("day_begins", sa.SmallInteger(), nullable=False),
        sa.Column("opted_out", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("press_to_show", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "day_minutes >= 1 and spell_minutes >= 1 and break_minutes >= 1",
            name=op.f("ck_exposure_choice_some_time"),
        ),
        sa.CheckConstraint("day_begins between 0 and 1439", name=op.f("ck_exposure_choice_day_begins_in_it")),
        sa.CheckConstraint(f"opted_out <@ array[{_ONE}]", name=op.f("ck_exposure_choice_opted_out_known")),
        sa.CheckConstraint("contact_id <> user_id", name=op.f("ck_exposure_choice_contact_is_another")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_exposure_choice_user_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["app_user.id"], name=op.f("fk_exposure_choice_contact_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_exposure_choice")),
    )
    op.create_table(
        "exposure_turn",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("severe_in_a_row", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("severe_in_a_row >= 0", name=op.f("ck_exposure_turn_counts")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_exposure_turn_user_id")),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_exposure_turn_case_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_exposure_turn")),
    )


def _add_unveilings() -> None:
    people = ("user_id", "asked_by", "agreed_by")
    op.create_table(
        "unveiling",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("record_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.UUID(), nullable=True),
        sa.Column("agreed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "length(btrim(reason)) between 10 and 1000", name=op.f("ck_unveiling_has_a_reason")
        ),
        sa.CheckConstraint("agreed_by <> asked_by", name=op.f("ck_unveiling_takes_two")),
        sa.CheckConstraint(
            "agreed_by <> user_id and asked_by <> user_id", name=op.f("ck_unveiling_not_of_oneself")
        ),
        sa.CheckConstraint(
            "(agreed_by is null) = (agreed_at is null)", name=op.f("ck_unveiling_agreed_together")
        ),
        sa.ForeignKeyConstraint(["record_id"], ["audit_record.id"], name=op.f("fk_unveiling_record_id")),
        *(
            sa.ForeignKeyConstraint([who], ["app_user.id"], name=op.f(f"fk_unveiling_{who}"))
            for who in people
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unveiling")),
    )
    op.create_index("ix_unveiling_user_id", "unveiling", ["user_id", "asked_at"])
