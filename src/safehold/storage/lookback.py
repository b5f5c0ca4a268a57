"""Look-back's own records: which hosts keep signals, which entries each has still to ask, what was found.

What is kept is not here: it lies in folders of days on each host, outside the database and its backups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import EventId, ListId, LookbackId, StoreId
from safehold.model.signal import SignalTypeName
from safehold.storage.database import Tx
from safehold.storage.hash_lists import entry
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

CLOCKS_DIFFER = timedelta(days=1)
"""By how much the clocks of two hosts may differ without an entry being missed."""
_TASKS_AT_ONCE = 500

lookback_store = sa.Table(
    "lookback_store",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("swept_at", Instant),
)

# Entries that a host has still to ask: how far it has come is next_seq, so a death repeats a part at most.
lookback_task = sa.Table(
    "lookback_task",
    metadata,
    sa.Column(
        "store_id", sa.ForeignKey("lookback_store.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    sa.Column("list_id", sa.ForeignKey("hash_list.id"), primary_key=True, nullable=False),
    sa.Column("from_seq", sa.BigInteger, primary_key=True, nullable=False, autoincrement=False),
    sa.Column("to_seq", sa.BigInteger, nullable=False),
    sa.Column("next_seq", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.CheckConstraint("from_seq <= next_seq and next_seq <= to_seq", name="in_order"),
)

# The reference lies here and in messages alone, and goes with the day of the upload.
lookback_match = sa.Table(
    "lookback_match",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("event_id", sa.ForeignKey("event.id"), nullable=False, unique=True),
    sa.Column("list_id", sa.ForeignKey("hash_list.id"), nullable=False),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("found_on", sa.Date, nullable=False),
    sa.CheckConstraint("length(reference) between 1 and 64", name="reference_length"),
    sa.UniqueConstraint("list_id", "surface", "reference", "found_on", name="uq_lookback_match_once"),
    sa.Index("ix_lookback_match_day", "surface", "day"),
)

# How often and over what a whole list was rehearsed: two answers about nearly the same list are an answer
# about their difference.
lookback_rehearsal = sa.Table(
    "lookback_rehearsal",
    metadata,
    sa.Column("list_id", sa.ForeignKey("hash_list.id"), primary_key=True, nullable=False),
    sa.Column("at", Instant, primary_key=True, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
)

owned_by("detect", lookback_store, lookback_task, lookback_match, lookback_rehearsal)


@dataclass(frozen=True, slots=True)
class Store:
    """A host's folder. swept_at: when its days were last swept. waiting_since: for the oldest entries."""

    id: StoreId
    opened_at: datetime
    swept_at: datetime | None
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Task:
    """Entries of a list that a host has still to ask: next_seq to to_seq, both inclusive."""

    list_id: ListId
    from_seq: int
    next_seq: int
    to_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A reference that a new entry of a list is near to. day: of the upload. found_on: of the look."""

    list_id: ListId
    surface: str
    reference: str = field(repr=False)
    day: date
    found_on: date


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """That a list was rehearsed, and up to which change it was asked."""

    at: datetime
    last_seq: int


@writes(lookback_store)
def open_store(tx: Tx, store_id: StoreId, *, now: datetime) -> None:
    """Record that a host keeps signals from now on, and is to be asked. Again changes nothing."""
    statement = postgresql.insert(lookback_store).values(id=store_id, opened_at=now)
    tx.run(statement.on_conflict_do_nothing(index_elements=["id"]))


@writes(lookback_store)
def mark_swept(tx: Tx, store_id: StoreId, *, now: datetime) -> None:
    """Record that days whose term is over were destroyed on a host."""
    tx.run(lookback_store.update().where(lookback_store.c.id == store_id).values(swept_at=now))


@writes(lookback_store, lookback_task)
def close_stores(tx: Tx, *, silent_since: datetime) -> int:
    """Forget hosts that swept last before an instant, with what they had still to ask; return how many."""
    last = sa.func.coalesce(lookback_store.c.swept_at, lookback_store.c.opened_at)
    statement = lookback_store.delete().where(last < silent_since).returning(lookback_store.c.id)
    return len(tx.run(statement).all())


@writes(lookback_store, lookback_task)
def close_store(tx: Tx, store_id: StoreId) -> None:
    """Forget a host that keeps nothing any more."""
    tx.run(lookback_store.delete().where(lookback_store.c.id == store_id))


def stores(tx: Tx) -> list[Store]:
    """Return the hosts that keep signals, the oldest first."""
    oldest = sa.func.min(lookback_task.c.created_at).label("waiting_since")
    statement = (
        sa.select(lookback_store, oldest)
        .outerjoin(lookback_task, lookback_task.c.store_id == lookback_store.c.id)
        .group_by(lookback_store.c.id)
        .order_by(lookback_store.c.opened_at, lookback_store.c.id)
    )
    return [
        Store(StoreId(row.id), row.opened_at, row.swept_at, row.waiting_since) for row in tx.run(statement)
    ]


@writes(lookback_task)
def add_tasks(tx: Tx, list_id: ListId, from_seq: int, to_seq: int, *, at: datetime) -> int:
    """Have each host ask these changes of a list, both inclusive; return for how many that is new.

    at: when they were recorded. A host that keeps signals only since then has compared them when they came.
    """
    told = sa.select(
        lookback_store.c.id,
        sa.literal(list_id, Uuid),
        sa.literal(from_seq, sa.BigInteger),
        sa.literal(to_seq, sa.BigInteger),
        sa.literal(from_seq, sa.BigInteger),
        sa.func.clock_timestamp(),
    ).where(lookback_store.c.opened_at <= at + CLOCKS_DIFFER)
    columns = ["store_id", "list_id", "from_seq", "to_seq", "next_seq", "created_at"]
    statement = postgresql.insert(lookback_task).from_select(columns, told).on_conflict_do_nothing()
    return len(tx.run(statement.returning(lookback_task.c.store_id)).all())


def next_tasks(tx: Tx, store_id: StoreId, *, settle: timedelta) -> list[Task]:
    """Return what a host has to ask next: of the list that waits longest, in the order of its changes.

    settle: how long what was committed has to wait; by the database's clock, which all hosts share.
    """
    settled = lookback_task.c.created_at <= sa.func.clock_timestamp() - settle
    mine = sa.and_(lookback_task.c.store_id == store_id, settled)
    first = sa.select(lookback_task.c.list_id).where(mine).order_by(lookback_task.c.created_at).limit(1)
    statement = (
        sa.select(lookback_task)
        .where(mine, lookback_task.c.list_id == first.scalar_subquery())
        .order_by(lookback_task.c.from_seq)
        .limit(_TASKS_AT_ONCE)
    )
    return [Task(ListId(row.list_id), row.from_seq, row.next_seq, row.to_seq) for row in tx.run(statement)]


@writes(lookback_task)
def advance(tx: Tx, store_id: StoreId, done: Sequence[Task], reached: int) -> None:
    """Record that a host has asked these tasks up to this change (inclusive); what is done is removed."""
    for task in done:
        row = (
            lookback_task.c.store_id == store_id,
            lookback_task.c.list_id == task.list_id,
            lookback_task.c.from_seq == task.from_seq,
        )
        if task.to_seq <= reached:
            tx.run(lookback_task.delete().where(*row))
        elif task.next_seq <= reached:
            tx.run(lookback_task.update().where(*row).values(next_seq=reached + 1))


def waiting(tx: Tx) -> int:
    """Return how many changes of lists hosts have still to ask, all together."""
    left = sa.func.sum(lookback_task.c.to_seq - lookback_task.c.next_seq + 1)
    return int(tx.run(sa.select(sa.func.coalesce(left, 0))).scalar_one())


def additions(
    tx: Tx, list_id: ListId, kind: SignalTypeName, from_seq: int, to_seq: int, *, limit: int
) -> list[tuple[int, bytes]]:
    """Return the entries of one signal type that came with these changes and are still there.

    Change and value, in order, at most `limit`; both ends inclusive.
    """
    statement = (
        sa.select(entry.c.added_seq, entry.c.value)
        .where(
            entry.c.list_id == list_id,
            entry.c.signal_type == kind,
            entry.c.added_seq.between(from_seq, to_seq),
            entry.c.removed_seq.is_(None),
        )
        .order_by(entry.c.added_seq)
        .limit(limit)
    )
    return [(row.added_seq, row.value) for row in tx.run(statement)]


def known(tx: Tx, list_id: ListId, found_on: date) -> set[tuple[str, str]]:
    """Return surface and reference of what was found for a list on a day already."""
    statement = sa.select(lookback_match.c.surface, lookback_match.c.reference).where(
        lookback_match.c.list_id == list_id, lookback_match.c.found_on == found_on
    )
    return {(row.surface, row.reference) for row in tx.run(statement)}


@writes(lookback_match)
def add_match(tx: Tx, lookback_id: LookbackId, event_id: EventId, found: Found) -> None:
    """Record what was found, with the event that says so."""
    tx.run(
        lookback_match.insert().values(
            id=lookback_id,
            event_id=event_id,
            list_id=found.list_id,
            surface=found.surface,
            reference=found.reference,
            day=found.day,
            found_on=found.found_on,
        )
    )


def match(tx: Tx, lookback_id: LookbackId) -> tuple[EventId, Found] | None:
    """Return what was found and the event that says so; None once its day was destroyed."""
    row = tx.run(sa.select(lookback_match).where(lookback_match.c.id == lookback_id)).first()
    if row is None:
        return None
    found = Found(
        list_id=ListId(row.list_id),
        surface=row.surface,
        reference=row.reference,
        day=row.day,
        found_on=row.found_on,
    )
    return EventId(row.event_id), found


@writes(lookback_match)
def forget_matches(tx: Tx, *, today: date, terms: Mapping[str, int]) -> int:
    """Forget references of days whose term is over, and of surfaces that keep nothing; return how many.

    terms: for each surface that keeps signals, for how many days.
    """
    stays = [
        sa.and_(lookback_match.c.surface == surface, lookback_match.c.day > today - timedelta(days=term))
        for surface, term in terms.items()
    ]
    statement = lookback_match.delete().where(sa.not_(sa.or_(sa.false(), *stays)))
    return len(tx.run(statement.returning(lookback_match.c.id)).all())


def rehearsals(tx: Tx, list_id: ListId) -> list[Rehearsed]:
    """Return when a list was rehearsed, the newest first."""
    statement = (
        sa.select(lookback_rehearsal.c.at, lookback_rehearsal.c.last_seq)
        .where(lookback_rehearsal.c.list_id == list_id)
        .order_by(lookback_rehearsal.c.at.desc())
    )
    return [Rehearsed(row.at, row.last_seq) for row in tx.run(statement)]


@writes(lookback_rehearsal)
def add_rehearsal(tx: Tx, list_id: ListId, done: Rehearsed) -> None:
    """Record that a list is rehearsed."""
    tx.run(lookback_rehearsal.insert().values(list_id=list_id, at=done.at, last_seq=done.last_seq))
