"""Scans are counted without slowing them down, and the counts end up in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from safehold.app.counters import ScanCounters, seal_counters
from safehold.model.permissions import system_actor
from safehold.model.scan import ScanResult
from safehold.storage import audit, scans
from safehold.storage.database import Database

NOON = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
ACTOR = system_actor("test")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=4)
    yield opened
    opened.close()


def count(counters: ScanCounters, result: ScanResult = ScanResult.CLEAR) -> None:
    counters.count(actor=ACTOR, surface="feed", result=result, lists_version="v1")


def totals(database: Database) -> dict[tuple[str, str], int]:
    with database.begin() as tx:
        return scans.totals(tx)


def test_every_scan_is_counted_once_however_many_threads_count_and_flush(database: Database) -> None:
    counters = ScanCounters(database, lambda: NOON)

    def work(number: int) -> None:
        count(counters)
        if number % 10 == 0:
            counters.flush()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(200)))
    counters.flush()

    assert totals(database) == {("feed", "clear"): 200}


def test_counts_are_written_down_without_anybody_asking(database: Database) -> None:
    counters = ScanCounters(database, lambda: NOON)
    counters.start()
    count(counters)

    counters.close()

    assert totals(database) == {("feed", "clear"): 1}


def test_a_minute_is_sealed_into_one_audit_record_per_counter_and_only_once(database: Database) -> None:
    counters = ScanCounters(database, lambda: NOON)
    for result in (ScanResult.CLEAR, ScanResult.CLEAR, ScanResult.HOLD):
        count(counters, result)
        counters.flush()

    assert seal_counters(database, now=NOON) == 0
    assert seal_counters(database, now=NOON + timedelta(minutes=1)) == 2
    assert seal_counters(database, now=NOON + timedelta(minutes=2)) == 0

    with database.begin() as tx:
        records = audit.of_object(tx, "surface:feed")
    assert sorted((record.detail["result"], record.detail["scans"]) for record in records) == [
        ("clear", 2),
        ("hold", 1),
    ]
    assert totals(database) == {("feed", "clear"): 2, ("feed", "hold"): 1}


def test_counts_that_come_late_are_sealed_by_a_record_of_their_own(database: Database) -> None:
    counters = ScanCounters(database, lambda: NOON)
    count(counters)
    counters.flush()
    seal_counters(database, now=NOON + timedelta(minutes=1))

    count(counters)
    counters.flush()

    assert seal_counters(database, now=NOON + timedelta(minutes=2)) == 1
