"""What was done in a period, counted from the audit log. Nothing is written here, and rehearsals never count.

The log says what happened and when; which items and cases were rehearsals, and on which list a match was, is
asked of their tables. A record bears the time at which it was made, so a period that is over changes no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.yearly import Span

# What people and rules did with items and cases. took: from when the item or the appeal came in.
_DONE = sa.text("""
with done as (
    select verb, at, detail, object, substring(object from 6)::uuid as item_id, null::uuid as case_id
      from audit_record
     where verb in ('item.settle', 'item.assess', 'inbound_report.receive', 'appeal.receive',
                    'appeal.decide', 'hold.place', 'hold.release', 'item.reveal')
       and object like 'item:%' and at >= :begins and at < :ends
    union all
    select verb, at, detail, object, null, substring(object from 6)::uuid
      from audit_record
     where verb in ('case.open', 'case.settle', 'outcome.reverse', 'emergency.declare')
       and object like 'case:%' and at >= :begins and at < :ends
)
select done.verb, to_char(done.at at time zone :zone, 'IYYY-"W"IW') as week,
       done.detail ->> 'finding' as finding, done.detail ->> 'people' as people,
       done.detail ->> 'policy_version' as policy, done.detail ->> 'tier' as tier,
       done.detail ->> 'reason' as reason, done.detail ->> 'state' as state,
       coalesce(done.detail ->> 'purpose', place.purpose) as purpose, item.kind as kind,
       case when done.verb = 'item.settle' then
                case when (done.detail ->> 'disagreed')::int > 0 then 'no' else 'yes' end end as agreed,
       case when took is null then null when took <= 3600 then 'hour' when took <= 14400 then 'four_hours'
            when took <= 86400 then 'day' when took <= 259200 then 'three_days'
            when took <= 604800 then 'week' else 'longer' end as took,
       count(*) as many
  from done
  left join item on item.id = done.item_id
  left join review_case place on place.id = coalesce(done.case_id, (done.detail ->> 'case')::uuid)
  left join appeal on done.verb = 'appeal.decide' and appeal.id = (done.detail ->> 'appeal')::uuid,
       lateral (select extract(epoch from done.at - case done.verb when 'item.settle' then item.received_at
                when 'appeal.decide' then appeal.received_at end) as took) long
 where not coalesce(item.rehearsal, place.rehearsal, false) and not coalesce(place.rehearsal, false)
 group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
""")

_SCANS = sa.text("""
select substring(object from 9) as surface, detail ->> 'result' as result,
       sum((detail ->> 'scans')::bigint) as many
  from audit_record
 where verb = 'scan.count' and at >= :begins and at < :ends
 group by 1, 2
""")

# An item counts once for each list that it matched, by the nearest of its matches there; what became of it is
# what stood when the period ended.
_MATCHED = sa.text("""
with matched as (
    select match.list_id, match.item_id, min(match.distance) as distance, min(match.matched_at) as at
      from match join item on item.id = match.item_id and not item.rehearsal
     where match.matched_at >= :begins and match.matched_at < :ends
     group by 1, 2
), course as (
    select distinct on (object, detail ->> 'case') substring(object from 6)::uuid as item_id,
           (detail ->> 'case')::uuid as case_id, at, detail ->> 'finding' as finding,
           (detail ->> 'outcome')::uuid as outcome_id
      from audit_record
     where verb = 'item.settle' and at < :ends
       and object in (select 'item:' || item_id from matched)
     order by object, detail ->> 'case', at desc
), reversed as (
    select (detail ->> 'outcome')::uuid as outcome_id
      from audit_record
     where verb = 'outcome.reverse' and at < :ends
), became as (
    select matched.list_id, matched.item_id, matched.distance,
           bool_or(course.finding in ('illegal', 'against_terms')
                   and reversed.outcome_id is null) as confirmed,
           bool_or(course.finding not in ('illegal', 'against_terms')
                   and reversed.outcome_id is null) as cleared
      from matched
      left join course on course.item_id = matched.item_id
      left join reversed on reversed.outcome_id = course.outcome_id
     group by 1, 2, 3
)
select hash_list.name as list, case when became.confirmed then 'confirmed' when became.cleared then 'cleared'
       else 'undecided' end as became,
       case when became.distance <= hash_list.hold_max_distance then 'near' else 'far' end as nearness,
       case when exists (
           select from audit_record
            where verb = 'item.assess' and at < :ends and object = 'item:' || became.item_id
              and detail ->> 'tier' <> 'none') then 'yes' else 'no' end as seen,
       count(*) as many
  from became join hash_list on hash_list.id = became.list_id
 where hash_list.purpose <> 'test'
 group by 1, 2, 3, 4
