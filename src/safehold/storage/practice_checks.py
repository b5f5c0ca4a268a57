"""Where tables and the audit log tell a period differently: whoever edits one cannot edit the other's chain.

Each question returns how many rows differ, either of both missing too.
"""

from __future__ import annotations

import sqlalchemy as sa

from safehold.storage.database import Tx
from safehold.storage.yearly import Span

_FILED = sa.text("""
with said as (
    select object, at, true as said from audit_record
     where verb = 'authority_report.filed' and at >= :begins and at < :ends
), kept as (
    select 'authority_report:' || id as object, filed_at as at, true as kept from authority_report
     where filed_at >= :begins and filed_at < :ends
)
select count(*) from said full join kept using (object, at) where said is null or kept is null
""")

_APPEALS = sa.text("""
with said as (
    select detail ->> 'appeal' as id, detail ->> 'state' as state, at, true as said from audit_record
     where verb = 'appeal.decide' and at >= :begins and at < :ends
), kept as (
    select id::text as id, state, decided_at as at, true as kept from appeal
     where decided_at >= :begins and decided_at < :ends
)
select count(*) from said full join kept using (id, state, at) where said is null or kept is null
""")

_REVERSED = sa.text("""
with said as (
    select detail ->> 'outcome' as id, at, true as said from audit_record
     where verb = 'outcome.reverse' and at >= :begins and at < :ends
), kept as (
    select id::text as id, reversed_at as at, true as kept from outcome
     where reversed_at >= :begins and reversed_at < :ends
)
select count(*) from said full join kept using (id, at) where said is null or kept is null
""")

_HELD = sa.text("""
with said as (
    select detail ->> 'hold' as id, at, true as said from audit_record
     where verb = 'hold.place' and at >= :begins and at < :ends
), kept as (
    select id::text as id, placed_at as at, true as kept from hold
     where placed_at >= :begins and placed_at < :ends
)
select count(*) from said full join kept using (id, at) where said is null or kept is null
""")

# A scan keeps as many matches of an item as it says.
_MATCHED = sa.text("""
with said as (
    select object, sum((detail ->> 'matches')::int) as many from audit_record
     where verb = 'scan.keep' and at >= :begins and at < :ends group by 1
), kept as (
    select 'item:' || item_id as object, count(*) as many from match
     where matched_at >= :begins and matched_at < :ends group by 1
)
select count(*) from said left join kept using (object)
 where said.many is distinct from coalesce(kept.many, 0)
""")

# Numbers alone: many batches of one import may share an instant.
_LISTED = sa.text("""
with said as (
    select substring(object from 6)::uuid as list_id, sum(coalesce((detail ->> 'added')::int, 0)) as added,
           sum(coalesce((detail ->> 'removed')::int, 0)) as removed
      from audit_record
     where verb in ('list.add_entries', 'list.withdraw', 'list.withdraw_entries')
       and at >= :begins and at < :ends
     group by 1
), kept as (
    select list_id, sum(added) as added, sum(removed) as removed from list_change
     where at >= :begins and at < :ends group by 1
)
select count(*) from said full join kept using (list_id)
 where coalesce(said.added, 0) <> coalesce(kept.added, 0)
    or coalesce(said.removed, 0) <> coalesce(kept.removed, 0)
""")

CHECKS = {
    "reports to authorities": _FILED,
    "decided appeals": _APPEALS,
    "reversed outcomes": _REVERSED,
    "holds": _HELD,
    "items with matches": _MATCHED,
    "lists": _LISTED,
}


def differing(tx: Tx, span: Span) -> dict[str, int]:
    """Return of how many things of each kind a table and the audit log tell differently, none left out."""
    values = {"begins": span.begins, "ends": span.ends}
    return {what: int(tx.run(asked, values).scalar_one()) for what, asked in CHECKS.items()}
