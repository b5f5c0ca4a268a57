"""Schedules: when each periodic sweep last began and succeeded, over all processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, owned_by, writes

schedule_run = sa.Table(
    "schedule_run",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("succeeded_at", Instant),
    sa.Column("runs", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.BigInteger, nullable=False),
    sa.Column("error_code", sa.Text),
)

owned_by("jobs", schedule_run)


@dataclass(frozen=True, slots=True)
class ScheduleRun:
    """How a periodic sweep is doing. error_code: of its last run, None when that did not fail."""

    name: str
    began_at: datetime
    succeeded_at: datetime | None
    runs: int
    failures: int
    error_code: str | None


def find(tx: Tx, name: str) -> ScheduleRun | None:
    """Return how a sweep is doing, None when it has never run."""
    row = tx.run(sa.select(schedule_run).where(schedule_run.c.name == name)).mappings().one_or_none()
    return None if row is None else ScheduleRun(**row)


def all_runs(tx: Tx) -> list[ScheduleRun]:
    """Return how every sweep that has ever run is doing, by name."""
    statement = sa.select(schedule_run).order_by(schedule_run.c.name)
    return [ScheduleRun(**row) for row in tx.run(statement).mappings()]


@writes(schedule_run)
def mark_began(tx: Tx, name: str, *, at: datetime) -> None:
    """Record that a run begins."""
    statement = insert(schedule_run).values(name=name, began_at=at, runs=1, failures=0)
    again = {"began_at": at, "runs": schedule_run.c.runs + 1}
    tx.run(statement.on_conflict_do_update(index_elements=["name"], set_=again))


@writes(schedule_run)
def mark_ended(tx: Tx, name: str, *, at: datetime, error_code: str | None) -> None:
    """Record how the run that began last has ended: well, or with this code."""
    values: dict[str, object] = {"error_code": error_code}
    if error_code is None:
        values["succeeded_at"] = at
    else:
        values["failures"] = schedule_run.c.failures + 1
    tx.run(schedule_run.update().where(schedule_run.c.name == name).values(values))
