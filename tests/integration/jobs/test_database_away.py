"""The database goes away under a running worker, which waits for it and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.jobs.running import Patience
from safehold.jobs.schedules import Schedule
from safehold.model.errors import DatabaseDown
from safehold.model.ids import ItemId, new_id
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.migrate import upgrade


def test_a_worker_outlives_its_database_and_does_what_comes_after(bench_at: Any, tmp_path: Path) -> None:
    before, after = ItemId(new_id()), ItemId(new_id())
    ticks: list[int] = []
    with EmbeddedServer(tmp_path / "data", durable=False) as server:
        upgrade(server.url())
        with bench_at(server.url()) as bench:
            worker = bench.worker(schedules=[Schedule("tick", 0.1, lambda: ticks.append(1))])
            with bench.running(worker):
                bench.record(bench.matched(before))
                bench.until(bench.nothing_waits)
                server.stop()
                bench.until(lambda: worker.degraded and worker.restarts >= 2)
                with pytest.raises(DatabaseDown):
                    bench.record(bench.matched(after))
                ticked = len(ticks)
                server.start()
                bench.record(bench.matched(after))
                bench.until(bench.nothing_waits)
                bench.until(lambda: len(ticks) > ticked)
                assert not worker.degraded
            assert [item for _, item in bench.effects()] == [before, before, after, after]


def test_a_step_whose_connections_are_cut_is_run_again(bench: Any) -> None:
    item = ItemId(new_id())
    cut = iter([True])

    def cuts_everybody_off(tx: Any, event: Any) -> None:
        bench.handlers["first"](tx, event)
        if next(cut, False):
            with bench.database.begin() as other:
                others = """select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()"""
                other.run(sa.text(others))

    def nothing_waits() -> bool:
        try:
            return bool(bench.nothing_waits())
        except DatabaseDown:
            return False  # our own connection was cut as well

    # On a busy machine the job may be found lost more than once before its worker is back.
    patience = Patience(attempts=20, first_pause=0.02, longest_pause=0.1)
    worker = bench.worker(
        handlers={**bench.handlers, "first": cuts_everybody_off}, timings={"patience": patience}
    )
    bench.record(bench.matched(item))
    with bench.running(worker):
        bench.until(nothing_waits)
    assert bench.effects() == [("first", item), ("second", item)]


def test_an_acknowledgement_that_fails_does_not_leave_the_job_running_for_ever(bench: Any) -> None:
    # Only the acknowledgement fails; fetching, heartbeat and notification notice nothing.
    items = [ItemId(new_id()), ItemId(new_id())]
    hurt = iter([True])

    def first(tx: Any, event: Any) -> None:
        bench.handlers["first"](tx, event)
        if next(hurt, False):
            name = "procrastinate_finish_job_v1(bigint, procrastinate_job_status, boolean)"
            with bench.database.begin() as other:
                other.run(sa.text(f"alter function {name} rename to away"))

    def mend() -> bool:
        if worker.restarts == 0:
            return False
        bench.sql("""alter function away(bigint, procrastinate_job_status, boolean)
            rename to procrastinate_finish_job_v1""")
        return True

    worker = bench.worker(handlers={**bench.handlers, "first": first}, concurrency=1)
    bench.record(*(bench.matched(item) for item in items))
    with bench.running(worker):
        bench.until(mend)
        bench.until(bench.nothing_waits)
    assert sorted(bench.effects()) == sorted((name, item) for item in items for name in ("first", "second"))
