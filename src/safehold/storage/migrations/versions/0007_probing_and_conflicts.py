"""Probing counters, conflicts of interest, the history of lists, and outcomes bound to an assessment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Owned by whoever owns the records: every role may ask whether, and only the console may read who and about whom.
HAS_CONFLICT = """
create function has_conflict(asked_case uuid, asked_person uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select exists (
    select from declared_conflict d join review_case c on c.id = asked_case
    where d.user_id = asked_person and d.ended_at is null
      and (d.about = c.gathered_by
        or d.about in (select 'account:' || s.account_id from subject s where s.case_id = c.id))
  )
$$
"""

# A row that must not exist elsewhere is beyond checks and keys; see decision 22.
KEEP_FROM = """
create function keep_conflicted_away() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  person uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
  asked_case uuid := (to_jsonb(new) ->> tg_argv[1])::uuid;
begin
  if person is not null and has_conflict(asked_case, person) then
    raise exception 'a declared conflict of interest'
      using errcode = 'check_violation', constraint = 'no_conflict_of_interest', table = tg_table_name;
  end if;
  return new;
end $$
"""

KEPT = (
    ("assessment", "insert", "analyst_id", "case_id"),
    ("reveal", "insert", "user_id", "case_id"),
    ("review_case", "update of locked_by", "locked_by", "id"),
    ("proposal", "insert or update of approved_by", "approved_by", "case_id"),
    ("outcome", "insert or update of reversed_by", "reversed_by", "case_id"),
    ("outcome", "insert", "settled_by", "case_id"),
)

# What the public may know, and all that the portal can reach of lists.
LIST_HISTORY = """
create function list_history() returns table (
  list_name text, purpose text, source text, may_hold boolean, vetted boolean, needs_second_source boolean,
  day date, kind text, added bigint, removed bigint
)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select l.name, l.purpose, l.source, l.may_hold, l.vetted, l.needs_second_source,
    (c.at at time zone 'UTC')::date, c.kind, sum(c.added), sum(c.removed)
  from list_change c join hash_list l on l.id = c.list_id
  where l.purpose <> 'test'
  group by l.id, (c.at at time zone 'UTC')::date, c.kind
  order by 7 desc, max(c.at) desc, l.name
$$
"""

WHOLE = ["id", "case_id", "item_id", "finding", "analyst_id"]


def upgrade() -> None:
    """Apply the change."""
    _add_conflicts()
    _add_close_calls()
    _add_list_history()
    _bind_outcomes()


def downgrade() -> None:
    """Take the change back."""
    op.drop_constraint(op.f("fk_outcome_rests_on"), "outcome", type_="foreignkey")
    op.drop_column("outcome", "rests_on")
    op.drop_constraint("uq_assessment_whole", "assessment", type_="unique")
    op.execute("drop function list_history()")
    op.drop_table("list_change")
    op.drop_index("ix_entry_withdrawn", table_name="entry")
    op.drop_column("hash_list", "withdrawn_at")
    op.drop_column("hash_list", "needs_second_source")
    op.drop_column("hash_list", "source")
    op.drop_table("close_call")
    for table, _, person, _ in KEPT:
        op.execute(f"drop trigger keep_conflicted_{person} on {table}")
    op.execute("drop function keep_conflicted_away()")
    op.execute("drop function has_conflict(uuid, uuid)")
    op.drop_table("declared_conflict")


def _add_close_calls() -> None:
    op.create_table(
        "close_call",
        sa.Column("subject", sa.UUID(), nullable=False),
        sa.Column("hour", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("key_id", sa.UUID(), nullable=True),
        sa.Column("near_misses", sa.Integer(), nullable=False),
        sa.Column("matches", sa.Integer(), nullable=False),
        sa.CheckConstraint("near_misses >= 0 and matches >= 0", name=op.f("ck_close_call_counts")),
        sa.PrimaryKeyConstraint("subject", "hour", name=op.f("pk_close_call")),
    )
    op.create_index("ix_close_call_hour", "close_call", ["hour"])


def _add_list_history() -> None:
    op.add_column("hash_list", sa.Column("source", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "hash_list", sa.Column("needs_second_source", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("hash_list", sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_index(
        "ix_entry_withdrawn",
        "entry",
        ["list_id", "signal_type", "value"],
        postgresql_where=sa.text("removed_seq is not null"),
    )
    op.create_table(
        "list_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("list_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind in ('declared', 'imported', 'changed', 'withdrawn', 'list_withdrawn')",
            name=op.f("ck_list_change_kind_known"),
        ),
        sa.CheckConstraint("added >= 0 and removed >= 0", name=op.f("ck_list_change_counts")),
        sa.ForeignKeyConstraint(["list_id"], ["hash_list.id"], name=op.f("fk_list_change_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_change")),
    )
    op.create_index("ix_list_change_list_id", "list_change", ["list_id", "at"])
    # Lists that were there before begin their history with what is on them.
    op.execute(
        "insert into list_change (id, list_id, at, kind, added, removed)"
        " select gen_random_uuid(), l.id, l.created_at, 'declared', 0, 0 from hash_list l"
    )
    op.execute(
        "insert into list_change (id, list_id, at, kind, added, removed)"
        " select gen_random_uuid(), list_id, max(added_at), 'imported', count(*), 0"
        " from entry where removed_seq is null group by list_id"
    )
    op.execute(LIST_HISTORY)


def _bind_outcomes() -> None:
    op.create_unique_constraint("uq_assessment_whole", "assessment", WHOLE)
    op.add_column("outcome", sa.Column("rests_on", sa.UUID(), nullable=True))
    op.execute(
        "update outcome o set rests_on = (select min(l.assessment_id::text)::uuid from outcome_assessment l"
        " join assessment a on a.id = l.assessment_id"
        " where l.outcome_id = o.id and a.analyst_id = o.settled_by)"
    )
    op.alter_column("outcome", "rests_on", nullable=False)
    op.create_foreign_key(
        op.f("fk_outcome_rests_on"),
        "outcome",
        "assessment",
        ["rests_on", "case_id", "item_id", "finding", "settled_by"],
        WHOLE,
    )


def _add_conflicts() -> None:
    op.create_table(
        "declared_conflict",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.UUID(), nullable=True),
        sa.Column("declared_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_by", sa.UUID(), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(ended_at is null) = (ended_by is null)", name=op.f("ck_declared_conflict_ended_together")
        ),
        sa.CheckConstraint("ended_by <> user_id", name=op.f("ck_declared_conflict_ended_by_another")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_declared_conflict_user_id")),
        sa.ForeignKeyConstraint(
            ["declared_by"], ["app_user.id"], name=op.f("fk_declared_conflict_declared_by")
        ),
        sa.ForeignKeyConstraint(["ended_by"], ["app_user.id"], name=op.f("fk_declared_conflict_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_conflict")),
    )
    op.create_index(
        "uq_declared_conflict_standing",
        "declared_conflict",
        ["user_id", "about"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.execute(HAS_CONFLICT)
    op.execute(KEEP_FROM)
    for table, when, person, case in KEPT:
        op.execute(
            f"create trigger keep_conflicted_{person} before {when} on {table} for each row"
            f" execute function keep_conflicted_away('{person}', '{case}')"
        )
