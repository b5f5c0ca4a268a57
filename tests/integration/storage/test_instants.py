"""A date that Python's calendar does not hold never fails the query that finds it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from safehold.storage.database import Database
from safehold.storage.instants import EARLIEST, LATEST


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("infinity", LATEST),
        ("-infinity", EARLIEST),
        ("12026-11-22 08:00:00+00", LATEST),
        ("0044-03-15 12:00:00+00 BC", EARLIEST),
        ("2026-11-22 08:00:00+01", datetime(2026, 11, 22, 7, tzinfo=UTC)),
        (None, None),
    ],
)
def test_an_instant_outside_the_calendar_is_read_as_its_nearest_end_and_hides_no_row(
    database_url: str, written: str | None, read: datetime | None
) -> None:
    database = Database(database_url)
    statement = sa.text(
        "select cast(:written as timestamptz) union all select timestamptz '2001-01-01 00:00Z'"
    )
    with database.begin() as tx:
        found = [row[0] for row in tx.run(statement, {"written": written})]
    database.close()
    assert found == [read, datetime(2001, 1, 1, tzinfo=UTC)]
