"""What matched an entry is found by that entry, and an outcome may be reversed because it was withdrawn."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Nobody's reversal rests on a fact of the records, whoever writes it: an entry that the item matched has gone.
GROUND = """
create function withdrawn_is_the_ground() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if new.reversed_at is not null and new.reversed_by is null and not exists (
    select from match m join entry e on e.id = m.entry_id
    where m.item_id = new.item_id and e.removed_seq is not null
  ) then
    raise exception 'an outcome is reversed by a person, or because an entry was withdrawn'
      using errcode = 'check_violation', constraint = 'withdrawn_is_the_ground', table = tg_table_name;
  end if;
  return new;
end $$
"""


def upgrade() -> None:
    """Apply the change."""
    op.create_index("ix_match_entry_id", "match", ["entry_id"])
    op.drop_constraint(op.f("ck_outcome_reversed_together"), "outcome", type_="check")
    op.create_check_constraint(
        op.f("ck_outcome_reversed_together"), "outcome", "reversed_by is null or reversed_at is not null"
    )
    op.execute(GROUND)
    op.execute(
        "create trigger withdrawn_is_the_ground before insert or update of reversed_at, reversed_by on outcome"
        " for each row execute function withdrawn_is_the_ground()"
    )


def downgrade() -> None:
    """Take the change back. What nobody reversed stays as it is, and no more of that is let in."""
    op.execute("drop trigger withdrawn_is_the_ground on outcome")
    op.execute("drop function withdrawn_is_the_ground()")
    op.drop_constraint(op.f("ck_outcome_reversed_together"), "outcome", type_="check")
    op.create_check_constraint(
        op.f("ck_outcome_reversed_together"),
        "outcome",
        "(reversed_at is null) = (reversed_by is null)",
        postgresql_not_valid=True,
    )
    op.drop_index("ix_match_entry_id", table_name="match")
