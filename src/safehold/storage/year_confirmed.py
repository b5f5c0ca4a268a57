"""What was newly confirmed in a year, put together from recorded events in a table that nobody else sees.

It is put together in steps, each of which leaves a small table that the planner knows the size of: so its
choices stay right with ten million events, and no step holds more than its share of memory.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from safehold.storage.database import Tx

# Where each item stood in each of its cases when the year ended, of what was settled in it. The events of an
# item are recorded under its lock, so the last one of the year is the last one by its number.
_FRESH = sa.text("""
create temporary table year_fresh on commit drop as
select course.item_id, course.case_id, course.at, course.category, review_case.purpose, item.kind,
       item.media_id, item.received_at < :begins as is_old
  from (
    select distinct on (item_id, case_id) *
      from (
        select item_id, (fields ->> 'case_id')::uuid as case_id, seq, kind, at,
               fields ->> 'category' as category
          from event
         where kind in ('item_confirmed', 'item_cleared', 'outcome_reversed')
           and at >= :begins and at < :ends) told
     order by item_id, case_id, seq desc) course
  join review_case on review_case.id = course.case_id and not review_case.rehearsal
  join item on item.id = course.item_id and not item.rehearsal
 where course.kind = 'item_confirmed'
""")

# What stood confirmed when the year began is not new. Only what came before can have.
_KNOWN = sa.text("""
create temporary table year_known on commit drop as
select distinct earlier.item_id, review_case.purpose
  from (
    select distinct on (event.item_id, event.fields ->> 'case_id')
           event.item_id, (event.fields ->> 'case_id')::uuid as case_id, event.kind
      from (select distinct item_id from year_fresh where is_old) old join event using (item_id)
     where event.kind in ('item_confirmed', 'item_cleared', 'outcome_reversed') and event.at < :begins
     order by event.item_id, event.fields ->> 'case_id', event.seq desc) earlier
  join review_case on review_case.id = earlier.case_id
 where earlier.kind = 'item_confirmed'
""")

# An item that several cases of one purpose confirm counts once, as the most severe.
_COUNTED = sa.text("""
create temporary table year_counted on commit drop as
select distinct on (item_id, purpose) item_id, purpose, case_id, at, category, kind, media_id
  from year_fresh left join year_known using (item_id, purpose)
 where year_known.item_id is null
 order by item_id, purpose, category nulls last, at
""")

# What became of it since is asked only of those of which anything was recorded since.
_SINCE = sa.text("""
create temporary table year_since on commit drop as
select distinct year_counted.item_id
  from event join year_counted using (item_id)
 where event.kind in ('item_confirmed', 'item_cleared', 'outcome_reversed') and event.at >= :ends
""")
_PRESENT = sa.text("""
create temporary table year_present on commit drop as
select present.item_id, review_case.purpose, bool_or(present.kind = 'item_confirmed') as stands,
       min(present.category) filter (where present.kind = 'item_confirmed') as category
  from (
    select distinct on (event.item_id, event.fields ->> 'case_id')
           event.item_id, (event.fields ->> 'case_id')::uuid as case_id, event.kind,
           event.fields ->> 'category' as category
      from year_since join event using (item_id)
     where event.kind in ('item_confirmed', 'item_cleared', 'outcome_reversed')
     order by event.item_id, event.fields ->> 'case_id', event.seq desc) present
  join review_case on review_case.id = present.case_id
 group by 1, 2
""")

_CONFIRMED = sa.text("""
create temporary table year_confirmed on commit drop as
select year_counted.kind, year_counted.media_id, year_counted.purpose, year_counted.category,
       case when present.item_id is null then 'same' when not present.stands then 'withdrawn'
            when present.category is distinct from year_counted.category then 'category'
            else 'same' end as restated,
       answers ->> 'age_band' as age_band, answers ->> 'sex' as sex,
       answers ->> 'self_generated' as self_generated, answers ->> 'circumstances' as circumstances,
       answers ->> 'company' as company, answers ->> 'made_by' as made_by,
       answers ->> 'site_type' as site_type, answers ->> 'kind' as conduct,
       (answers ->> 'count')::int as children, answers is not null as is_told
  from year_counted
  left join outcome on outcome.item_id = year_counted.item_id and outcome.case_id = year_counted.case_id
       and outcome.settled_at = year_counted.at
       and outcome.settled_at >= :begins and outcome.settled_at < :ends
       and outcome.finding in ('illegal', 'against_terms')
  left join assessment on assessment.id = outcome.rests_on
  left join year_present present on present.item_id = year_counted.item_id
       and present.purpose = year_counted.purpose
""")

_STEPS = (
    (_FRESH, sa.text("analyze pg_temp.year_fresh")),
    (_KNOWN, sa.text("analyze pg_temp.year_known")),
    (_COUNTED, sa.text("analyze pg_temp.year_counted")),
    (_SINCE, sa.text("analyze pg_temp.year_since")),
    (_PRESENT, sa.text("analyze pg_temp.year_present")),
    (_CONFIRMED, sa.text("analyze pg_temp.year_confirmed")),
)
_FORGET = sa.text("""
drop table if exists pg_temp.year_fresh, pg_temp.year_known, pg_temp.year_counted, pg_temp.year_since,
    pg_temp.year_present, pg_temp.year_confirmed
""")


def put_together(tx: Tx, *, begins: datetime, ends: datetime) -> None:
    """Put what was newly confirmed into `year_confirmed`, which is there until the end of tx.

    It holds what stood confirmed at the end, and did not when the year began, rehearsals left out. What was
    put together before in tx is forgotten.
    """
    tx.run(_FORGET)
    for step, weighed in _STEPS:
        tx.run(step, {"begins": begins, "ends": ends})
        tx.run(weighed)
