"""The proof query: of every act that holds, judges, removes, tells or closes, whether a person is behind it.

An act is a row that stands in the way of somebody, hands something on or ends a case. What is behind it is
looked up in the audit log: the record of the person who decided, or, of a hold, the records by which an entry
came onto its list. A row alone proves nothing, for whoever can write the table can name somebody in it; what
somebody wrote into the log too, its chain and its anchors tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.yearly import Span

SHOWN = 100
"""Of how many acts of a kind without anybody behind them the ids are returned, the oldest ones."""


class Act(StrEnum):
    """The kinds of acts, in the order in which they are counted."""

    HOLD = "hold"
    FINDING = "finding"
    REMOVAL = "removal"
    ACCOUNT_ACTION = "account_action"
    TOLD = "told"
    URGENT_REPORT = "urgent_report"
    AUTHORITY_REPORT = "authority_report"
    HAND_OVER = "hand_over"
    PART = "part"
    CLOSED_CASE = "closed_case"


@dataclass(frozen=True, slots=True)
class Causes:
    """What is behind the acts of one kind. shown: ids of the oldest SHOWN acts that nobody is behind.

    by_list: holds by an entry that is on record. by_policy: approved by a policy that an operator switched
    on, of what people had decided. without: acts behind which nobody is.
    """

    act: Act
    acts: int
    by_people: int
    by_list: int
    by_policy: int
    without: int
    shown: tuple[UUID, ...]


# First what the rest refers to: the assessments that people filed by the log, the outcomes that rest on such,
# declared risks to life, parts that people set, approved proposals. Then a part for each kind. A hold counts
# where the log has both it and the batch in which its entry came onto the list. A case may end without an
# outcome where a person moved its items elsewhere, or back. Golden cases are none, and neither is what was
# drawn by lot and nobody came to look at: no machine had pointed at either.
# Whether something is among the first is always asked as `in`, where it is no join, and with room for all of
# them: it is looked up by a digest then. The server cannot guess how many they are. Joined, or with its usual
# room, it would read them all again for every act.
_FOR_ALL = "1GB"
_ROOM = sa.text("select current_setting('work_mem')")
_SET_ROOM = sa.text("select set_config('work_mem', :room, true)")

PROOF = sa.text("""
with filed as materialized (
    select a.id from assessment a join audit_record r
        on r.object = 'item:' || a.item_id and r.verb = 'item.assess'
       and r.actor = 'user:' || a.analyst_id and r.detail ->> 'assessment' = a.id::text
), decided as materialized (
    select o.id, o.finding, o.case_id, o.item_id from outcome o
     where (o.rests_on in (select id from filed)) is true
       and (o.second_assessment is null or o.second_assessment in (select id from filed))
), declared as materialized (
    select e.id from emergency e join audit_record r
        on r.verb = 'emergency.declare' and r.actor = 'user:' || e.declared_by
       and r.detail ->> 'emergency' = e.id::text
), parted as materialized (
    select s.id from subject s join audit_record r
        on r.verb = 'subject.set_part' and r.actor = 'user:' || s.part_set_by
       and r.at = s.part_set_at and r.detail ->> 'to' = s.part
), unseen as materialized (
    select d.item_id as id from audit_draw d join audit_record r
        on r.object = 'item:' || d.item_id and r.verb = 'item.unseen'
), moved as materialized (
    select m.from_case as case_id, i.item_id
      from case_move m join case_move_item i on i.move_id = m.id join audit_record r
        on r.object = 'case:' || m.from_case and r.verb = 'case.' || m.kind
       and r.actor = 'user:' || m.moved_by and r.at = m.moved_at
     where m.undone_at is null
        or i.item_id in (select item_id from decided)
    union
    select m.to_case, i.item_id
      from case_move m join case_move_item i on i.move_id = m.id join audit_record r
        on r.object = 'case:' || m.to_case and r.verb = 'case.un' || m.kind
       and r.actor = 'user:' || m.undone_by and r.at = m.undone_at
), approved as materialized (
    select distinct p.id, case when p.policy is null then 'person' else 'policy' end as cause
      from proposal p join audit_record r
        on r.object = 'proposal:' || p.id and r.verb = 'proposal.approve'
       and (r.actor = 'user:' || p.approved_by or r.detail ->> 'policy' = p.policy)
     where p.emergency_id in (select id from declared)
        or p.outcome_id in (select id from decided where finding in ('illegal', 'against_terms'))
), act as (
    select 'hold' as kind, h.id, h.placed_at as at, case when exists (
            select 1 from audit_record r join match m on m.id = h.match_id and m.may_hold
              join entry e on e.id = m.entry_id and e.list_id = m.list_id
              join audit_record added on added.object = 'list:' || e.list_id
               and added.verb = 'list.add_entries'
               and e.added_seq between (added.detail ->> 'from_seq')::bigint
                                   and (added.detail ->> 'to_seq')::bigint
             where r.object = 'item:' || h.item_id and r.verb = 'hold.place' and m.item_id = h.item_id
               and r.detail ->> 'hold' = h.id::text and r.detail ->> 'match' = h.match_id::text
        ) then 'list' end as cause
      from hold h
    union all
    select 'finding', o.id, o.settled_at,
           case when o.id in (select id from decided) then 'person' end from outcome o
    union all
    select case p.kind when 'remove_item' then 'removal' else p.kind end, p.id,
           coalesce(p.decided_at, p.planned_at),
           case when p.id in (select id from approved where cause = 'person') then 'person'
                when p.id in (select id from approved where cause = 'policy') then 'policy' end
      from proposal p
     where p.approved_by is not null or p.policy is not null or p.state = 'approved'
    union all
    select 'told', d.id, d.created_at, case
           when e.kind <> 'proposal_approved' then null
           when e.fields ->> 'proposal_id' in (select id::text from approved where cause = 'person')
           then 'person'
           when e.fields ->> 'proposal_id' in (select id::text from approved where cause = 'policy')
           then 'policy' end
      from delivery d join event e on e.id = d.event_id
     where d.body #>> '{data,action}' in ('remove', 'account_action')
    union all
    select 'authority_report', s.id, coalesce(s.approved_at, s.planned_at), case when exists (
            select 1 from audit_record r where r.object = 'authority_report:' || s.id
               and r.verb in ('authority_report.first_of_two', 'authority_report.send')
               and r.actor = 'user:' || s.approved_by)
        and (s.second_by is null or exists (
            select 1 from audit_record r where r.object = 'authority_report:' || s.id
               and r.verb = 'authority_report.send' and r.actor = 'user:' || s.second_by))
        and (s.emergency_id is null or s.emergency_id in (select id from declared))
        and not exists (
            select 1 from authority_report_item t where t.report_id = s.id and t.outcome_id is not null
               and t.outcome_id not in (select id from decided))
        then 'person' end
      from authority_report s
     where s.state in ('sending', 'stuck', 'filed') or (s.state = 'withdrawn' and s.approved_by is not null)
    union all
    select 'hand_over', b.id, coalesce(b.made_at, b.asked_at), case when exists (
            select 1 from audit_record r where r.object = 'bundle:' || b.id
               and r.verb = 'evidence.bundle_ask' and r.actor = 'user:' || b.asked_by)
        and exists (
            select 1 from audit_record r where r.object = 'bundle:' || b.id
               and r.verb = 'evidence.bundle_approve'
               and (r.actor = 'user:' || b.decided_by
                    or b.co_signature is not null and r.detail ->> 'by' = 'co_signer'))
        then 'person' end
      from bundle_request b where b.made > 0
    union all
    select 'part', s.id, s.part_set_at,
           case when s.id in (select id from parted) then 'person' end
      from subject s where s.part <> 'unknown'
    union all
    select 'closed_case', c.id, c.settled_at, case when
        exists (select 1 from case_item i where i.case_id = c.id)
        and not exists (
            select 1 from case_item i where i.case_id = c.id and i.item_id not in (select id from unseen)
               and (i.case_id, i.item_id) not in (select case_id, item_id from moved)
               and (i.case_id, i.item_id) not in (select case_id, item_id from decided))
        then 'person' end
      from review_case c
     where c.state = 'settled' and not exists (select 1 from golden_case g where g.case_id = c.id)
       and (not exists (select 1 from case_item i where i.case_id = c.id)
            or exists (select 1 from case_item i
                        where i.case_id = c.id and i.item_id not in (select id from unseen)))
)
select kind, count(*) as acts, count(*) filter (where cause = 'person') as by_people,
       count(*) filter (where cause = 'list') as by_list,
       count(*) filter (where cause = 'policy') as by_policy,
       count(*) filter (where cause is null) as without,
       coalesce((array_agg(id order by at, id) filter (where cause is null))[1:cast(:shown as int)], '{}')
           as shown
  from act
 where at >= :begins and at < :ends
 group by kind
""")


def causes(tx: Tx, span: Span) -> list[Causes]:
    """Return what is behind the acts of a period, of every kind, also where there was none.

    An act counts where it began: a case when it was settled, a proposal when it was decided.
    """
    asked = {"begins": span.begins, "ends": span.ends, "shown": SHOWN}
    usual = tx.run(_ROOM).scalar_one()
    tx.run(_SET_ROOM, {"room": _FOR_ALL})
    found = {row.kind: row for row in tx.run(PROOF, asked)}
    tx.run(_SET_ROOM, {"room": usual})
    return [_causes(act, found.get(act.value)) for act in Act]


def _causes(act: Act, row: sa.Row[tuple[object, ...]] | None) -> Causes:
    if row is None:
        return Causes(act, acts=0, by_people=0, by_list=0, by_policy=0, without=0, shown=())
    return Causes(
        act,
        acts=row.acts,
        by_people=row.by_people,
        by_list=row.by_list,
        by_policy=row.by_policy,
        without=row.without,
        shown=tuple(row.shown),
    )
