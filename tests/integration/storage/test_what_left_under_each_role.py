"""What left for classifiers elsewhere is counted by the API's role, day by day, and by no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from safehold.storage import classifier_leaving
from safehold.storage.database import Database, Tx

NOW = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)


@pytest.fixture
def tx(database_url: str) -> Iterator[Tx]:
    database = Database(database_url, pool_size=1)
    try:
        with database.begin() as opened:
            yield opened
    finally:
        database.close()


def become(tx: Tx, role: str) -> None:
    tx.run(sa.text("set local role safehold_" + role))


def count(tx: Tx, pictures: int, *, at: datetime = NOW, destination: str = "classifier.example") -> None:
    classifier_leaving.count(tx, "one", destination, pictures=pictures, now=at)


def test_the_api_counts_day_by_day_and_the_sum_has_the_first_and_the_last(tx: Tx) -> None:
    become(tx, "api")
    later = NOW + timedelta(minutes=2)
    count(tx, 3)
    count(tx, 1, at=later)
    # Of two processes whose clocks differ the one that is behind takes nothing back.
    count(tx, 8, at=NOW - timedelta(seconds=5))
    count(tx, 1, destination="another.example")
    other, left = classifier_leaving.left(tx)
    assert (other.destination, other.calls, other.pictures) == ("another.example", 1, 1)
    assert (left.calls, left.pictures) == (3, 12)
    assert (left.first_at, left.last_at) == (NOW - timedelta(seconds=5), later)
    rows = tx.run(
        sa.text("select day, calls from classifier_leaving where destination like 'cl%' order by day")
    )
    assert [(str(row.day), row.calls) for row in rows] == [("2026-03-01", 2), ("2026-03-02", 1)]


@pytest.mark.parametrize("role", ["console", "portal", "worker", "reader"])
def test_no_other_surface_can_count_or_uncount(tx: Tx, role: str) -> None:
    count(tx, 1)
    become(tx, role)
    for statement in ("insert into classifier_leaving default values", "delete from classifier_leaving"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), tx.part():
            tx.run(sa.text(statement))


def test_no_call_is_counted_without_a_picture_or_a_place(tx: Tx) -> None:
    for pictures, destination in ((0, "classifier.example"), (1, "")):
        with pytest.raises(sa.exc.IntegrityError), tx.part():
            count(tx, pictures, destination=destination)
