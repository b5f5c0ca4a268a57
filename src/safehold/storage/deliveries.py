"""Webhook deliveries: what is to be told to whom, tried until it is received or given up on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.assessment import Category, Finding
from safehold.model.errors import NotFound
from safehold.model.events import Event, LookbackMatched, to_fields
from safehold.model.ids import CaseId, DeliveryId, EventId, ItemId
from safehold.model.item import ItemKind
from safehold.storage.assessments import STANDS, outcome
from safehold.storage.database import Tx
from safehold.storage.events import event as event_table
from safehold.storage.items import item, item_context
from safehold.storage.lookback import lookback_match
from safehold.storage.tables import Instant, Json, TextArray, Uuid, metadata, one_of, owned_by, writes


class DeliveryState(StrEnum):
    """Waiting for its next attempt, received, or given up on until a person tries again."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


SUPERSEDED = "superseded"
"""The last_error of a delivery that was given up because its item has taken another course since."""
GONE = "gone"
"""The last_error of a delivery whose destination answered that it wants nothing any more."""
NO_ACTION = "none"
"""The action of a message that asks for nothing: it does not change the course of an item."""

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("event_id", sa.ForeignKey("event.id"), nullable=False),
    sa.Column("item_id", sa.ForeignKey("item.id")),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("next_attempt_at", Instant),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text),
    sa.Column("delivered_at", Instant),
    one_of("state", DeliveryState),
    sa.CheckConstraint("(state = 'waiting') = (next_attempt_at is not null)", name="waiting_has_a_date"),
    sa.UniqueConstraint("event_id", "destination", name="uq_delivery_once"),
    sa.Index("ix_delivery_due", "next_attempt_at", postgresql_where=sa.text("state = 'waiting'")),
)

