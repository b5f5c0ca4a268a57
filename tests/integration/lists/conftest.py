"""Lists in a real database, filled from real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.lists.file_import import FileImport
from safehold.lists.formats.base import SignalTypes
from safehold.lists.ledger import NewList, add_list
from safehold.model.hash_list import HashList, Purpose
from safehold.model.permissions import Actor, system_actor
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.pdq import Pdq
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
def actor() -> Actor:
    return system_actor("tests")


@pytest.fixture
def recorder(database: Database) -> Recorder:
    """Records events that nothing follows from."""
    return Recorder({}, Queue(database.driver_url))


@pytest.fixture
def loading(database: Database, kinds: SignalTypes, actor: Actor, recorder: Recorder) -> FileImport:
    """An import in batches of ten entries."""
    return FileImport(
        database=database,
        kinds=kinds,
        actor=actor,
        record=recorder.record,
        clock=lambda: NOW,
        batch_entries=10,
    )


@pytest.fixture
def northland(database: Database, actor: Actor) -> HashList:
    """A list without entries."""
    with database.begin() as tx:
        return add_list(tx, NewList(name="northland", purpose=Purpose.CSAM), actor=actor, now=NOW)


@pytest.fixture
def list_file(tmp_path: Path) -> Callable[[range], Path]:
    """Writes a bare list file whose digests are these numbers."""

    def write(numbers: range) -> Path:
        path = tmp_path / f"{numbers.start}-{numbers.stop}.txt"
        path.write_text("".join(f"{1 << 200 | number:064x}\n" for number in numbers))
        return path

    return write


@pytest.fixture
def rows(database: Database) -> Callable[[str], list[tuple[object, ...]]]:
    """Runs one query and returns its rows."""

    def run(query: str) -> list[tuple[object, ...]]:
        with database.begin() as tx:
            return [tuple(row) for row in tx.run(sa.text(query))]

    return run
