"""A worker in a process of its own, to be killed: each step leaves one row and takes a moment."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import sqlalchemy as sa

from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.jobs.running import Patience
from safehold.jobs.worker import Timings, Worker
from safehold.storage.database import Database, Tx


def leave_a_row(name: str, seconds: float) -> Any:
    """Return a handler that changes something, then is slow enough to be killed in between."""

    def handler(tx: Tx, event: Any) -> None:
        statement = "insert into effect (name, item, event_at) values (:name, :item, :at)"
        tx.run(sa.text(statement), {"name": name, "item": event.item, "at": event.at})
        tx.run(sa.text("select pg_sleep(:seconds)"), {"seconds": seconds})

    return handler


def die(tx: Tx, event: Any) -> None:
    """Take the whole process along."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, mode: str) -> None:
    database = Database(url, pool_size=10)
    queue = Queue(database.driver_url)
    patience = Patience(attempts=3, first_pause=0.01, longest_pause=0.1)
    timings = Timings(
        heartbeat=0.3, stalled_after=1.5, rescue_every=0.2, poll=0.1, longest_pause=0.5, patience=patience
    )
    handlers = {name: leave_a_row(name, 0.02) for name in ("first", "second")}
    handlers["third"] = die if mode == "poison" else leave_a_row("third", 0.02)
    worker = Worker(database, queue, Recorder({}, queue), handlers, timings=timings)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
    database.close()


main(*sys.argv[1:])