owned_by("act", delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message for one destination. Its id is the webhook-id, the same on every attempt.

    kind: of the event. attempts: how many were begun. last_status, last_error: how the last one that
    was recorded ended; both None while one is under way.
    """

    id: DeliveryId
    event_id: EventId
    item_id: ItemId | None
    destination: str
    kind: str
    body: Mapping[str, Any] = field(repr=False)
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """Where an event lies. revision: of its item's course, None for events about no item."""

    id: EventId
    revision: int | None


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What a message may say about an item. content_id: the platform's own id, None once erased.

    is_page: it is an address that somebody reported, which no platform sent us.
    """

    content_id: str | None = field(repr=False)
    rehearsal: bool
    is_page: bool


_older, _older_event = delivery.alias("older"), event_table.alias("older_event")
_newer, _newer_event = delivery.alias("newer"), event_table.alias("newer_event")


def recorded(tx: Tx, event: Event) -> RecordedEvent:
    """Find the row of an event by all that it says. Raises NotFound when it was never recorded."""
    statement = (
        sa.select(event_table.c.id, event_table.c.revision)
        .where(
            event_table.c.kind == event.kind,
            event_table.c.at == event.at,
            event_table.c.item_id == event.item,
            event_table.c.fields == sa.cast(to_fields(event), Json),
        )
        .order_by(event_table.c.seq)
        .limit(1)
    )
    row = tx.run(statement).first()
    if row is None:
        raise NotFound("This event was never recorded.")
    return RecordedEvent(EventId(row.id), row.revision)


def item_facts(tx: Tx, item_id: ItemId) -> ItemFacts:
    """Return what a message may say about an item. Raises NotFound."""
    statement = (
        sa.select(item.c.rehearsal, item.c.kind, item_context.c.content_id)
        .outerjoin(item_context, item_context.c.item_id == item.c.id)
        .where(item.c.id == item_id)
    )
    row = tx.run(statement).first()
    if row is None:
        raise NotFound("There is no such item.")
    return ItemFacts(row.content_id, row.rehearsal, row.kind == ItemKind.PAGE)


def standing_finding(tx: Tx, item_id: ItemId, case_id: CaseId) -> tuple[Finding, Category | None] | None:
    """Return finding and category of the standing outcome of an item of a case, None when there is none."""
    statement = sa.select(outcome.c.finding, outcome.c.category).where(
        outcome.c.item_id == item_id, outcome.c.case_id == case_id, STANDS
    )
    row = tx.run(statement).first()
    return (Finding(row.finding), Category(row.category) if row.category else None) if row else None


def told_actions(tx: Tx, item_id: ItemId, destination: str) -> list[str]:
    """Return the actions of every message about an item for a destination, oldest first."""
    statement = (
        sa.select(_action_of(delivery))
        .where(delivery.c.item_id == item_id, delivery.c.destination == destination)
        .order_by(delivery.c.created_at, delivery.c.id)
    )
    return [str(row[0]) for row in tx.run(statement)]


@writes(delivery)
def add(tx: Tx, new: Delivery) -> bool:
    """Record a message to be sent. False, and nothing written, when the destination has one of this event."""
    values = {one.name: getattr(new, one.name) for one in fields(Delivery)}
    statement = postgresql.insert(delivery).values(values)
    once = statement.on_conflict_do_nothing(index_elements=[delivery.c.event_id, delivery.c.destination])
    return tx.run(once.returning(delivery.c.id)).first() is not None


@writes(delivery)
def supersede(tx: Tx, item_id: ItemId, destination: str, *, revision: int, now: datetime) -> list[DeliveryId]:
    """Give up waiting messages about an earlier course of an item; return their ids.

    One that is under way is left alone: what comes after it waits for its end.
    """
    statement = (
        delivery.update()
        .where(
            delivery.c.item_id == item_id,
            delivery.c.destination == destination,
            delivery.c.state == DeliveryState.WAITING,
            delivery.c.event_id == event_table.c.id,
            event_table.c.revision < revision,
            ~_under_way(now),
        )
        .values(state=DeliveryState.DEAD, next_attempt_at=None, last_error=SUPERSEDED)
        .returning(delivery.c.id)
    )
    return [DeliveryId(row.id) for row in tx.run(statement)]


@writes(delivery)
def claim(tx: Tx, destinations: Collection[str], *, now: datetime, until: datetime) -> Delivery | None:
    """Take the delivery that has been due longest, for one of these destinations; None when none is.

    It counts an attempt and is nobody else's until `until`; a process that dies on the way leaves it to
    be due again then. Messages about an earlier course of the same item go first.
    """
    earlier = sa.exists(
        sa.select(_older.c.id)
        .join(_older_event, _older_event.c.id == _older.c.event_id)
        .where(
            _older.c.state == DeliveryState.WAITING,
            _older.c.item_id == delivery.c.item_id,
            _older.c.destination == delivery.c.destination,
            _older_event.c.revision < event_table.c.revision,
        )
    )
    first = (
        sa.select(delivery.c.id)
        .join(event_table, event_table.c.id == delivery.c.event_id)
        .where(
            delivery.c.state == DeliveryState.WAITING,
            delivery.c.next_attempt_at <= now,
            delivery.c.destination.in_(destinations),
            sa.or_(_action_of(delivery) == NO_ACTION, ~earlier),
        )
        .order_by(delivery.c.next_attempt_at, delivery.c.id)
        .limit(1)
        .with_for_update(of=delivery, skip_locked=True)
    )
    found = tx.run(first).scalar_one_or_none()
    if found is None:
        return None
    statement = (
        delivery.update()
        .where(delivery.c.id == found)
        .values(attempts=delivery.c.attempts + 1, next_attempt_at=until, last_status=None, last_error=None)
        .returning(*delivery.c)
    )
    return _delivery(tx.run(statement).mappings().one())


@writes(delivery)
def delivered(tx: Tx, delivery_id: DeliveryId, *, status: int, at: datetime) -> None:
    """Record that a message was received, whatever was thought of it before."""
    tx.run(
        delivery.update()
        .where(delivery.c.id == delivery_id)
        .values(
            state=DeliveryState.DELIVERED,
            next_attempt_at=None,
            last_status=status,
            last_error=None,
            delivered_at=at,
        )
    )


@writes(delivery)
def failed(
    tx: Tx, attempted: Delivery, *, status: int | None, error: str, next_attempt_at: datetime | None
) -> bool:
    """Record a failed attempt; without a next one the delivery is dead.

    False, and nothing written, when the delivery was claimed, ended or tried anew since.
    """
    state = DeliveryState.DEAD if next_attempt_at is None else DeliveryState.WAITING
    statement = (
        delivery.update()
        .where(
            delivery.c.id == attempted.id,
            delivery.c.state == DeliveryState.WAITING,
            delivery.c.attempts == attempted.attempts,
        )
        .values(state=state, next_attempt_at=next_attempt_at, last_status=status, last_error=error)
        .returning(delivery.c.id)
    )
    return tx.run(statement).first() is not None


@writes(delivery)
def revive(tx: Tx, deliveries: Sequence[DeliveryId], *, now: datetime) -> None:
    """Make dead deliveries due now, with all their attempts before them again."""
    tx.run(
        delivery.update()
        .where(delivery.c.id.in_(deliveries), delivery.c.state == DeliveryState.DEAD)
        .values(
            state=DeliveryState.WAITING, attempts=0, next_attempt_at=now, last_status=None, last_error=None
        )
    )


@writes(delivery)
def forget_content(tx: Tx, items: Sequence[ItemId]) -> int:
    """Erase the platform's content id from messages about these items; return from how many.

    One that was sent and may be sent again is left as it is: a repeat must be the same message.
    """
    statement = (
        delivery.update()
        .where(
            delivery.c.item_id.in_(items),
            sa.or_(delivery.c.state != DeliveryState.WAITING, delivery.c.attempts == 0),
            delivery.c.body["data"]["content_id"].astext.is_not(None),
        )
        .values(
            body=sa.func.jsonb_set(
                delivery.c.body, sa.cast(["data", "content_id"], TextArray), sa.cast(None, Json)
            )
        )
        .returning(delivery.c.id)
    )
    return len(tx.run(statement).all())


@writes(delivery)
def forget_references(tx: Tx, *, now: datetime) -> int:
    """Erase references from messages about uploads whose day was destroyed; return from how many.

    One that still waits is given up with that; one that is under way is left until its end.
    """
    standing = sa.exists().where(lookback_match.c.event_id == delivery.c.event_id)
    waits = delivery.c.state == DeliveryState.WAITING
    statement = (
        delivery.update()
        .where(
            delivery.c.kind == LookbackMatched.kind,
            delivery.c.body["data"]["reference"].astext.is_not(None),
            ~standing,
            ~sa.and_(waits, _under_way(now)),
        )
        .values(
            body=sa.func.jsonb_set(
                delivery.c.body, sa.cast(["data", "reference"], TextArray), sa.cast(None, Json)
            ),
            state=sa.case((waits, DeliveryState.DEAD.value), else_=delivery.c.state),
            last_error=sa.case((waits, SUPERSEDED), else_=delivery.c.last_error),
            next_attempt_at=None,
        )
        .returning(delivery.c.id)
    )
    return len(tx.run(statement).all())


@writes(delivery)
def mark_superseded(tx: Tx, delivery_id: DeliveryId) -> None:
    """Record of a dead delivery that its item has taken another course since."""
    tx.run(
        delivery.update()
        .where(delivery.c.id == delivery_id, delivery.c.state == DeliveryState.DEAD)
        .values(last_error=SUPERSEDED)
    )


def has_newer_course(tx: Tx, of: Delivery) -> bool:
    """Say whether a later course of the same item asks the same destination for something."""
    statement = sa.select(delivery.c.id).where(delivery.c.id == of.id, _has_newer_course())
    return tx.run(statement).first() is not None


def still_given_up(tx: Tx, deliveries: Collection[UUID]) -> set[UUID]:
    """Return which of these are dead and can be retried: no later course of their item has overtaken them."""
    statement = sa.select(delivery.c.id).where(
        delivery.c.id.in_(deliveries),
        delivery.c.state == DeliveryState.DEAD,
        delivery.c.last_error.is_distinct_from(SUPERSEDED),
        ~_has_newer_course(),
    )
    return set(tx.run(statement).scalars())


def gone(tx: Tx) -> dict[str, list[DeliveryId]]:
    """Return the destinations that said that they are gone, with the deliveries that they said it to."""
    statement = (
        sa.select(delivery.c.destination, delivery.c.id)
        .where(delivery.c.state == DeliveryState.DEAD, delivery.c.last_error == GONE)
        .order_by(delivery.c.id)
    )
    found: dict[str, list[DeliveryId]] = {}
    for row in tx.run(statement):
        found.setdefault(row.destination, []).append(DeliveryId(row.id))
    return found


def get(tx: Tx, delivery_id: DeliveryId, *, for_update: bool = False) -> Delivery:
    """Return one delivery, locked until the transaction ends if asked for. Raises NotFound."""
    statement = sa.select(delivery).where(delivery.c.id == delivery_id)
    if for_update:
        statement = statement.with_for_update()
    row = tx.run(statement).mappings().first()
    if row is None:
        raise NotFound("There is no such delivery.")
    return _delivery(row)


def newest(
    tx: Tx,
    *,
    state: DeliveryState | None = None,
    destination: str | None = None,
    before: DeliveryId | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Return deliveries, newest first; those below the id `before`, for turning pages."""
    statement = sa.select(delivery).order_by(delivery.c.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(delivery.c.state == state)
    if destination is not None:
        statement = statement.where(delivery.c.destination == destination)
    if before is not None:
        statement = statement.where(delivery.c.id < before)
    return [_delivery(row) for row in tx.run(statement).mappings()]


def counts(tx: Tx) -> dict[DeliveryState, int]:
    """Return how many deliveries there are in each state; a state without any is there with 0."""
    statement = sa.select(delivery.c.state, sa.func.count().label("deliveries")).group_by(delivery.c.state)
    found = {row.state: int(row.deliveries) for row in tx.run(statement)}
    return {state: found.get(state, 0) for state in DeliveryState}


def _action_of(table: sa.FromClause) -> sa.ColumnElement[str]:
    action: sa.ColumnElement[str] = table.c.body["data"]["action"].astext
    return action


def _has_newer_course() -> sa.ColumnElement[bool]:
    mine = sa.select(event_table.c.revision).where(event_table.c.id == delivery.c.event_id)
    return sa.exists(
        sa.select(_newer.c.id)
        .join(_newer_event, _newer_event.c.id == _newer.c.event_id)
        .where(
            _newer.c.item_id == delivery.c.item_id,
            _newer.c.destination == delivery.c.destination,
            _newer_event.c.revision > mine.correlate(delivery).scalar_subquery(),
            _action_of(_newer) != NO_ACTION,
        )
        .correlate(delivery)
    )


def _under_way(now: datetime) -> sa.ColumnElement[bool]:
    # An attempt clears both columns when it begins and fills one when it ends.
    return sa.and_(
        delivery.c.attempts > 0,
        delivery.c.last_status.is_(None),
        delivery.c.last_error.is_(None),
        delivery.c.next_attempt_at > now,
    )


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    return Delivery(**{**row, "state": DeliveryState(row["state"])})
