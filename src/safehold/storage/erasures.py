"""Items whose time is over although where they appeared is still on record."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from safehold.model.ids import ItemId
from safehold.storage.assessments import CONFIRMING_STANDS, outcome
from safehold.storage.database import Tx
from safehold.storage.evidence import OF_CLOCKS, destruction, sealed_object
from safehold.storage.items import item, item_context
from safehold.storage.retention_clocks import holds, keeps


def items_of_erased_media(tx: Tx, *, now: datetime, limit: int) -> list[ItemId]:
    """Return items that still have context although their media was destroyed.

    An item that people have confirmed keeps its context until its bytes were destroyed under a clock, or on
    an order, after that; no item loses it while a clock of its media runs, or while the bytes came again and
    are sealed now.
    """
    under_clock = (
        sa.select(destruction.c.object_id)
        .where(
            destruction.c.media_id == item.c.media_id,
            destruction.c.rule.in_(OF_CLOCKS),
            destruction.c.destroyed_at >= outcome.c.settled_at,
        )
        .correlate(item, outcome)
        .exists()
    )
    confirmed = sa.exists().where(outcome.c.item_id == item.c.id, CONFIRMING_STANDS, ~under_clock)
    statement = (
        sa.select(item.c.id)
        .join(item_context, item_context.c.item_id == item.c.id)
        .where(
            sa.exists().where(destruction.c.media_id == item.c.media_id),
            ~sa.exists().where(
                sealed_object.c.media_id == item.c.media_id, sealed_object.c.destroyed_at.is_(None)
            ),
            ~confirmed,
            ~keeps(item.c.media_id, now),
        )
        .order_by(item.c.id)
        .limit(limit)
    )
    return [ItemId(row.id) for row in tx.run(statement)]


def forgotten_signals_items(tx: Tx, *, before: datetime, limit: int) -> list[ItemId]:
    """Return items that came without bytes before an instant, still have context, and were not confirmed.

    There is nothing sealed of them whose end could end their context too. What is held is left out.
    """
    statement = (
        sa.select(item.c.id)
        .join(item_context, item_context.c.item_id == item.c.id)
        .where(
            item.c.media_id.is_(None),
            item.c.received_at < before,
            ~sa.exists().where(outcome.c.item_id == item.c.id, CONFIRMING_STANDS),
            ~holds(item.c.id),
        )
        .order_by(item.c.id)
        .limit(limit)
    )
    return [ItemId(row.id) for row in tx.run(statement)]
