"""A running worker: prompt, in order, patient with failures, and quick to end when asked."""

from __future__ import annotations

import logging
import threading
from typing import Any

from safehold.jobs.running import Patience
from safehold.jobs.schedules import Schedule
from safehold.model.errors import VaultDown
from safehold.model.ids import ItemId, StepId, new_id


def test_steps_of_an_item_run_in_order_without_waiting_for_the_next_poll(bench: Any) -> None:
    # With a poll of an hour only news of work makes the worker look again.
    items = [ItemId(new_id()) for _ in range(5)]

    def confirms(tx: Any, event: Any) -> None:
        bench.handlers["second"](tx, event)
        bench.recorder.record(tx, bench.confirmed(event.item_id))

    worker = bench.worker(handlers={**bench.handlers, "second": confirms}, timings={"poll": 3600.0})
    with bench.running(worker):
        bench.until(lambda: not worker.degraded)
        bench.record(*(bench.matched(item) for item in items))
        bench.until(bench.nothing_waits)
    for item in items:
        assert [name for name, of in bench.effects() if of == item] == ["first", "second", "third"]


def test_the_end_of_a_step_is_news_of_work_whether_the_worker_looks_or_rests_then(bench: Any) -> None:
    item = ItemId(new_id())
    lengths = iter([0.1, 0.0, 0.0, 0.0] * 15)

    def of_some_length(tx: Any, event: Any) -> None:
        threading.Event().wait(next(lengths))

    bench.record(*(bench.matched(item) for _ in range(30)))
    handlers = {"first": of_some_length, "second": of_some_length}
    with bench.running(bench.worker(handlers=handlers, timings={"poll": 3600.0})):
        bench.until(bench.nothing_waits, seconds=45)
    assert next(lengths, None) is None


def test_a_later_step_of_the_same_item_waits_while_an_earlier_one_pauses(bench: Any) -> None:
    item, other = ItemId(new_id()), ItemId(new_id())
    failures = iter(range(2))

    def fails_twice(tx: Any, event: Any) -> None:
        if event.item == item and next(failures, None) is not None:
            raise VaultDown
        bench.handlers["first"](tx, event)

    bench.record(bench.matched(item), bench.matched(other))
    patience = Patience(attempts=5, first_pause=0.3, longest_pause=0.3)
    worker = bench.worker(handlers={**bench.handlers, "first": fails_twice}, timings={"patience": patience})
    with bench.running(worker):
        bench.until(bench.nothing_waits)
    # The other item does not wait for this one; within this one the order holds.
    assert bench.effects() == [("first", other), ("second", other), ("first", item), ("second", item)]
    assert ("first", "done", 2, "vault_down") in bench.steps()


def test_after_the_last_attempt_the_step_is_stuck_and_the_item_goes_on(bench: Any) -> None:
    item = ItemId(new_id())
    broken = threading.Event()
    broken.set()

    def fails_while_broken(tx: Any, event: Any) -> None:
        if broken.is_set():
            raise VaultDown
        bench.handlers["first"](tx, event)

    with bench.running(bench.worker(handlers={**bench.handlers, "first": fails_while_broken})):
        bench.record(bench.matched(item))
        bench.until(bench.nothing_waits)
        assert set(bench.effects()) == {("second", item), ("alarm", None)}
        broken.clear()
        [[step_id]] = bench.sql("select id from step where state = 'stuck'")
        with bench.database.begin() as tx:
            bench.recorder.retry_stuck(tx, StepId(step_id))
        bench.until(bench.nothing_waits)
    assert bench.effects()[-1] == ("first", item)


def test_two_steps_of_one_item_never_run_at_the_same_time_however_many_workers(bench: Any) -> None:
    item = ItemId(new_id())
    inside: list[int] = []
    most = 0

    def slow(tx: Any, event: Any) -> None:
        nonlocal most
        inside.append(1)
        most = max(most, len(inside))
        threading.Event().wait(0.02)
        inside.pop()

    workers = [bench.worker(handlers={"first": slow, "second": slow}) for _ in range(2)]
    bench.record(*(bench.matched(item) for _ in range(10)))
    with bench.running(*workers):
        bench.until(bench.nothing_waits)
    assert most == 1
    assert {state for _, state, *_ in bench.steps()} == {"done"}


def test_stopping_waits_for_the_step_that_runs_and_leaves_the_others_in_the_queue(bench: Any) -> None:
    item = ItemId(new_id())
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Any, event: Any) -> None:
        begun.set()
        go_on.wait(30)
        bench.handlers["first"](tx, event)

    bench.record(bench.matched(item))
    worker = bench.worker(handlers={**bench.handlers, "first": slow})
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    assert begun.wait(30)
    worker.stop()
    go_on.set()
    thread.join(30)
    assert not thread.is_alive()
    assert bench.effects() == [("first", item)]
    assert [status for _, status, _ in bench.jobs()] == ["todo"]
    assert bench.sql("select count(*) from procrastinate_workers") == [(0,)]


def test_a_worker_that_is_stopped_before_it_begins_returns(bench: Any) -> None:
    worker = bench.worker()
    worker.stop()
    worker.run()


def test_a_schedule_that_fails_is_counted_and_keeps_no_other_from_running(bench: Any) -> None:
    done = threading.Event()

    def fail() -> None:
        raise VaultDown

    schedules = [Schedule("bad", 0.05, fail), Schedule("good", 0.05, done.set)]
    with bench.running(bench.worker(schedules=schedules)):
        assert done.wait(30)
        bench.until(lambda: bench.sql("select 1 from schedule_run where name = 'bad' and failures >= 2"))
    [[code, succeeded]] = bench.sql("select error_code, succeeded_at from schedule_run where name = 'bad'")
    assert (code, succeeded) == ("vault_down", None)
    assert bench.sql("select failures from schedule_run where name = 'good'") == [(0,)]
    assert bench.jobs() == []


def test_nothing_of_a_failing_step_but_its_code_reaches_any_log(bench: Any, capfd: Any, caplog: Any) -> None:
    def fail(tx: Any, event: Any) -> None:
        raise ValueError("words of a stranger")

    caplog.set_level(logging.DEBUG)
    with bench.running(bench.worker(handlers={**bench.handlers, "first": fail})):
        bench.record(bench.matched())
        bench.until(bench.nothing_waits)
    said = capfd.readouterr()
    assert "step_stuck" in said.out + said.err
    assert "stranger" not in said.out + said.err + caplog.text
    assert "Traceback" not in said.out + said.err + caplog.text
