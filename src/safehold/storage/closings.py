"""Objects that are about to be destroyed: known here before their line is written outside the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import MediaId, ObjectId
from safehold.storage.database import Tx
from safehold.storage.evidence import EvidenceObject, ObjectRole, destruction, sealed_object
from safehold.storage.tables import Instant, metadata, owned_by, writes

# A row lives for the moment between the decision and the destruction. One that is left over was written by
# a process that died in between; a line outside without a row here was written by a later database.
closing = sa.Table(
    "closing",
    metadata,
    sa.Column("object_id", sa.ForeignKey("sealed_object.id"), primary_key=True),
    sa.Column("begun_at", Instant, nullable=False),
)

owned_by("evidence", closing)

_OBJECT = [c for c in sealed_object.c if c.name != "destroyed_at"]


@writes(closing)
def begin_closing(tx: Tx, objects: Sequence[ObjectId], *, at: datetime) -> None:
    """Note that these objects are about to be destroyed; those that are noted already stay as they are."""
    if objects:
        rows = [{"object_id": one, "begun_at": at} for one in objects]
        tx.run(postgresql.insert(closing).values(rows).on_conflict_do_nothing())


@writes(closing)
def end_closing(tx: Tx, objects: Collection[ObjectId]) -> None:
    """Forget that these objects were about to be destroyed: it is done, or will not be."""
    tx.run(closing.delete().where(closing.c.object_id.in_(objects)))


def closing_of(tx: Tx, media_id: MediaId) -> list[ObjectId]:
    """Return the objects of some media that are about to be destroyed."""
    statement = (
        sa.select(closing.c.object_id)
        .join(sealed_object, sealed_object.c.id == closing.c.object_id)
        .where(sealed_object.c.media_id == media_id)
    )
    return [ObjectId(one) for one in tx.run(statement).scalars()]


def media_being_closed(tx: Tx, *, limit: int) -> list[MediaId]:
    """Return media of which something was about to be destroyed when a process died."""
    statement = (
        sa.select(sealed_object.c.media_id)
        .join(closing, closing.c.object_id == sealed_object.c.id)
        .distinct()
        .limit(limit)
    )
    return [MediaId(one) for one in tx.run(statement).scalars()]


def reopened_among(tx: Tx, objects: Collection[ObjectId]) -> list[EvidenceObject]:
    """Return which of these objects count as live here, and not as about to be destroyed either."""
    statement = (
        sa.select(*_OBJECT)
        .where(
            sealed_object.c.id.in_(objects),
            sealed_object.c.destroyed_at.is_(None),
            ~sa.exists().where(closing.c.object_id == sealed_object.c.id),
        )
        .order_by(sealed_object.c.media_id, sealed_object.c.id)
    )
    return [
        EvidenceObject(**{**row, "role": ObjectRole(row["role"])}) for row in tx.run(statement).mappings()
    ]


def destroyed_objects(tx: Tx) -> set[ObjectId]:
    """Return every object that the database's ledger names."""
    return {ObjectId(one) for one in tx.run(sa.select(destruction.c.object_id)).scalars()}
