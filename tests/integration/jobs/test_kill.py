"""kill -9 of a worker in the middle: every step is done, and its effect is there exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safehold.model.ids import ItemId, new_id

PROCESS = Path(__file__).with_name("worker_process.py")


@contextmanager
def worker_process(url: str, mode: str = "plain") -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, str(PROCESS), url, mode], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_after_kill_9_every_step_is_done_and_its_effect_is_there_once_and_in_order(
    bench_at: Any, fresh_database_url: str
) -> None:
    items = [ItemId(new_id()) for _ in range(30)]
    with bench_at(fresh_database_url) as bench:
        bench.record(*(bench.matched(item) for item in items))
        with worker_process(fresh_database_url) as process:
            bench.until(lambda: len(bench.effects()) >= 10)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert bench.sql("select count(*) from procrastinate_jobs where status = 'doing'")[0][0] > 0
        assert not bench.nothing_waits()
        with worker_process(fresh_database_url) as process:
            bench.until(bench.nothing_waits)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        assert Counter(bench.effects()) == Counter(
            (name, item) for item in items for name in ("first", "second")
        )
        for item in items:
            assert [name for name, of in bench.effects() if of == item] == ["first", "second"]
        assert {state for _, state, *_ in bench.steps()} == {"done"}


def test_a_step_that_kills_every_worker_ends_as_stuck(bench_at: Any, fresh_database_url: str) -> None:
    item = ItemId(new_id())
    with bench_at(fresh_database_url) as bench:
        bench.record(bench.confirmed(item), bench.matched(item))
        for _ in range(3):
            with worker_process(fresh_database_url, "poison") as process:
                assert process.wait(timeout=60) == -signal.SIGKILL
        with worker_process(fresh_database_url, "poison"):
            bench.until(bench.nothing_waits)
        assert ("third", "stuck", 3, "worker_lost") in bench.steps()
        assert bench.effects() == [("first", item), ("second", item)]
