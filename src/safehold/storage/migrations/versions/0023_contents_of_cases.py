"""What filters ask is kept with the case: where its items appeared, what they matched, why it is urgent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TRAITS = """
  select x.case_id, array_agg(distinct each.trait order by each.trait) as traits
  from case_item x join item i on i.id = x.item_id left join match m on m.item_id = x.item_id
  cross join lateral (values ('surface ' || i.surface), ('signal ' || m.signal_type), ('list ' || m.list_id),
    ('list ' || m.list_id || ' ' || m.signal_type)) each(trait)
  where each.trait is not null {which} group by x.case_id
"""
# After each statement that puts items into cases, or says what items matched. It only ever adds: an item
# that went on in another case has been in this one. Owned by whoever owns the records: scans change no cases.
_KEEP = """
create function traits_of_cases() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  update review_case c
  set traits = array(select distinct each from unnest(c.traits || found.traits) each order by 1)
  from ({traits}) found
  where c.id = found.case_id and not c.traits @> found.traits;
  return null;
end $$
"""
KEEP = _KEEP.format(traits=TRAITS.format(which="and x.item_id in (select n.item_id from changed n)"))
_UNTIL_NOW = """
update review_case c set traits = found.traits from ({traits}) found where c.id = found.case_id
"""
UNTIL_NOW = _UNTIL_NOW.format(traits=TRAITS.format(which=""))

# Before a case is weighed anew: those of its parts by which people ask for cases.
WHY = """
create function reasons_of_case() returns trigger
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  new.traits := array(
    select each from unnest(new.traits) each where each not like 'why %'
    union
    select 'why ' || reason.name from (values
      ('at_risk', '$[*] ? (@.name == "child at risk now" && @.weight > 0)'::jsonpath),
      ('clock', '$[*] ? (@.name == "legal clock" && @.weight > 0)'),
      ('reach', '$[*] ? (@.name == "reach" && @.weight >= 20)'),
      ('vetted', '$[*] ? (@.name == "likelihood" && @.weight >= 25)'),
      ('several', '$[*] ? (@.name == "repeats" && @.weight > 0)')
    ) reason(name, path)
    where jsonb_path_exists(new.priority_parts, reason.path)
    order by 1
  );
  return new;
end $$
"""


def upgrade() -> None:
    """Apply the change."""
    op.add_column(
        "review_case", sa.Column("traits", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.execute(UNTIL_NOW)
    op.execute(WHY)
    op.execute(
        "create trigger reasons_before_weighing before insert or update of priority_parts on review_case"
        " for each row execute function reasons_of_case()"
    )
    op.execute("update review_case set priority_parts = priority_parts")
    op.create_index(
        "ix_review_case_traits",
        "review_case",
        ["traits"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "false"},
        postgresql_where=sa.text("state = 'open'"),
    )
    op.execute(KEEP)
    for table in ("case_item", "match"):
        op.execute(
            f"create trigger traits_after_insert after insert on {table}"
            " referencing new table as changed for each statement execute function traits_of_cases()"
        )


def downgrade() -> None:
    """Take the change back."""
    for table in ("match", "case_item"):
        op.execute(f"drop trigger traits_after_insert on {table}")
    op.execute("drop function traits_of_cases()")
    op.execute("drop trigger reasons_before_weighing on review_case")
    op.execute("drop function reasons_of_case()")
    op.drop_index("ix_review_case_traits", table_name="review_case")
    op.drop_column("review_case", "traits")
