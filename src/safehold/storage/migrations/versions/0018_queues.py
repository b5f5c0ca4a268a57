"""Queues: who works in which, what makes a case urgent, who can go on with it, notes, and cases that were moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PURPOSES = "array['csam', 'intimate_images', 'own_terms', 'test']"
ALL_QUEUES = "update app_user set queues = array['csam', 'intimate_images', 'own_terms', 'test']"
TEXTS = postgresql.ARRAY(sa.Text())
INSTANT = sa.TIMESTAMP(timezone=True)

# Owned by whoever owns the records, as has_conflict is: any role may ask whether, few may read who. Dear, so
# that cheaper questions about a row are asked first.
MAY_KNOW = """
create function may_know(asked_case uuid, asked_person uuid) returns boolean
language sql stable cost 100000 security definer set search_path = pg_catalog, public, pg_temp as $$
  select exists (
    select from app_user u join review_case c on c.id = asked_case
    where u.id = asked_person and c.purpose = any(u.queues) and c.other_purposes <@ u.queues
  )
$$
"""
KEEP_OUTSIDE = """
create function keep_outsiders_away() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  person uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
  asked_case uuid := (to_jsonb(new) ->> tg_argv[1])::uuid;
begin
  if person is not null and not may_know(asked_case, person) then
    raise exception 'somebody who does not work in this queue'
      using errcode = 'check_violation', constraint = 'need_to_know', table = tg_table_name;
  end if;
  return new;
end $$
"""
KEPT = (
    ("assessment", "insert", "analyst_id", "case_id"),
    ("reveal", "insert", "user_id", "case_id"),
    ("review_case", "update of locked_by", "locked_by", "id"),
    ("proposal", "insert or update of approved_by", "approved_by", "case_id"),
    ("outcome", "update of reversed_by", "reversed_by", "case_id"),
    ("case_note", "insert", "written_by", "case_id"),
    ("case_move", "insert", "moved_by", "from_case"),
    ("case_move", "update of undone_by", "undone_by", "to_case"),
    ("emergency", "insert", "declared_by", "case_id"),
    ("emergency", "insert or update of answered_by", "answered_by", "case_id"),
    ("emergency", "insert or update of ended_by", "ended_by", "case_id"),
)

STAGE = """
create function stage_of_cases() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  update review_case c set stage = found.stage
  from (
    select i.case_id, case
      when bool_or(i.waits_for = 'assessment') then 'anybody'
      when bool_or(i.waits_for in ('view', 'clear_view', 'second', 'third')) then 'another'
      when bool_or(i.waits_for = 'lead') then 'lead'
      else 'nobody' end as stage
    from case_item i where i.case_id in (select n.case_id from changed n) group by i.case_id
  ) found
  where c.id = found.case_id and c.stage <> found.stage;
  return null;
end $$
"""

_CONFLICT = """
create or replace function has_conflict(asked_case uuid, asked_person uuid) returns boolean
language sql stable cost 100000 security definer set search_path = pg_catalog, public, pg_temp as $$
  {origins}select exists (
    select from declared_conflict d join review_case c on {which}
    where d.user_id = asked_person and d.ended_at is null
      and (d.about = c.gathered_by
        or d.about in (select 'account:' || s.account_id from subject s where s.case_id = c.id))
  )
