"""Events: what has happened, in order, never changed; and the revision of each item's course."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.errors import NotFound
from safehold.model.events import EVENTS, Event, from_fields, to_fields
from safehold.model.ids import EventId, ItemId, new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, owned_by, writes

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("seq", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("item_id", Uuid),
    sa.Column("revision", sa.Integer),
    sa.Column("fields", Json, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("(item_id is null) = (revision is null)", name="revision_of_item"),
    sa.Index("ix_event_item_id", "item_id"),
    sa.Index("ix_event_kind", "kind", "seq"),
    # They come in the order of time: of a day only its own part of the table is read.
    sa.Index("ix_event_at", "at", postgresql_using="brin", postgresql_with={"pages_per_range": "16"}),
)

item_revision = sa.Table(
    "item_revision",
    metadata,
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
)

owned_by("jobs", event, item_revision)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it was recorded. revision: that of its item then, None when it is about no item."""

    id: EventId
    seq: int
    revision: int | None
    event: Event


@writes(event)
def insert_event(tx: Tx, happened: Event, *, revision: int | None) -> StoredEvent:
    """Store an event and return it with its id and place in the order of events.

    revision: what lock_revision returned, None exactly when the event is about no item.
    """
    event_id = EventId(new_id())
    statement = (
        event.insert()
        .values(
            id=event_id,
            kind=happened.kind,
            version=happened.version,
            item_id=happened.item,
            revision=revision,
            fields=to_fields(happened),
            at=happened.at,
        )
        .returning(event.c.seq)
    )
    return StoredEvent(event_id, int(tx.run(statement).scalar_one()), revision, happened)


@writes(item_revision)
def lock_revision(tx: Tx, item_id: ItemId, *, raised: bool) -> int:
    """Return an item's revision, raised by one first if asked for, and hold its row until the end of tx.

    Whoever else records something about the item waits, so the order of its events is that of the commits.
    """
    rise = int(raised)
    statement = (
        insert(item_revision)
        .values(item_id=item_id, revision=rise)
        .on_conflict_do_update(index_elements=["item_id"], set_={"revision": item_revision.c.revision + rise})
        .returning(item_revision.c.revision)
    )
    return int(tx.run(statement).scalar_one())


def current_revision(tx: Tx, item_id: ItemId, *, for_update: bool = False) -> int:
    """Return an item's revision, 0 when nothing has set its course yet.

    for_update: hold the row until the end of tx, so that nobody changes the course meanwhile.
    """
    statement = sa.select(item_revision.c.revision).where(item_revision.c.item_id == item_id)
    if for_update:
        statement = statement.with_for_update()
    return int(tx.run(statement).scalar_one_or_none() or 0)


def hold_items(tx: Tx, item_ids: Iterable[ItemId]) -> None:
    """Hold the revisions of these items until the end of tx, in the one order in which everybody waits.

    Whoever needs the rows of cases as well takes them afterwards. An item of which nothing was heard yet has
    no revision, and is not waited for.
    """
    statement = (
        sa.select(item_revision.c.item_id)
        .where(item_revision.c.item_id.in_(set(item_ids)))
        .order_by(item_revision.c.item_id)
        .with_for_update()
    )
    tx.run(statement).all()


def is_overtaken(tx: Tx, stored: StoredEvent) -> bool:
    """Say whether a newer decision in the same case has overtaken this event.

    Events that follow no course never are. The item's revision is held until the end of tx, so that
    nobody decides anew meanwhile.
    """
    happened = stored.event
    if not happened.follows_course or happened.item is None or stored.revision is None:
        return False
    current_revision(tx, happened.item, for_update=True)
    decisions = [kind.kind for kind in EVENTS.values() if kind.sets_course]
    newer = sa.select(event.c.id).where(
        event.c.item_id == happened.item,
        event.c.kind.in_(decisions),
        event.c.revision > stored.revision,
        event.c.fields["case_id"].astext == str(happened.case),
    )
    return tx.run(newer.limit(1)).first() is not None


def get(tx: Tx, event_id: EventId) -> StoredEvent:
    """Return one event. Raises NotFound; KeyError when a newer Safehold recorded a kind unknown here."""
    row = tx.run(sa.select(event).where(event.c.id == event_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such event.")
    return _stored(row)


def kind_of(tx: Tx, event_id: EventId) -> str | None:
    """Return the kind of an event, also one unknown to this Safehold; None when there is no such event."""
    kind: str | None = tx.run(sa.select(event.c.kind).where(event.c.id == event_id)).scalar_one_or_none()
    return kind


def of_item(tx: Tx, item_id: ItemId) -> list[StoredEvent]:
    """Return what has happened to an item, oldest first."""
    statement = sa.select(event).where(event.c.item_id == item_id).order_by(event.c.seq)
    return [_stored(row) for row in tx.run(statement).mappings()]


def counts(tx: Tx) -> dict[str, int]:
    """Return how many events of each kind have been recorded; kinds without any are left out."""
    statement = sa.select(event.c.kind, sa.func.count().label("events")).group_by(event.c.kind)
    return {row.kind: row.events for row in tx.run(statement)}


def _stored(row: Any) -> StoredEvent:
    happened = from_fields(row["kind"], row["at"], row["fields"])
    return StoredEvent(EventId(row["id"]), row["seq"], row["revision"], happened)
