"""Who has seen which picture before, at whatever place it appeared. It reads, and writes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from safehold.model.exposure import Again
from safehold.model.ids import ItemId, MediaId, UserId
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.media import media_signal, nearly_the_same
from safehold.storage.reveals import reveal


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
    seen_at = sa.func.coalesce(reveal.c.fetched_at, reveal.c.opened_at)
    elsewhere = sa.and_(reveal.c.user_id == user_id, reveal.c.item_id != item_id, _was_or_may_be_seen(now))
    the_same = (
        sa.select(sa.func.max(seen_at))
        .join(item, item.c.id == reveal.c.item_id)
        .where(elsewhere, item.c.media_id == media_id)
    )
    # The same bytes at any time; nearly the same among what was seen lately, for that is compared one by one.
    recent = (
        sa.select(item.c.media_id, sa.func.max(seen_at).label("at"))
        .join(item, item.c.id == reveal.c.item_id)
        .where(elsewhere, item.c.media_id != media_id, reveal.c.opened_at > lately)
        .group_by(item.c.media_id)
        .cte("recent")
        .prefix_with("materialized")
    )
    own, other = media_signal.alias("own"), media_signal.alias("other")
    near = (
        sa.select(sa.func.max(recent.c.at))
        .select_from(recent)
        .join(other, other.c.media_id == recent.c.media_id)
        .join(own, own.c.media_id == media_id)
        .where(nearly_the_same(own, other, bits=bits))
    )
    newest = sa.func.greatest(the_same.scalar_subquery(), near.scalar_subquery())
    at: datetime | None = tx.run(sa.select(newest)).scalar_one()
    return at


def _was_or_may_be_seen(now: datetime) -> sa.ColumnElement[bool]:
    may_be = sa.and_(reveal.c.closed_at.is_(None), reveal.c.ends_by > now)
    return sa.or_(reveal.c.fetched_at.is_not(None), may_be)


def count_again(
    tx: Tx, *, since: datetime, until: datetime, bits: int, lately: timedelta
) -> dict[Again | None, int]:
    """Return how many showings of something seen before there were, by reason; None: without one.

    The same bytes count whenever they were seen, pictures at most so many bits away as far back as `lately`.
    """
    earlier, at, elsewhere = reveal.alias("earlier"), item.alias("at"), item.alias("elsewhere")
    own, other = media_signal.alias("own"), media_signal.alias("other")
    seen = (
        sa.select(sa.literal(1))
        .select_from(at)
        .join(earlier, sa.and_(earlier.c.user_id == reveal.c.user_id, earlier.c.item_id != reveal.c.item_id))
        .join(elsewhere, elsewhere.c.id == earlier.c.item_id)
        .where(at.c.id == reveal.c.item_id, earlier.c.fetched_at < reveal.c.fetched_at)
        .correlate(reveal)
    )
    the_same = seen.where(elsewhere.c.media_id == at.c.media_id).exists()
    near = (
        seen.join(own, own.c.media_id == at.c.media_id)
        .join(other, other.c.media_id == elsewhere.c.media_id)
        .where(earlier.c.opened_at > reveal.c.opened_at - lately, nearly_the_same(own, other, bits=bits))
        .exists()
    )
    statement = (
        sa.select(reveal.c.again, sa.func.count().label("times"))
        .where(reveal.c.opened_at >= since, reveal.c.opened_at < until, reveal.c.fetched_at.is_not(None))
        .where(sa.or_(reveal.c.again.is_not(None), the_same, near))
        .group_by(reveal.c.again)
    )
    return {Again(row.again) if row.again else None: int(row.times) for row in tx.run(statement)}
