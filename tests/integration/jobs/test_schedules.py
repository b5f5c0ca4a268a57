"""Periodic sweeps over several processes: one at a time, one period for all, failures counted."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from safehold.jobs.schedules import Schedule, Scheduler
from safehold.storage import schedules as schedule_rows


def scheduler(bench: Any, at: float) -> Scheduler:
    """Return a process's scheduler whose clock stands `at` seconds after noon."""
    return Scheduler(bench.database, [], clock=lambda: bench.now + timedelta(seconds=at))


def test_a_sweep_runs_once_a_period_over_all_processes(bench: Any) -> None:
    ran: list[int] = []
    sweep = Schedule("sweep", 60, lambda: ran.append(1))
    waits = [scheduler(bench, at).turn(sweep) for at in (0, 0, 59, 60, 61)]
    assert waits == [60, 60, 1, 60, 59]
    assert len(ran) == 2


def test_a_sweep_that_is_going_on_elsewhere_is_left_to_it(bench: Any) -> None:
    ran: list[int] = []

    def begin_the_same_elsewhere() -> None:
        ran.append(1)
        assert scheduler(bench, 100).turn(sweep) == 10

    sweep = Schedule("sweep", 10, begin_the_same_elsewhere)
    scheduler(bench, 0).turn(sweep)
    assert len(ran) == 1


def test_a_beginning_in_a_future_that_was_taken_back_delays_nothing(bench: Any) -> None:
    ran: list[int] = []
    sweep = Schedule("sweep", 60, lambda: ran.append(1))
    scheduler(bench, 10_000).turn(sweep)
    for seconds in (0, 60, 120):
        assert scheduler(bench, seconds).turn(sweep) == 60
    assert len(ran) == 4


def test_two_machines_whose_clocks_differ_a_little_share_one_period_all_the_same(bench: Any) -> None:
    sweep = Schedule("sweep", 60, lambda: None)
    scheduler(bench, 30).turn(sweep)
    assert scheduler(bench, 0).turn(sweep) == 90
    with bench.database.begin() as tx:
        [run] = schedule_rows.all_runs(tx)
    assert run.runs == 1


def test_how_sweeps_are_doing_is_kept(bench: Any) -> None:
    outcomes = iter([ValueError("text"), None])

    def run() -> None:
        if (outcome := next(outcomes)) is not None:
            raise outcome

    sweep = Schedule("sweep", 60, run)
    scheduler(bench, 0).turn(sweep)
    with bench.database.begin() as tx:
        [failed] = schedule_rows.all_runs(tx)
    assert (failed.runs, failed.failures, failed.error_code, failed.succeeded_at) == (
        1,
        1,
        "ValueError",
        None,
    )
    scheduler(bench, 60).turn(sweep)
    with bench.database.begin() as tx:
        [mended] = schedule_rows.all_runs(tx)
    assert (mended.runs, mended.failures, mended.error_code) == (2, 1, None)
    assert mended.succeeded_at == bench.now + timedelta(seconds=60)


def test_two_workers_never_run_the_same_sweep_at_the_same_time(bench: Any) -> None:
    inside: list[int] = []
    most = runs = 0

    def sweep() -> None:
        nonlocal most, runs
        inside.append(1)
        most = max(most, len(inside))
        threading.Event().wait(0.02)
        inside.pop()
        runs += 1

    workers = [bench.worker(schedules=[Schedule("sweep", 0.01, sweep)]) for _ in range(2)]
    with bench.running(*workers):
        bench.until(lambda: runs >= 10)
    assert most == 1


def test_sweeps_leave_nothing_in_the_queue(bench: Any) -> None:
    with bench.running(bench.worker(schedules=[Schedule("sweep", 0.01, lambda: None)])):
        bench.until(lambda: bench.sql("select 1 from schedule_run where name = 'sweep' and runs >= 5"))
    assert bench.jobs() == []
    assert bench.sql("select count(*) from schedule_run where name = 'sweep'") == [(1,)]
