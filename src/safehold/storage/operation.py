"""What happened on a day, and what waits now, counted in the database. Rehearsals are counted apart.

Each row says `many`, and with its other columns what can be said of all of them; `took` is a length of time.

Every length of time is a class, by `length_class` of the database: see `transparency.waits`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.yearly import Span

ARRIVALS = {
    "item_matched": "list",
    "item_flagged": "flag",
    "conversation_flagged": "conversation",
    "inbound_report_received": "report",
}
"""The events by which something comes to be looked at, and what brought it here."""

_ARRIVED = sa.text("""
select event.fields ->> 'purpose' as purpose, item.surface, event.kind as source,
       case when item.rehearsal then 'yes' else 'no' end as practice, count(*) as many
  from event join item on item.id = event.item_id
 where event.kind = any(:arrivals) and event.at >= :begins and event.at < :ends
 group by 1, 2, 3, 4
""")

# Of each item in each of its cases the first outcome alone: what is decided anew was not waiting.
_DECIDED = sa.text("""
with decided as (
    select event.seq, event.item_id, (event.fields ->> 'case_id')::uuid as case_id, event.at,
           case event.kind when 'item_confirmed' then 'yes' else 'no' end as actioned,
           event.fields ->> 'category' as category
      from event
     where event.kind in ('item_confirmed', 'item_cleared') and event.at >= :begins and event.at < :ends
)
select review_case.purpose, item.surface, actioned, category, source.kind as source,
       case when review_case.rehearsal then 'yes' else 'no' end as practice,
       case when review_case.decide_by is null then 'none'
            when decided.at <= review_case.decide_by then 'in_time' else 'late' end as due,
       length_class(decided.at - greatest(item.received_at, review_case.opened_at)) as took,
       count(*) as many
  from decided
  join item on item.id = decided.item_id
  join review_case on review_case.id = decided.case_id
  left join lateral (
      select event.kind from event
       where event.item_id = decided.item_id and event.kind = any(:arrivals)
       order by event.seq limit 1
  ) source on true
 where not exists (
      select from event earlier
       where earlier.item_id = decided.item_id and earlier.kind in ('item_confirmed', 'item_cleared')
         and earlier.seq < decided.seq and earlier.fields ->> 'case_id' = decided.case_id::text)
 group by 1, 2, 3, 4, 5, 6, 7, 8
""")

_REVERSED = sa.text("""
select review_case.purpose, item.surface,
       case when review_case.rehearsal then 'yes' else 'no' end as practice, count(*) as many
  from event join item on item.id = event.item_id
  join review_case on review_case.id = (event.fields ->> 'case_id')::uuid
 where event.kind = 'outcome_reversed' and event.at >= :begins and event.at < :ends
 group by 1, 2, 3
""")

_ASKED = sa.text("""
select review_case.purpose, item.surface,
       case when review_case.rehearsal then 'yes' else 'no' end as practice,
       length_class(event.at - outcome.settled_at) as took,
       count(*) as many
  from event join item on item.id = event.item_id
  join proposal on proposal.id = (event.fields ->> 'proposal_id')::uuid and proposal.kind = 'remove_item'
  join outcome on outcome.id = proposal.outcome_id
  join review_case on review_case.id = proposal.case_id
 where event.kind = 'proposal_approved' and event.at >= :begins and event.at < :ends
 group by 1, 2, 3, 4
""")

_FILED = sa.text("""
select kind as authority, case when authority_report.rehearsal then 'yes' else 'no' end as practice,
       case when filed_at <= due_at then 'in_time' else 'late' end as due,
       length_class(filed_at - planned_at) as took,
       count(*) as many
  from authority_report
 where filed_at >= :begins and filed_at < :ends
 group by 1, 2, 3, 4
""")

_RAISED = sa.text("""
select code, count(*) as many from alarm where raised_at >= :begins and raised_at < :ends group by 1
""")

# Who has found what is asked of all of them together, and never of one.
_APART = sa.text("""
with units as (
    select array_agg(distinct assessment.analyst_id) as people,
           count(distinct assessment.finding || coalesce(assessment.category, '')) = 1 as same
      from assessment join review_case on review_case.id = assessment.case_id
     where assessment.blind and assessment.same_as is null and not review_case.rehearsal
       and assessment.filed_at >= :begins and assessment.filed_at < :ends
     group by assessment.case_id, assessment.item_id, assessment.round
    having count(distinct assessment.analyst_id) > 1
)
select case when same then 'yes' else 'no' end as agreed, 'no' as practice, count(*) as many from units
 where (select count(distinct person) from units, unnest(people) person) >= :fewest
 group by 1
