"""Ledgers of a period, a row for each thing: lists and their changes, filings, and what restricted somebody.

No row names a person, an account, or what anything showed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.yearly import Span

# As it was set when the period ended: what is recorded of it before, or what the next change says it was.
_LISTS = sa.text("""
select hash_list.id, hash_list.name, hash_list.purpose, hash_list.vetted, hash_list.provenance,
       hash_list.max_distance, hash_list.hold_max_distance, hash_list.may_hold,
       hash_list.stale_after_seconds, hash_list.created_at,
       coalesce(earlier.detail ->> 'source', later.detail ->> 'source_before', hash_list.source) as source,
       coalesce((earlier.detail ->> 'needs_second_source')::boolean, hash_list.needs_second_source)
           as needs_second_source,
       case when hash_list.withdrawn_at < :ends then hash_list.withdrawn_at end as withdrawn_at,
       changed.last_at, coalesce(changed.added, 0) as added, coalesce(changed.removed, 0) as removed
  from hash_list
  left join lateral (
      select detail from audit_record
       where object = 'list:' || hash_list.id and verb in ('list.change', 'list.add') and at < :ends
       order by at desc limit 1) earlier on true
  left join lateral (
      select detail from audit_record
       where object = 'list:' || hash_list.id and verb = 'list.change' and at >= :ends
       order by at limit 1) later on true
  left join lateral (
      select max(at) as last_at, sum(added) filter (where at >= :begins) as added,
             sum(removed) filter (where at >= :begins) as removed
        from list_change where list_id = hash_list.id and at < :ends) changed on true
 where hash_list.purpose <> 'test' and hash_list.created_at < :ends
 order by hash_list.name
""")

_LIST_RECORDS = sa.text("""
select record.at, hash_list.name as list, record.verb, record.detail
  from audit_record record join hash_list on 'list:' || hash_list.id = record.object
 where record.verb in ('list.add', 'list.change', 'list.import', 'list.withdraw', 'list.withdraw_entries')
   and record.at >= :begins and record.at < :ends and hash_list.purpose <> 'test'
 order by record.at, record.id
""")

# When something was planned, sent on, filed or ended is what the log says; the rest is the report's own.
_FILINGS = sa.text("""
select report.id, report.kind, report.destination, report.planned_at, report.unverified, report.follows,
       report.relation, sent.at as sent_at, filed.at as filed_at, ended.at as ended_at,
       coalesce(asked.priority, report.priority) as priority,
       coalesce(asked.due_at, report.due_at) as due_at,
       filed.at <= coalesce(asked.due_at, report.due_at) as in_time,
       case when filed.at is not null then report.reference end as reference,
       case when filed.at is not null then 'filed'
            when ended.verb = 'authority_report.decline' then 'declined'
            when ended.verb is not null then 'withdrawn' when sent.at is not null then 'sending'
            else 'planned' end as state,
       coalesce(called.calls, 0) as calls, coalesce(called.failed, 0) as failed,
       (handed.detail ->> 'files')::int as files, (handed.detail ->> 'left_out')::int as left_out,
       told.items, told.viewed, kept.until as kept_until, kept.reference_until as reference_kept_until
  from authority_report report
  left join lateral (select (detail ->> 'priority')::int as priority,
       (detail ->> 'due_at')::timestamptz as due_at from audit_record
       where object = 'authority_report:' || report.id
       and verb in ('authority_report.plan', 'authority_report.priority') and at < :ends
       order by at desc, id desc limit 1) asked on true
  left join lateral (select min(at) as at from audit_record where object = 'authority_report:' || report.id
       and verb = 'authority_report.send' and at < :ends) sent on true
  left join lateral (select min(at) as at from audit_record where object = 'authority_report:' || report.id
       and verb = 'authority_report.filed' and at < :ends) filed on true
  left join lateral (select verb, at from audit_record where object = 'authority_report:' || report.id
       and verb in ('authority_report.decline', 'authority_report.withdraw') and at < :ends
       and filed.at is null order by at desc limit 1) ended on true
  left join lateral (select count(*) filter (where detail ->> 'moment' = 'after') as calls,
       count(*) filter (where detail ->> 'failed' is not null or detail ->> 'end' <> 'taken'
           or coalesce((detail ->> 'code')::int <> 0, (detail ->> 'status')::int >= 300)) as failed
       from audit_record where object = 'authority_report:' || report.id and verb = 'authority.call'
       and at < :ends) called on true
  left join lateral (select detail from audit_record where object = 'authority_report:' || report.id
       and verb = 'authority.file' and at < :ends order by at limit 1) handed on true
  left join lateral (select count(distinct one.id) as items, count(distinct one.id) filter (where exists (
           select from audit_record seen
            where seen.object = 'item:' || one.id and seen.verb = 'item.assess' and seen.at < :ends
              and seen.detail ->> 'tier' = 'clear')) as viewed
       from audit_record record, jsonb_array_elements_text(record.detail -> 'items') one (id)
      where record.object = 'authority_report:' || report.id and record.verb = 'authority_report.plan'
        and record.at < :ends) told on true
  left join lateral (select max(until) filter (where basis <> 'uk_reference') as until,
       max(until) filter (where basis = 'uk_reference') as reference_until from retention_clock
       where filed.at is not null and since < :ends and (about = report.id
             or about = report.case_id and basis = 'operator_term' and report.kind in ('generic', 'parcel'))
       ) kept on true
 where not report.rehearsal and report.planned_at < :ends
   and (report.planned_at >= :begins or filed.at >= :begins or sent.at >= :begins)
 order by report.planned_at, report.id
