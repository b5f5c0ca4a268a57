"""Steps: what must follow an event, each once, with how it ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import EventId, ItemId, StepId, new_id
from safehold.storage.database import Tx
from safehold.storage.events import event
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

step = sa.Table(
    "step",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("event_id", sa.ForeignKey("event.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error_code", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.CheckConstraint("state in ('waiting', 'done', 'superseded', 'stuck')", name="state_known"),
    sa.UniqueConstraint("event_id", "name", name="uq_step_once"),
    sa.Index("ix_step_open", "state", postgresql_where=sa.text("state in ('waiting', 'stuck')")),
)

owned_by("jobs", step)


class StepState(StrEnum):
    """How far a step is: it waits (also between attempts), or it ended in one of three ways."""

    WAITING = "waiting"
    DONE = "done"
    SUPERSEDED = "superseded"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. attempts: how many failed. error_code: of the last one that failed. finished_at: UTC."""

    id: StepId
    event_id: EventId
    name: str
    state: StepState
    attempts: int
    error_code: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class StuckStep:
    """A step that waits for a person, with what it should have followed."""

    id: StepId
    name: str
    event_kind: str
    item_id: ItemId | None
    attempts: int
    error_code: str | None
    stuck_at: datetime


@dataclass(frozen=True, slots=True)
class StepCount:
    """How many steps of one name are in one state."""

    name: str
    state: StepState
    count: int


@writes(step)
def insert_steps(tx: Tx, event_id: EventId, names: Sequence[str], *, at: datetime) -> list[StepId]:
    """Store one waiting step per name and return their ids in that order.

    A name that the event has a step of already is left out, so doing it twice changes nothing.
    """
    made: list[StepId] = []
    for name in names:
        values = {"id": new_id(), "event_id": event_id, "name": name, "state": "waiting", "created_at": at}
        statement = insert(step).values(values).on_conflict_do_nothing(constraint="uq_step_once")
        made += [StepId(id) for id in tx.run(statement.returning(step.c.id)).scalars()]
    return made


def find(tx: Tx, step_id: StepId) -> Step | None:
    """Return one step, None when there is none."""
    return _one(tx, sa.select(step).where(step.c.id == step_id))


def lock(tx: Tx, step_id: StepId, *, wait: bool = True) -> Step | None:
    """Return one step and hold its row until the end of tx. None when there is none.

    wait: when somebody else holds the row, wait for it; False: return None then as well.
    """
    statement = sa.select(step).where(step.c.id == step_id).with_for_update(skip_locked=not wait)
    return _one(tx, statement)


@writes(step)
def mark_ended(tx: Tx, step_id: StepId, state: StepState, *, at: datetime) -> None:
    """Record that a step is done or superseded."""
    tx.run(step.update().where(step.c.id == step_id).values(state=state.value, finished_at=at))


@writes(step)
def mark_failed(tx: Tx, step_id: StepId, *, error_code: str) -> int:
    """Count one failed attempt of a step that goes on waiting, and return how many there are now."""
    statement = (
        step.update()
        .where(step.c.id == step_id)
        .values(attempts=step.c.attempts + 1, error_code=error_code)
        .returning(step.c.attempts)
    )
    return int(tx.run(statement).scalar_one())


@writes(step)
def mark_stuck(tx: Tx, step_id: StepId, *, error_code: str, at: datetime) -> None:
    """Record that a step is not tried again until a person says so."""
    values = {"state": "stuck", "error_code": error_code, "finished_at": at}
    tx.run(step.update().where(step.c.id == step_id).values(values))


@writes(step)
def mark_waiting(tx: Tx, step_id: StepId) -> None:
    """Put a step back as if it had never been tried; its last error code stays readable."""
    values = {"state": "waiting", "attempts": 0, "finished_at": None}
    tx.run(step.update().where(step.c.id == step_id).values(values))


def waiting(tx: Tx, *, limit: int = 1000) -> list[Step]:
    """Return waiting steps in the order of their events; those of one event in no particular order."""
    statement = (
        sa.select(step)
        .join(event, event.c.id == step.c.event_id)
        .where(step.c.state == "waiting")
        .order_by(event.c.seq, step.c.id)
        .limit(limit)
    )
    return [_step(row) for row in tx.run(statement)]


def stuck(tx: Tx, *, limit: int = 200) -> list[StuckStep]:
    """Return the steps that wait for a person, longest waiting first."""
    statement = (
        sa.select(step, event.c.kind, event.c.item_id)
        .join(event, event.c.id == step.c.event_id)
        .where(step.c.state == "stuck")
        .order_by(step.c.finished_at, step.c.id)
        .limit(limit)
    )
    return [
        StuckStep(
            StepId(row.id),
            row.name,
            row.kind,
            ItemId(row.item_id) if row.item_id else None,
            row.attempts,
            row.error_code,
            row.finished_at,
        )
        for row in tx.run(statement)
    ]


def still_stuck(tx: Tx, steps: Collection[UUID]) -> set[UUID]:
    """Return which of these steps wait for a person."""
    statement = sa.select(step.c.id).where(step.c.id.in_(steps), step.c.state == StepState.STUCK.value)
    return set(tx.run(statement).scalars())


def counts(tx: Tx) -> list[StepCount]:
    """Return how many steps of each name are in each state; pairs without any are left out."""
    statement = (
        sa.select(step.c.name, step.c.state, sa.func.count().label("steps"))
        .group_by(step.c.name, step.c.state)
        .order_by(step.c.name, step.c.state)
    )
    return [StepCount(row.name, StepState(row.state), row.steps) for row in tx.run(statement)]


def open_counts(tx: Tx) -> dict[StepState, int]:
    """Return how many steps wait and how many are stuck. Cheap however many have ended."""
    open_states = [StepState.WAITING, StepState.STUCK]
    statement = (
        sa.select(step.c.state, sa.func.count().label("steps"))
        .where(sa.or_(*(step.c.state == state.value for state in open_states)))
        .group_by(step.c.state)
    )
    found: dict[str, int] = {row.state: row.steps for row in tx.run(statement)}
    return {state: found.get(state.value, 0) for state in open_states}


def events_without(tx: Tx, *, kind: str, name: str, after: int = 0, limit: int = 500) -> list[EventId]:
    """Return events of a kind that have no step of this name, oldest first, at most `limit`.

    after: leave out events up to this sequence number.
    """
    has_it = sa.exists().where(step.c.event_id == event.c.id, step.c.name == name)
    statement = (
        sa.select(event.c.id)
        .where(event.c.kind == kind, event.c.seq > after, ~has_it)
        .order_by(event.c.seq)
        .limit(limit)
    )
    return [EventId(id) for id in tx.run(statement).scalars()]


def _one(tx: Tx, statement: sa.Select[tuple[object, ...]]) -> Step | None:
    row = tx.run(statement).one_or_none()
    return None if row is None else _step(row)


def _step(row: sa.Row[tuple[object, ...]]) -> Step:
    values = row._mapping
    return Step(
        StepId(values["id"]),
        EventId(values["event_id"]),
        values["name"],
        StepState(values["state"]),
        values["attempts"],
        values["error_code"],
        values["created_at"],
        values["finished_at"],
    )