""")

_OPEN = sa.text("""
select purpose, case when review_case.rehearsal then 'yes' else 'no' end as practice,
       case when decide_by is null then 'none' when decide_by < :now then 'late' else 'in_time' end as due,
       length_class(cast(:now as timestamptz) - opened_at) as took,
       count(*) as many
  from review_case
 where state = 'open'
 group by 1, 2, 3, 4
""")

_UNASKED = sa.text("""
select review_case.purpose, item.surface,
       case when review_case.rehearsal then 'yes' else 'no' end as practice,
       length_class(cast(:now as timestamptz) - planned_at) as took,
       count(*) as many
  from proposal join item on item.id = proposal.item_id
  join review_case on review_case.id = proposal.case_id
 where proposal.state = 'waiting' and proposal.kind = 'remove_item'
 group by 1, 2, 3, 4
""")

_UNFILED = sa.text("""
select kind as authority, case when authority_report.rehearsal then 'yes' else 'no' end as practice,
       case when due_at < :now then 'late' else 'in_time' end as due,
       length_class(cast(:now as timestamptz) - planned_at) as took,
       count(*) as many
  from authority_report
 where state in ('planned', 'sending', 'stuck')
 group by 1, 2, 3, 4
""")

_UNANSWERED = sa.text("""
select authority_report.kind as authority,
       case when authority_report.rehearsal then 'yes' else 'no' end as practice,
       case when authority_question.due_at < :now then 'late' else 'in_time' end as due, count(*) as many
  from authority_question join authority_report on authority_report.id = authority_question.report_id
 where answered_at is null
 group by 1, 2, 3
""")

_LISTS = sa.text("""
select purpose,
       case when stale_after_seconds is null then 'fixed'
            when abs(extract(epoch from cast(:now as timestamptz) - coalesce(refreshed_at, created_at)))
                 > stale_after_seconds
            then 'stale' else 'current' end as freshness,
       count(*) as many
  from hash_list
 where withdrawn_at is null
 group by 1, 2
""")

_STANDING = sa.text("select code, count(*) as many from alarm where cleared_at is null group by 1")


def arrived(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield what came to be looked at, by purpose, surface and source."""
    yield from tx.run(_ARRIVED, {**_within(span), "arrivals": list(ARRIVALS)})


def decided(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield first outcomes, by purpose, surface, source, category, whether in time, and how long it took."""
    yield from tx.run(_DECIDED, {**_within(span), "arrivals": list(ARRIVALS)})


def reversed_outcomes(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield outcomes that were reversed, by purpose and surface."""
    yield from tx.run(_REVERSED, _within(span))


def removals_asked(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield removals that platforms were asked for, by purpose, surface and the time since the outcome."""
    yield from tx.run(_ASKED, _within(span))


def filed(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield reports that authorities have, by authority, whether in time, and the time since the plan."""
    yield from tx.run(_FILED, _within(span))


def alarms_raised(tx: Tx, span: Span) -> Iterator[Any]:
    """Yield alarms by their code."""
    yield from tx.run(_RAISED, _within(span))


def assessed_apart(tx: Tx, span: Span, *, fewest: int) -> Iterator[Any]:
    """Yield items that several people assessed blind, by whether all found the same.

    Nothing where fewer people took part: it would tell of single ones.
    """
    yield from tx.run(_APART, {**_within(span), "fewest": fewest})


def open_cases(tx: Tx, now: datetime) -> Iterator[Any]:
    """Yield open cases by purpose, whether past their date, and how long they are open.

    Golden items are among them: their cases look like any case.
    """
    yield from tx.run(_OPEN, {"now": now})


def removals_waiting(tx: Tx, now: datetime) -> Iterator[Any]:
    """Yield removals that wait for somebody to ask for them, by purpose, surface and how long."""
    yield from tx.run(_UNASKED, {"now": now})


def unfiled(tx: Tx, now: datetime) -> Iterator[Any]:
    """Yield reports to authorities that are still to be filed, by authority, whether late, and how long."""
    yield from tx.run(_UNFILED, {"now": now})


def unanswered(tx: Tx, now: datetime) -> Iterator[Any]:
    """Yield questions of authorities that wait for their answer, by authority and whether late."""
    yield from tx.run(_UNANSWERED, {"now": now})


def lists(tx: Tx, now: datetime) -> Iterator[Any]:
    """Yield lists in use by purpose and freshness: current, stale, or fixed where they change by hand."""
    yield from tx.run(_LISTS, {"now": now})


def alarms_standing(tx: Tx, _now: datetime) -> Iterator[Any]:
    """Yield the alarms that stand by their code."""
    yield from tx.run(_STANDING)


def _within(span: Span) -> dict[str, datetime]:
    return {"begins": span.begins, "ends": span.ends}
