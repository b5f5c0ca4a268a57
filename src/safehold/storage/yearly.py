"""What a year amounts to, counted in the database from recorded events. Nothing written here stays.

What counts is the state at the end of the year: an item that was confirmed then, and was not when the year
began. So what happens later changes no closed year, and an item counts in one year alone. Rehearsals never
count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.storage import year_confirmed
from safehold.storage.database import Tx

_ITEMS = sa.text("""
select kind, purpose, category, restated, age_band, sex, self_generated, circumstances, company, made_by,
       site_type, conduct,
       case when not is_told then null when coalesce(children, 0) < 1 then 'unknown'
            when children > 2 then 'more' else children::text end as children,
       count(*) as many
  from year_confirmed
 group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
""")

# Of each media everything that was found in any of its appearances, once; the rules decide what holds.
_MEDIA = sa.text("""
select ages, sexes, categories, self_generated, circumstances, company, made_by,
       case when children > 2 then 'more' else coalesce(children::text, 'unknown') end as children,
       count(*) as many
  from (
    select array_agg(distinct age_band) as ages, array_agg(distinct sex) as sexes,
           array_agg(distinct category) as categories, max(self_generated) as self_generated,
           min(circumstances) as circumstances, min(company) as company, min(made_by) as made_by,
           max(children) as children
      from year_confirmed
     where media_id is not null and purpose = 'csam'
     group by media_id) of_media
 group by 1, 2, 3, 4, 5, 6, 7, 8
""")

# A report is assessed in the year in which its page had its first outcome, and confirmed as that year ended.
_REPORTS = sa.text("""
with reported as (
    select event.item_id, min(event.at) as at
      from event join item on item.id = event.item_id and not item.rehearsal
     where event.kind = 'inbound_report_received' and event.at < :ends
     group by event.item_id
), settled as (
    select event.item_id, min(event.at) as first_at,
           (array_agg(event.kind order by event.seq desc))[1] as last
      from event join reported on reported.item_id = event.item_id
     where event.kind in ('item_confirmed', 'item_cleared', 'outcome_reversed') and event.at < :ends
     group by event.item_id
)
select 'received' as stage, null as actioned, count(*) as many from reported where at >= :begins
union all
select 'assessed', case when last = 'item_confirmed' then 'yes' else 'no' end, count(*)
  from settled where first_at >= :begins group by 2
""")

_ENTRIES = sa.text("""
select stage, hash_list.purpose, signal_type, count(*) as many
  from entry join hash_list on hash_list.id = entry.list_id,
       lateral (
           values ('there', entry.added_at < :ends and coalesce(entry.removed_at >= :ends, true)),
                  ('added', entry.added_at >= :begins and entry.added_at < :ends),
                  ('removed', entry.removed_at >= :begins and entry.removed_at < :ends)
       ) stages (stage, counts)
 where stages.counts and hash_list.purpose <> 'test'
 group by 1, 2, 3
""")

_FILED = sa.text("""
select authority_report.kind as authority, count(*) as many
  from event join authority_report on authority_report.id = (event.fields ->> 'report_id')::uuid
 where event.kind = 'authority_report_filed' and event.at >= :begins and event.at < :ends
   and not authority_report.rehearsal
 group by 1
""")

_APPEALS = sa.text("""
select case when (event.fields ->> 'upheld')::boolean then 'yes' else 'no' end as upheld, count(*) as many
  from event join review_case on review_case.id = (event.fields ->> 'case_id')::uuid
 where event.kind = 'appeal_decided' and event.at >= :begins and event.at < :ends
   and not review_case.rehearsal
 group by 1
""")

_REVERSED = sa.text("""
select count(*) as many
  from event join review_case on review_case.id = (event.fields ->> 'case_id')::uuid
 where event.kind = 'outcome_reversed' and event.at >= :begins and event.at < :ends
   and not review_case.rehearsal
""")

_TOGETHER = sa.text("""
select case when first_found = last_found then 'yes' else 'no' end as agreed, count(*) as many
  from (
    select case_id, min(finding || coalesce(category, '')) as first_found,
           max(finding || coalesce(category, '')) as last_found
      from assessment
     where blind and same_as is null and filed_at >= :begins and filed_at < :ends
     group by case_id, item_id, round
    having count(*) > 1 and min(analyst_id::text) <> max(analyst_id::text)) units
  join review_case on review_case.id = units.case_id and not review_case.rehearsal
 group by 1