""")

# From an outcome that confirms until a platform took the message that asks it to act.
_TOLD = sa.text("""
with confirmed as (
    select record.object, min(record.at) as at
      from audit_record record join item on item.id = substring(record.object from 6)::uuid
     where record.verb = 'item.settle' and record.detail ->> 'finding' in ('illegal', 'against_terms')
       and record.at >= :begins and record.at < :ends and not item.rehearsal
     group by 1
), told as (
    select confirmed.object, min(taken.at - confirmed.at) as took
      from confirmed
      join audit_record planned on planned.verb = 'webhook.plan'
           and 'item:' || (planned.detail ->> 'item') = confirmed.object
           and planned.detail ->> 'event' = 'proposal_approved' and planned.at >= confirmed.at
      join audit_record taken on taken.object = planned.object and taken.verb = 'webhook.attempt'
           and taken.detail ->> 'verdict' = 'taken' and taken.at < :ends
     group by 1
)
select case when told.took is null then 'not_yet' when told.took <= interval '1 hour' then 'hour'
            when told.took <= interval '4 hours' then 'four_hours'
            when told.took <= interval '1 day' then 'day'
            when told.took <= interval '3 days' then 'three_days'
            when told.took <= interval '7 days' then 'week' else 'longer' end as took, count(*) as many
  from confirmed left join told using (object)
 group by 1
""")

_ENTRIES = sa.text("""
select hash_list.name as list, entry.signal_type, count(*) as many
  from entry join hash_list on hash_list.id = entry.list_id
 where entry.added_at < :ends and coalesce(entry.removed_at >= :ends, true) and hash_list.purpose <> 'test'
 group by 1, 2
""")

_HELPED = sa.text("""
select name as moment, choice, sum(times) as many
  from help_count
 where day >= cast(:begins as timestamptz) at time zone :zone
   and day < cast(:ends as timestamptz) at time zone :zone
 group by 1, 2
""")

# Who came near to what is kept: how often, and never who.
_ACCESS = sa.text("""
select verb as act, count(*) as many
  from audit_record
 where verb in ('item.reveal', 'reveal.refused', 'evidence.open', 'evidence.refused', 'evidence.bundle_made',
                'authority_report.pack', 'authority_report.view', 'audit.export', 'db.backup')
   and at >= :begins and at < :ends
 group by 1
""")

_NOT_TAKEN = sa.text("""
select detail ->> 'why' as reason, count(*) as many
  from audit_record
 where verb = 'appeal.not_taken' and at >= :begins and at < :ends
 group by 1
""")


def done(tx: Tx, span: Span, zone: str) -> Iterator[Any]:
    """Yield what people and rules did with items and cases, grouped by all that is said of it."""
    yield from tx.run(_DONE, {**_values(span), "zone": zone})


def scans(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield how much was scanned, by surface and result."""
    yield from tx.run(_SCANS, _values(span))


def matched(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield items that matched lists, by list, what became of them, how near they were, whether seen."""
    yield from tx.run(_MATCHED, _values(span))


def told(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield confirmed items by the time until a platform took the request to act."""
    yield from tx.run(_TOLD, _values(span))


def entries(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield the entries that were on lists when the period ended, by list and signal type."""
    yield from tx.run(_ENTRIES, _values(span))


def helped(tx: Tx, span: Span, zone: str) -> Iterator[Any]:
    """Yield how often words that help were shown, by which and by what the child chose."""
    yield from tx.run(_HELPED, {**_values(span), "zone": zone})


def access(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield how often somebody came near to what is kept, by what they did."""
    yield from tx.run(_ACCESS, _values(span))


def not_taken(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield appeals left by reference that could not be taken, by the reason."""
    yield from tx.run(_NOT_TAKEN, _values(span))


def _values(span: Span) -> dict[str, Any]:
    return {"begins": span.begins, "ends": span.ends}
