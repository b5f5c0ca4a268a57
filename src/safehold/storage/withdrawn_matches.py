"""Matches whose entry was taken off its list since: read for review, which writes none of these tables."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from safehold.model.ids import ItemId, ListId
from safehold.storage.database import Tx
from safehold.storage.hash_lists import entry
from safehold.storage.matches import match

_LIVE = entry.alias()

HAS_GONE = sa.and_(
    entry.c.removed_seq.is_not(None),
    ~sa.exists().where(
        _LIVE.c.list_id == entry.c.list_id,
        _LIVE.c.signal_type == entry.c.signal_type,
        _LIVE.c.value == entry.c.value,
        _LIVE.c.removed_seq.is_(None),
    ),
)
"""The condition, for a statement, that an entry is off its list: one that is back is on it, by another id."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a list was looked through. after: up to which item of the change `seq`, None: none of it."""

    seq: int
    after: ItemId | None = None


def matched(tx: Tx, list_id: ListId, start: Place, to_seq: int, *, limit: int) -> list[tuple[int, ItemId]]:
    """Return which items matched entries that went as these changes: change and item, in this order.

    start: what comes behind it is returned. to_seq: inclusive. At most `limit` pairs. Entries that are back
    on the list are left out.
    """
    behind = entry.c.removed_seq > start.seq
    if start.after is None:
        behind = entry.c.removed_seq >= start.seq
    else:
        behind |= (entry.c.removed_seq == start.seq) & (match.c.item_id > start.after)
    statement = (
        sa.select(entry.c.removed_seq, match.c.item_id)
        .distinct()
        .join(match, match.c.entry_id == entry.c.id)
        .where(entry.c.list_id == list_id, entry.c.removed_seq.between(start.seq, to_seq), behind, HAS_GONE)
        .order_by(entry.c.removed_seq, match.c.item_id)
        .limit(limit)
    )
    return [(row.removed_seq, ItemId(row.item_id)) for row in tx.run(statement)]