""")

# Of a removal it counts when its year ends whether it is told as gone: later words change no closed year.
_REMOVALS = sa.text("""
select review_case.purpose,
       case when removal.gone_at is null then 'not_told'
            when removal.gone_at - event.at <= interval '1 hour' then 'hour'
            when removal.gone_at - event.at <= interval '4 hours' then 'four_hours'
            when removal.gone_at - event.at <= interval '1 day' then 'day'
            when removal.gone_at - event.at <= interval '3 days' then 'three_days'
            when removal.gone_at - event.at <= interval '7 days' then 'week'
            else 'longer' end as gone,
       count(*) as many
  from event
  join proposal on proposal.id = (event.fields ->> 'proposal_id')::uuid and proposal.kind = 'remove_item'
  join review_case on review_case.id = proposal.case_id and not review_case.rehearsal
  left join removal on removal.proposal_id = proposal.id and removal.told_at < :ends
 where event.kind = 'proposal_approved' and event.at >= :begins and event.at < :ends
 group by 1, 2
""")

# Whoever changes a table cannot change the chain of the audit log with it: it tells what was settled, too.
_UNVOUCHED = sa.text("""
with said as (
    select object, at, detail ->> 'case' as case_id, detail ->> 'finding' as finding, true as said
      from audit_record
     where verb = 'item.settle' and at >= :begins and at < :ends
), happened as (
    select 'item:' || event.item_id as object, event.at, event.fields ->> 'case_id' as case_id,
           event.fields ->> 'finding' as finding, true as happened
      from event
     where event.kind in ('item_confirmed', 'item_cleared') and event.at >= :begins and event.at < :ends
)
select count(*)
  from said full join happened using (object, at, case_id, finding)
 where said is null or happened is null
""")
_UNLIKE = sa.text("""
select count(*)
  from event left join outcome on outcome.item_id = event.item_id and outcome.settled_at = event.at
       and outcome.case_id = (event.fields ->> 'case_id')::uuid
       and outcome.finding = event.fields ->> 'finding'
       and outcome.category is not distinct from event.fields ->> 'category'
 where event.kind in ('item_confirmed', 'item_cleared') and event.at >= :begins and event.at < :ends
   and outcome.id is null
""")


@dataclass(frozen=True, slots=True)
class Span:
    """A year as instants: it begins at the first and ends before the second."""

    begins: datetime
    ends: datetime


def read_alike(tx: Tx) -> None:
    """Let every question of this transaction see the records as they are now, whatever happens meanwhile."""
    tx.run(sa.text("set transaction isolation level repeatable read"))
    tx.run(sa.text("set local work_mem = '64MB'"))


def gather(tx: Tx, span: Span) -> None:
    """Put together what was newly confirmed in a year, for `items` and `media`."""
    year_confirmed.put_together(tx, begins=span.begins, ends=span.ends)


def items(tx: Tx) -> Iterator[Any]:
    """Yield what was gathered, pages and messages too, grouped by what was found. many: how many."""
    yield from tx.run(_ITEMS)


def media(tx: Tx) -> Iterator[Any]:
    """Yield the unique media of what was gathered, grouped by all that was found in any appearance."""
    yield from tx.run(_MEDIA)


def reports(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield inbound reports by stage (received, assessed) and, where assessed, whether confirmed."""
    yield from tx.run(_REPORTS, _values(span))


def entries(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield entries of lists by stage (there at the end, added, removed), purpose and signal type."""
    yield from tx.run(_ENTRIES, _values(span))


def filed(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield the reports that authorities have, by authority."""
    yield from tx.run(_FILED, _values(span))


def appeals(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield decided appeals by whether an outcome was changed."""
    yield from tx.run(_APPEALS, _values(span))


def removals(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield removals that platforms were asked for, by purpose and the time until they were told as gone."""
    yield from tx.run(_REMOVALS, _values(span))


def reversals(tx: Tx, span: Span) -> int:
    """Return how many outcomes were reversed."""
    return int(tx.run(_REVERSED, _values(span)).scalar_one())


def together(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield what several people assessed blind, by whether all found the same."""
    yield from tx.run(_TOGETHER, _values(span))


def unvouched(tx: Tx, span: Span) -> int:
    """Return how many settled items events and audit log tell differently, either of them missing too."""
    return int(tx.run(_UNVOUCHED, _values(span)).scalar_one())


def unlike(tx: Tx, span: Span) -> int:
    """Return how many events of settled items have no outcome that says the same."""
    return int(tx.run(_UNLIKE, _values(span)).scalar_one())


def first_event(tx: Tx) -> datetime | None:
    """Return when the first event was recorded, None before any was."""
    found: datetime | None = tx.run(sa.text("select at from event order by seq limit 1")).scalar_one_or_none()
    return found


def _values(span: Span) -> dict[str, datetime]:
    return {"begins": span.begins, "ends": span.ends}
