"""Queued work over a real database, with a table that stands for what steps change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.jobs.running import Patience
from safehold.jobs.worker import Timings, Worker
from safehold.model.assessment import Finding
from safehold.model.events import Event, ItemCleared, ItemConfirmed, ItemMatched, StepStuck
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, new_id
from safehold.storage.database import Database, Tx

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CASE = CaseId(new_id())
"""The case of events that name no other."""
REACTIONS: dict[type[Event], tuple[str, ...]] = {
    ItemMatched: ("first", "second"),
    ItemConfirmed: ("third",),
    ItemCleared: ("fourth",),
    StepStuck: ("alarm",),
}
QUICK = Timings(
    heartbeat=0.3,
    stalled_after=1.5,
    rescue_every=0.2,
    poll=0.1,
    answer_within=0.5,
    first_pause=0.05,
    longest_pause=0.5,
    patience=Patience(attempts=3, first_pause=0.02, longest_pause=0.1),
)
EFFECT = """drop table if exists effect;
    create table effect (n bigserial primary key, name text not null, item uuid, event_at timestamptz)"""


class Bench:
    """What a test of queued work needs, over one database."""

    now = NOW
    reactions = REACTIONS
    quick = QUICK

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url, pool_size=10)
        self.queue = Queue(self.database.driver_url)
        self.recorder = Recorder(REACTIONS, self.queue)
        self.handlers = {name: self.effect(name) for name in ("first", "second", "third", "fourth", "alarm")}

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run one statement in a transaction of its own and return its rows."""
        with self.database.begin() as tx:
            result = tx.run(sa.text(statement), values)
            return list(result) if result.returns_rows else []

    def matched(self, item_id: ItemId | None = None, *, at: datetime = NOW) -> ItemMatched:
        """Return the event that an item (a new one unless named) matched."""
        return ItemMatched(at=at, item_id=item_id or ItemId(new_id()), purpose=Purpose.TEST, held=True)

    def confirmed(self, item_id: ItemId, case_id: CaseId = CASE) -> ItemConfirmed:
        """Return the event that people agree about an item."""
        return ItemConfirmed(
            at=NOW,
            item_id=item_id,
            case_id=case_id,
            finding=Finding.AGAINST_TERMS,
            category=None,
            confirmed_by=(AnalystId(new_id()),),
        )

    def cleared(self, item_id: ItemId, case_id: CaseId = CASE) -> ItemCleared:
        """Return the event that there is nothing about an item."""
        return ItemCleared(at=NOW, item_id=item_id, case_id=case_id, finding=Finding.OUT_OF_REMIT)

    def record(self, *events: Event) -> None:
        """Record events, each in a transaction of its own."""
        for event in events:
            with self.database.begin() as tx:
                self.recorder.record(tx, event)

    def effect(self, name: str) -> Callable[[Tx, Event], None]:
        """Return a handler that leaves one row in the table `effect` each time it is run."""

        def handler(tx: Tx, event: Event) -> None:
            values = {"name": name, "item": event.item, "at": event.at}
            tx.run(sa.text("insert into effect (name, item, event_at) values (:name, :item, :at)"), values)

        return handler

    def effects(self) -> list[tuple[str, ItemId | None]]:
        """Return what the handlers have left, in that order."""
        return [(row.name, row.item) for row in self.sql("select name, item from effect order by n")]

    def jobs(self) -> list[tuple[str, str, dict[str, str]]]:
        """Return lock, status and arguments of what lies in the queue, in its order."""
        statement = "select lock, status::text, args from procrastinate_jobs order by id"
        return [tuple(row) for row in self.sql(statement)]

    def steps(self) -> list[tuple[str, str, int, str | None]]:
        """Return name, state, failed attempts and error code of every step, in the order of events."""
        statement = """select name, state, attempts, error_code from step
            join event on event.id = event_id order by seq, name"""
        return [tuple(row) for row in self.sql(statement)]

    def nothing_waits(self) -> bool:
        """Say whether every step has ended and the queue is empty."""
        return not self.jobs() and not self.sql("select 1 from step where state = 'waiting'")

    def worker(self, **changed: Any) -> Worker:
        """Return a worker with short timings and these handlers, unless told otherwise."""
        handlers = changed.pop("handlers", self.handlers)
        timings = replace(QUICK, **changed.pop("timings", {}))
        return Worker(self.database, self.queue, self.recorder, handlers, timings=timings, **changed)

    @staticmethod
    def until(true: Callable[[], object], *, seconds: float = 60) -> None:
        """Return as soon as something is true; fail the test when it never becomes so."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "this did not become true"
            time.sleep(0.02)

    @staticmethod
    @contextmanager
    def running(*workers: Worker) -> Iterator[None]:
        """Run each worker in a thread, as the all-in-one process does, and stop it afterwards."""
        threads = [threading.Thread(target=worker.run, daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for worker in workers:
                worker.stop()
            for thread in threads:
                thread.join(timeout=60)
                assert not thread.is_alive(), "a worker did not stop"


@contextmanager
def _bench(url: str) -> Iterator[Bench]:
    bench = Bench(url)
    bench.sql(EFFECT)
    try:
        yield bench
        bench.sql("drop table effect")
    finally:
        bench.database.close()


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    """Queued work over a database without rows."""
    with _bench(database_url) as bench:
        yield bench


@pytest.fixture
def bench_at() -> Callable[[str], AbstractContextManager[Bench]]:
    """Queued work over a database that the test names by its address."""
    return _bench