""")

_QUESTIONS = sa.text("""
select question.report_id, question.received_at, question.due_at,
       case when question.answered_at < :ends then question.answered_at end as answered_at
  from authority_question question join authority_report report on report.id = question.report_id
 where not report.rehearsal and question.recorded_at >= :begins and question.recorded_at < :ends
 order by question.received_at, question.id
""")

# A hold placed by a list's match, and what a platform was asked to do after an outcome.
_RESTRICTED = sa.text("""
select (record.detail ->> 'hold')::uuid as reference, 'hold' as action, record.at,
       null as finding, list.purpose, item.kind, media.kind as media_kind, item.received_at, null as policy
  from audit_record record
  join item on item.id = substring(record.object from 6)::uuid and not item.rehearsal
  join hold on hold.id = (record.detail ->> 'hold')::uuid
  left join match on match.id = hold.match_id
  left join hash_list list on list.id = match.list_id
  left join media on media.id = item.media_id
 where record.verb = 'hold.place' and record.at >= :begins and record.at < :ends
union all
select proposal.id, proposal.kind, record.at, outcome.finding, review_case.purpose, item.kind, media.kind,
       item.received_at, record.detail ->> 'policy'
  from audit_record record
  join proposal on 'proposal:' || proposal.id = record.object
       and proposal.kind in ('remove_item', 'account_action')
  join item on item.id = proposal.item_id and not item.rehearsal
  join review_case on review_case.id = proposal.case_id
  join outcome on outcome.id = proposal.outcome_id
  left join media on media.id = item.media_id
 where record.verb = 'proposal.approve' and record.at >= :begins and record.at < :ends
 order by at, reference
""")

_POLICIES = sa.text("""
select version, first_used_at from policy_text where first_used_at < :ends order by first_used_at, version
""")


def lists(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield each list that was declared before the period ended, as it was then."""
    yield from tx.run(_LISTS, _values(span))


def list_records(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield what was done to lists: when, to which, what, in numbers and codes."""
    yield from tx.run(_LIST_RECORDS, _values(span))


def filings(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield the reports to authorities that were planned, sent on or filed, as they stood at the end."""
    yield from tx.run(_FILINGS, _values(span))


def questions(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield the questions that authorities asked back."""
    yield from tx.run(_QUESTIONS, _values(span))


def restricted(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield what restricted somebody: holds, and requests to platforms, by which way they were approved."""
    yield from tx.run(_RESTRICTED, _values(span))


def policies(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield the versions of the policy text that were in use before the period ended."""
    yield from tx.run(_POLICIES, _values(span))


def _values(span: Span) -> dict[str, Any]:
    return {"begins": span.begins, "ends": span.ends}