$$
"""
# What came from another case takes its conflicts along.
ORIGINS = """with recursive origin(id) as (
    select asked_case
    union select m.from_case from case_move m join origin o on m.to_case = o.id where m.undone_at is null
  )
  """
CONFLICT_NOW = _CONFLICT.format(origins=ORIGINS, which="c.id in (select id from origin)")
CONFLICT_BEFORE = _CONFLICT.format(origins="", which="c.id = asked_case")

OTHER_PURPOSES = """
update review_case c set other_purposes = array(
  select distinct d.purpose from case_item x join case_item y on y.item_id = x.item_id
    join review_case d on d.id = y.case_id
  where x.case_id = c.id and d.purpose <> c.purpose order by 1
) where exists (
  select from case_item x join case_item y on y.item_id = x.item_id and y.case_id <> x.case_id
  where x.case_id = c.id
)
"""


def upgrade() -> None:
    """Apply the change. Who is there already works in every queue, as until now."""
    for column in ("queues", "skills"):
        op.add_column("app_user", sa.Column(column, TEXTS, server_default="{}", nullable=False))
    op.create_check_constraint(op.f("ck_app_user_queues_known"), "app_user", f"queues <@ {PURPOSES}")
    op.execute(ALL_QUEUES)
    _add_to_cases()
    _add_notes_and_moves()
    op.execute(MAY_KNOW)
    op.execute(KEEP_OUTSIDE)
    for table, when, person, case in KEPT:
        op.execute(
            f"create trigger keep_outsiders_{person} before {when} on {table} for each row"
            f" execute function keep_outsiders_away('{person}', '{case}')"
        )
    op.execute(CONFLICT_NOW)
    op.execute(
        "create trigger nothing_follows_from_golden before insert on case_move_item for each row"
        " execute function nothing_follows_from_golden()"
    )


def downgrade() -> None:
    """Take the change back."""
    op.execute(CONFLICT_BEFORE)
    for table, _, person, _ in KEPT:
        op.execute(f"drop trigger keep_outsiders_{person} on {table}")
    op.execute("drop function keep_outsiders_away()")
    op.execute("drop function may_know(uuid, uuid)")
    for when in ("insert", "update"):
        op.execute(f"drop trigger stage_after_{when} on case_item")
    op.execute("drop function stage_of_cases()")
    for table in ("case_move_item", "case_move", "case_note"):
        op.drop_table(table)
    op.drop_index("ix_case_pass_analyst_id", table_name="case_pass")
    for index in ("lane", "decide_by", "weigh_at", "locked_by"):
        op.drop_index(f"ix_review_case_{index}", table_name="review_case")
    op.create_index("ix_review_case_queue", "review_case", ["state", sa.text("priority desc"), "opened_at"])
    for column in ("weigh_at", "decide_by", "turn_at", "for_lead", "stage", "skills", "other_purposes"):
        op.drop_column("review_case", column)
    for column in ("skills", "queues"):
        op.drop_column("app_user", column)


def _add_to_cases() -> None:
    for column in ("other_purposes", "skills"):
        op.add_column("review_case", sa.Column(column, TEXTS, server_default="{}", nullable=False))
    op.add_column("review_case", sa.Column("stage", sa.Text(), server_default="nobody", nullable=False))
    op.add_column(
        "review_case", sa.Column("for_lead", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("review_case", sa.Column("turn_at", INSTANT, server_default=sa.func.now(), nullable=False))
    op.add_column("review_case", sa.Column("decide_by", INSTANT, nullable=True))
    op.add_column("review_case", sa.Column("weigh_at", INSTANT, nullable=True))
    op.create_check_constraint(
        op.f("ck_review_case_other_purposes_known"), "review_case", f"other_purposes <@ {PURPOSES}"
    )
    op.create_check_constraint(
        op.f("ck_review_case_stage_known"), "review_case", "stage in ('anybody', 'another', 'lead', 'nobody')"
    )
    op.execute("update review_case set turn_at = opened_at - priority * interval '1 hour'")
    op.execute(OTHER_PURPOSES)
    # Two who had passed a case on are a lead's matter from now on.
    op.execute(
        "update review_case c set for_lead = true where state = 'open' and ("
        " exists (select from case_pass p where p.case_id = c.id and p.reason = 'needs_lead')"
        " or (select count(*) from case_pass p where p.case_id = c.id and p.reason <> 'knows_somebody') > 1)"
    )
    op.execute(STAGE)
    for when in ("insert", "update"):
        op.execute(
            f"create trigger stage_after_{when} after {when} on case_item"
            " referencing new table as changed for each statement execute function stage_of_cases()"
        )
    op.execute("update case_item set waits_for = waits_for")
    op.drop_index("ix_review_case_queue", table_name="review_case")
    op.create_index(
        "ix_review_case_lane",
        "review_case",
        ["purpose", "stage", "for_lead", "other_purposes", "exposure_kinds", "skills", "turn_at", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    for column in ("decide_by", "weigh_at"):
        op.create_index(
            f"ix_review_case_{column}", "review_case", [column], postgresql_where=sa.text("state = 'open'")
        )
    op.create_index(
        "ix_review_case_locked_by",
        "review_case",
        ["locked_by"],
        postgresql_where=sa.text("locked_by is not null"),
    )
    op.create_index("ix_case_pass_analyst_id", "case_pass", ["analyst_id"])


def _add_notes_and_moves() -> None:
    op.create_table(
        "case_note",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("written_by", sa.UUID(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("length(btrim(words)) between 1 and 2000", name=op.f("ck_case_note_some_words")),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_case_note_case_id")),
        sa.ForeignKeyConstraint(["written_by"], ["app_user.id"], name=op.f("fk_case_note_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index("ix_case_note_case_id", "case_note", ["case_id", "written_at"])
    op.create_table(
        "case_move",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_case", sa.UUID(), nullable=False),
        sa.Column("to_case", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.UUID(), nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.Column("undone_by", sa.UUID(), nullable=True),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind in ('merge', 'split')", name=op.f("ck_case_move_kind_known")),
        sa.CheckConstraint("from_case <> to_case", name=op.f("ck_case_move_to_another")),
        sa.CheckConstraint(
            "(undone_by is null) = (undone_at is null)", name=op.f("ck_case_move_undone_together")
        ),
        *(
            sa.ForeignKeyConstraint(
                [case, "purpose"], ["review_case.id", "review_case.purpose"], name=f"fk_case_move_{case}"
            )
            for case in ("from_case", "to_case")
        ),
        *(
            sa.ForeignKeyConstraint([who], ["app_user.id"], name=op.f(f"fk_case_move_{who}"))
            for who in ("moved_by", "undone_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_move")),
    )
    op.create_index("ix_case_move_from_case", "case_move", ["from_case"])
    op.create_index("ix_case_move_to_case", "case_move", ["to_case"])
    op.create_index(
        "uq_case_move_merged",
        "case_move",
        ["from_case"],
        unique=True,
        postgresql_where=sa.text("kind = 'merge' and undone_at is null"),
    )
    op.create_table(
        "case_move_item",
        sa.Column("move_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["move_id"], ["case_move.id"], name=op.f("fk_case_move_item_move_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_case_move_item_item_id")),
        sa.PrimaryKeyConstraint("move_id", "item_id", name=op.f("pk_case_move_item")),
    )
