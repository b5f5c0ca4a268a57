"""Close calls: one row for each hour of a subject, and one record for each alarm that was raised."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from safehold.app import alarms, probing
from safehold.app.probing import CloseCalls
from safehold.app.settings_sections import ProbingSettings
from safehold.detect.verdict import Verdict
from safehold.model.ids import KeyId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.model.scan import ScanResult
from safehold.model.surface import Advice
from safehold.storage.database import Database
from safehold.storage.probing import Calls

NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
NEAR = Verdict(result=ScanResult.CLEAR, advice=Advice.PUBLISH, near_miss=True)
SECRET = b"s" * 32


class Clock:
    """A clock that stands until a test sets it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=4)
    yield opened
    opened.close()


def a_key() -> Actor:
    return Actor(permissions=frozenset({Permission.SCAN}), key_id=KeyId(new_id()))


def close_calls(clock: Clock, *, per_account: int = 2) -> CloseCalls:
    return CloseCalls(ProbingSettings(per_account=per_account), SECRET, clock)


def noticed(database: Database) -> int:
    with database.begin() as tx:
        counted = sa.text("select count(*) from audit_record where verb = 'probing.notice'")
        return int(tx.run(counted).scalar_one())


def test_who_is_noticed_is_on_record_once_for_as_long_as_the_alarm_stands(database: Database) -> None:
    clock, key = Clock(), a_key()
    calls = close_calls(clock)

    def probes() -> None:
        for _ in range(3):
            calls.note(NEAR, key, "somebody-1")
        calls.write(database)

    probes()
    assert noticed(database) == 1
    clock.now = NOON + timedelta(hours=23)
    probes()
    clock.now = NOON + timedelta(hours=25)
    probes()
    probes()

    assert noticed(database) == 1
    with database.begin() as tx:
        alarms.clear_what_is_over(tx, now=clock.now + timedelta(hours=26))
    clock.now += timedelta(hours=50)
    probes()
    assert noticed(database) == 2


def test_however_often_counts_are_written_down_an_hour_of_a_subject_is_one_row(database: Database) -> None:
    clock, key = Clock(), a_key()

    def work(_: int) -> None:
        calls = close_calls(clock, per_account=1000)
        for number in range(5):
            calls.note(NEAR, key, f"somebody-{number}")
            calls.write(database)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(8)))
    clock.now = NOON + timedelta(hours=1)
    work(0)

    with database.begin() as tx:
        rows = tx.run(sa.text("select subject, hour from close_call")).all()
        found = probing.of_last_day(tx, now=clock.now)
    assert len(rows) == len(set(rows)) == 2 * (1 + 5)
    assert [(probing.subject_of(whose).partition(":")[0], calls) for whose, calls in found.items()] == [
        ("key", Calls(near_misses=45)),
        *[("account", Calls(near_misses=9))] * 5,
    ]
    assert {whose.key_id for whose in found} == {key.key_id}
