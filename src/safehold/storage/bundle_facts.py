"""What the inventory of a bundle says of its items, read and never written."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from safehold.model.ids import ItemId, MediaId
from safehold.storage.assessments import assessment, outcome
from safehold.storage.database import Tx
from safehold.storage.hash_lists import hash_list
from safehold.storage.matches import flag, match
from safehold.storage.media import media
from safehold.storage.reveals import reveal

Row = sa.RowMapping


def media_of(tx: Tx, media_ids: Collection[MediaId]) -> dict[MediaId, Row]:
    """Return digest, size and type of these media as they are on record, by media."""
    columns = (media.c.id, media.c.sha256, media.c.size_bytes, media.c.media_type)
    rows = tx.run(sa.select(*columns).where(media.c.id.in_(media_ids))).mappings()
    return {MediaId(row["id"]): row for row in rows}


def matches_of(tx: Tx, items: Collection[ItemId]) -> list[Row]:
    """Return what these items matched, with the names and purposes of the lists, nearest first."""
    statement = (
        sa.select(match, hash_list.c.name.label("list_name"), hash_list.c.purpose)
        .join(hash_list, hash_list.c.id == match.c.list_id)
        .where(match.c.item_id.in_(items))
        .order_by(match.c.distance, match.c.id)
    )
    return _rows(tx, statement)


def flags_of(tx: Tx, items: Collection[ItemId]) -> list[Row]:
    """Return who or what asked that somebody look at these items, in order."""
    return _rows(tx, sa.select(flag).where(flag.c.item_id.in_(items)).order_by(flag.c.flagged_at, flag.c.id))


def assessments_of(tx: Tx, items: Collection[ItemId]) -> list[Row]:
    """Return every assessment of these items, in any case, in order."""
    statement = sa.select(assessment).where(assessment.c.item_id.in_(items))
    return _rows(tx, statement.order_by(assessment.c.filed_at, assessment.c.id))


def outcomes_of(tx: Tx, items: Collection[ItemId]) -> list[Row]:
    """Return every outcome of these items, reversed ones too, in order."""
    statement = sa.select(outcome).where(outcome.c.item_id.in_(items))
    return _rows(tx, statement.order_by(outcome.c.settled_at, outcome.c.id))


def showings_of(tx: Tx, items: Collection[ItemId]) -> list[Row]:
    """Return every time that something of these items was sent to somebody's eyes, in order."""
    statement = sa.select(reveal).where(reveal.c.item_id.in_(items), reveal.c.fetched_at.is_not(None))
    return _rows(tx, statement.order_by(reveal.c.fetched_at, reveal.c.id))


def _rows(tx: Tx, statement: sa.Select[Any]) -> list[Row]:
    return list(tx.run(statement).mappings())
