"""A real database with lists in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from safehold.detect.known import SignalTypes
from safehold.model.hash_list import HashList, Purpose
from safehold.model.ids import ListId, new_id
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.pdq import Pdq
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Database

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def kinds() -> SignalTypes:
    return {kind.name: kind for kind in (Md5(), Sha1(), Sha256(), Pdq())}


@pytest.fixture
def northland(database: Database) -> HashList:
    """A list that may hold, without entries."""
    new = HashList(id=ListId(new_id()), name="northland", purpose=Purpose.CSAM, may_hold=True, created_at=NOW)
    with database.begin() as tx:
        list_rows.insert(tx, new)
    return new
