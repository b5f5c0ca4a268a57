"""How near flagged pictures and films come to what is listed: sought once each, outside of any request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import ItemId, ListId
from safehold.model.match import BY_LOT
from safehold.model.review_band import NEAR_BITS
from safehold.model.signal import PDQ
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.matches import flag
from safehold.storage.media import DETAILED, media_signal
from safehold.storage.tables import Instant, is_among, metadata, owned_by, writes

near_miss = sa.Table(
    "near_miss",
    metadata,
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="cascade"), primary_key=True),
    sa.Column("wanted_at", Instant, nullable=False),
    sa.Column("looked_at", Instant),
    # 0: a list has come to know it since. NULL where nothing listed is near.
    sa.Column("bits_beyond", sa.SmallInteger),
    sa.CheckConstraint(f"bits_beyond between 0 and {NEAR_BITS}", name="bits_beyond_range"),
    sa.CheckConstraint("bits_beyond is null or looked_at is not null", name="looked_first"),
    sa.Index("ix_near_miss_wanted", "wanted_at", postgresql_where=sa.text("looked_at is null")),
)

owned_by("detect", near_miss)


@writes(near_miss)
def want(tx: Tx, item_id: ItemId, *, now: datetime) -> None:
    """Have what is near an item sought, where a machine flagged it and it has bytes; again changes nothing.

    What the lot fell on is not sought: nothing speaks against it.
    """
    flagged = sa.exists().where(flag.c.item_id == item.c.id, flag.c.source != BY_LOT)
    wanted = sa.select(item.c.id, sa.literal(now, Instant)).where(
        item.c.id == item_id, item.c.media_id.is_not(None), flagged
    )
    statement = postgresql.insert(near_miss).from_select(["item_id", "wanted_at"], wanted)
    tx.run(statement.on_conflict_do_nothing())


def wanted(tx: Tx, *, limit: int) -> dict[ItemId, bool]:
    """Return items of which what is near is to be sought, and whether each is a rehearsal; the first first.

    Nobody else is given them until tx ends.
    """
    statement = (
        sa.select(near_miss.c.item_id, item.c.rehearsal)
        .join(item, item.c.id == near_miss.c.item_id)
        .where(near_miss.c.looked_at.is_(None))
        .order_by(near_miss.c.wanted_at, near_miss.c.item_id)
        .limit(limit)
        .with_for_update(of=near_miss, skip_locked=True)
    )
    return {ItemId(row.item_id): row.rehearsal for row in tx.run(statement)}


def fingerprints(tx: Tx, item_ids: Mapping[ItemId, bool]) -> list[tuple[ItemId, bytes]]:
    """Return the PDQ of these items that have enough detail to be compared, in the order of their frames."""
    statement = (
        sa.select(item.c.id, media_signal.c.value, sa.func.min(media_signal.c.frame).label("frame"))
        .join(media_signal, media_signal.c.media_id == item.c.media_id)
        .where(
            is_among(item.c.id, item_ids),
            media_signal.c.signal_type == PDQ,
            media_signal.c.quality >= DETAILED,
        )
        .group_by(item.c.id, media_signal.c.value)
        .order_by(item.c.id, sa.text("frame"), media_signal.c.value)
    )
    return [(ItemId(row.id), bytes(row.value)) for row in tx.run(statement)]


def listed(tx: Tx, list_id: ListId, *, at_once: int) -> Iterator[bytes]:
    """Yield the PDQ that are on a list now, 32 bytes each and one after the other, so many at a time."""
    after = 0
    while True:
        row = tx.run(_LISTED, {"list_id": list_id, "kind": PDQ, "after": after, "most": at_once}).one()
        if not row.last:
            return
        after = row.last
        yield row.values


@writes(near_miss)
def put(tx: Tx, found: Mapping[ItemId, int | None], *, now: datetime) -> None:
    """Record how far beyond a list's radius the nearest entry lies; None: nothing is near."""
    for item_id, bits in found.items():
        statement = near_miss.update().where(near_miss.c.item_id == item_id)
        tx.run(statement.values(looked_at=now, bits_beyond=bits))


_LISTED = sa.text("""
    select max(added_seq) as last, string_agg(value, ''::bytea) as values
    from (
      select added_seq, value from entry
      where list_id = :list_id and signal_type = :kind and removed_seq is null and added_seq > :after
        and octet_length(value) = 32
      order by added_seq limit :most
    ) block
""")
