"""Who has seen which picture before, at whatever place it appeared. It reads, and writes nothing."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from safehold.model.exposure import Again
from safehold.model.ids import ItemId, MediaId, UserId
from safehold.storage.database import Tx

# The same bytes at any time; nearly the same among what was seen lately, for that is compared one by one.
# Below quality 50 fingerprints of plain pictures are alike without their pictures being so.
_LAST_SEEN = sa.text("""
with lately as materialized (
  select i.media_id, max(coalesce(r.fetched_at, r.opened_at)) as at
  from reveal r join item i on i.id = r.item_id
  where r.user_id = :person and r.opened_at > :lately and r.item_id <> :item and i.media_id <> :media
    and (r.fetched_at is not null or (r.closed_at is null and r.ends_by > :now))
  group by i.media_id
)
select max(at) from (
  select coalesce(r.fetched_at, r.opened_at) as at
  from item i join reveal r on r.item_id = i.id
  where i.media_id = :media and i.id <> :item and r.user_id = :person
    and (r.fetched_at is not null or (r.closed_at is null and r.ends_by > :now))
  union all
  select lately.at
  from media_signal a
  join media m on m.id = a.media_id and m.kind = 'image'
  cross join lately
  join media n on n.id = lately.media_id and n.kind = 'image'
  join media_signal b on b.media_id = n.id and b.signal_type = a.signal_type and b.frame = a.frame
  where a.media_id = :media and a.signal_type = 'pdq' and a.quality >= 50 and b.quality >= 50
    and bit_count(
      ('x' || encode(a.value, 'hex'))::bit(256) # ('x' || encode(b.value, 'hex'))::bit(256)
    ) <= :bits
) as found
""")

_COUNT_AGAIN = sa.text("""
select r.again, count(*) as times from reveal r join item i on i.id = r.item_id
where r.opened_at >= :since and r.opened_at < :until and r.fetched_at is not null
  and (r.again is not null or exists (
    select from reveal e join item j on j.id = e.item_id
    where e.user_id = r.user_id and e.item_id <> r.item_id and j.media_id = i.media_id
      and e.fetched_at < r.fetched_at
  ))
group by r.again
""")


def last_seen(
    tx: Tx,
    user_id: UserId,
    item_id: ItemId,
    media_id: MediaId,
    *,
    bits: int,
    lately: datetime,
    now: datetime,
) -> datetime | None:
    """Return when this person last saw these media as another item, or lately a picture so many bits away."""
    values: dict[str, object] = {"person": user_id, "item": item_id, "media": media_id, "bits": bits}
    values |= {"lately": lately, "now": now}
    at: datetime | None = tx.run(_LAST_SEEN, values).scalar_one()
    return at


def count_again(tx: Tx, *, since: datetime, until: datetime) -> dict[Again | None, int]:
    """Return how many showings of something seen before there were, by reason; None: without one."""
    found = tx.run(_COUNT_AGAIN, {"since": since, "until": until})
    return {Again(row.again) if row.again else None: int(row.times) for row in found}
