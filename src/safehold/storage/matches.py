"""Matches (measurements against a list) and flags (requests to look), each in a table of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from safehold.model.ids import ItemId
from safehold.model.match import Flag, Match
from safehold.model.signal import Turn
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, TextArray, Uuid, metadata, one_of, owned_by, writes

match = sa.Table(
    "match",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="cascade"), nullable=False),
    sa.Column("list_id", sa.ForeignKey("hash_list.id"), nullable=False),
    sa.Column("entry_id", sa.ForeignKey("entry.id"), nullable=False),
    sa.Column("signal_type", sa.Text, nullable=False),
    sa.Column("distance", sa.SmallInteger, nullable=False),
    sa.Column("frame", sa.Integer, nullable=False),
    sa.Column("may_hold", sa.Boolean, nullable=False),
    sa.Column("turn", sa.Text, nullable=False, server_default=Turn.NONE.value),
    sa.Column("category", sa.Text),
    sa.Column("labels", TextArray, nullable=False, server_default="{}"),
    sa.Column("matched_at", Instant, nullable=False),
    one_of("turn", Turn),
    # A hold refers to both columns: what may not hold cannot be held on.
    sa.UniqueConstraint("id", "may_hold", name="uq_match_may_hold"),
    sa.Index("ix_match_item_id", "item_id"),
    sa.Index("ix_match_entry_id", "entry_id"),
)

flag = sa.Table(
    "flag",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="cascade"), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("against", sa.Text, nullable=False, server_default=""),
    sa.Column("flagged_at", Instant, nullable=False),
    sa.CheckConstraint("score between 0 and 1", name="score_range"),
    sa.Index("ix_flag_item_id", "item_id"),
)

owned_by("detect", match, flag)


@writes(match)
def insert_matches(tx: Tx, item_id: ItemId, matches: Sequence[Match], *, now: datetime) -> None:
    """Record what an item matched. The lists and entries must be stored ones, not those of a list file."""
    rows = [
        {
            "id": one.id,
            "item_id": item_id,
            "list_id": one.list_id,
            "entry_id": one.entry_id,
            "signal_type": one.signal_type,
            "distance": one.distance,
            "frame": one.frame,
            "may_hold": one.may_hold,
            "turn": one.turn.value,
            "category": one.category,
            "labels": list(one.labels),
            "matched_at": now,
        }
        for one in matches
    ]
    if rows:
        tx.run(match.insert(), rows)


def matched_frames(tx: Tx, item_id: ItemId, *, most: int) -> list[int]:
    """Return in which frames of a film or an animation an item matched, the nearest first, each once.

    Without frame 0, which stands for the whole of a file as well, and is the first that anybody is shown.
    """
    statement = (
        sa.select(match.c.frame)
        .where(match.c.item_id == item_id, match.c.frame > 0)
        .group_by(match.c.frame)
        .order_by(sa.func.min(match.c.distance), match.c.frame)
        .limit(most)
    )
    return [row.frame for row in tx.run(statement)]


@writes(flag)
def insert_flags(tx: Tx, item_id: ItemId, flags: Sequence[Flag], *, now: datetime) -> None:
    """Record who or what asks that somebody look at an item."""
    rows = [
        {
            "id": one.id,
            "item_id": item_id,
            "source": one.source,
            "score": one.score,
            "reason": one.reason,
            "against": one.against,
            "flagged_at": now,
        }
        for one in flags
    ]
    if rows:
        tx.run(flag.insert(), rows)
