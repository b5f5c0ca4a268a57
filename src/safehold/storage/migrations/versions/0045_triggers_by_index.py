"""What is kept with a case when its items change is looked up by index, whatever the planner believes.

Planned while tables were nearly empty, the same work was done row by row against whole tables: five thousand
items that came into a case in one statement could keep a processor for a quarter of an hour.
"""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_HEAD = """
create or replace function {name}() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp {more} as $$
begin
"""
_END = """
  return null;
end $$
"""
_STAGE = """
  update review_case c set stage = found.stage
  from (
    select i.case_id, case
      when bool_or(i.waits_for = 'assessment') then 'anybody'
      when bool_or(i.waits_for in ('view', 'clear_view', 'second', 'third')) then 'another'
      when bool_or(i.waits_for = 'lead') then 'lead'
      else 'nobody' end as stage
    from {items} group by i.case_id
  ) found
  where c.id = found.case_id and c.stage <> found.stage;
"""
_TRAITS = """
  update review_case c
  set traits = array(select distinct each from unnest(c.traits || found.traits) each order by 1)
  from (
    select x.case_id, array_agg(distinct each.trait order by each.trait) as traits
    from {items} join item i on i.id = x.item_id left join match m on m.item_id = x.item_id
    cross join lateral (values ('surface ' || i.surface), ('signal ' || m.signal_type), ('list ' || m.list_id),
      ('list ' || m.list_id || ' ' || m.signal_type)) each(trait)
    where each.trait is not null {which} group by x.case_id
  ) found
  where c.id = found.case_id and not c.traits @> found.traits;
"""
_BY_INDEX = "set enable_seqscan = off"


def upgrade() -> None:
    """Apply the change."""
    stage = _STAGE.format(
        items="(select distinct case_id from changed) n join case_item i on i.case_id = n.case_id"
    )
    traits = _TRAITS.format(
        items="(select distinct item_id from changed) n join case_item x on x.item_id = n.item_id", which=""
    )
    _replace(stage, traits, more=_BY_INDEX)


def downgrade() -> None:
    """Take the change back."""
    stage = _STAGE.format(items="case_item i where i.case_id in (select n.case_id from changed n)")
    traits = _TRAITS.format(items="case_item x", which="and x.item_id in (select n.item_id from changed n)")
    _replace(stage, traits, more="")


def _replace(stage: str, traits: str, *, more: str) -> None:
    for name, body in (("stage_of_cases", stage), ("traits_of_cases", traits)):
        op.execute(_HEAD.format(name=name, more=more) + body + _END)
