"""A pytest plug-in: real PostgreSQL databases for tests, one server for a run, one database a worker.

Use it by `pytest_plugins = ["safehold.testing.databases"]` in the top-most conftest.py. The fixtures:

postgres_server     session: the EmbeddedServer that all xdist workers of a run share; fsync is off, and
                    its files are in memory where the machine has room.
database_template   session: name of the database that holds the newest schema; never connect to it.
database_url        session: SQLAlchemy address (superuser) of this worker's own database. Each test that
                    uses it, directly or through other fixtures, finds it as migrations left it: when the
                    test and its function-scoped fixtures are done, every row is deleted and those that
                    migrations inserted are put back. Sequences go on counting. Rows written by fixtures of
                    a wider scope are gone after the first test.
fresh_database_url  function: address of a database of the test's own, dropped afterwards. For tests that
                    change the schema, lose the server's connections, or count from sequences.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from safehold.storage.binaries import find_binaries
from safehold.storage.databases import InitialRows, create_database, drop_database, ensure_template
from safehold.storage.embedded import EmbeddedServer

TEMPLATE = "safehold_template"
_FOLDER = "postgres"
_MEMORY = Path("/dev/shm")  # noqa: S108 - made private, by a name of its own
_ENOUGH = 4 * 1024**3
"""Bytes of memory that may be files, so that a run's databases are a small part of it."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """Yield the run's server; the last worker out stops it.

    SAFEHOLD_TEST_POSTGRES names a folder of other binaries, to run the same tests on another version.
    """
    run = tmp_path_factory.getbasetemp()
    if _worker() is not None:
        run = run.parent
    _stop_abandoned(run)
    named = os.environ.get("SAFEHOLD_TEST_POSTGRES")
    binaries = find_binaries(Path(named)) if named else None
    with EmbeddedServer(_made_folder(run), binaries=binaries, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def database_template(postgres_server: EmbeddedServer) -> str:
    """Return the name of the database with the newest schema, made by whichever worker comes first."""
    # Imported late: Alembic costs a second, and most tests need no database.
    from safehold.storage.migrate import upgrade

    ensure_template(postgres_server, TEMPLATE, upgrade)
    return TEMPLATE


@pytest.fixture(scope="session")
def database_url(postgres_server: EmbeddedServer, database_template: str) -> Iterator[str]:
    """Yield the address of this worker's database; see the module's docstring for when it is emptied."""
    name = _worker_database()
    drop_database(postgres_server, name)
    create_database(postgres_server, name, database_template)
    yield postgres_server.url(name)
    drop_database(postgres_server, name)


@pytest.fixture
def fresh_database_url(postgres_server: EmbeddedServer, database_template: str) -> Iterator[str]:
    """Yield the address of a database that no other test sees; whoever is still connected is cut off."""
    name = f"fresh_{uuid4().hex}"
    create_database(postgres_server, name, database_template)
    yield postgres_server.url(name)
    drop_database(postgres_server, name)


@pytest.fixture(scope="session")
def _initial_rows(postgres_server: EmbeddedServer, database_url: str) -> InitialRows:
    return InitialRows(postgres_server, _worker_database())


@pytest.fixture(autouse=True)
def _emptied_database(request: pytest.FixtureRequest) -> Iterator[None]:
    # Autouse fixtures are set up first, hence torn down last: after everything that the test itself opened.
    if "database_url" not in request.fixturenames:
        yield
        return
    initial_rows: InitialRows = request.getfixturevalue("_initial_rows")
    yield
    initial_rows.restore()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the server in the process that began the run, also when a worker was killed; remove its files."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if _worker() is not None or factory is None:
        return
    folder = factory.getbasetemp() / _FOLDER
    if folder.is_dir():
        _stop(folder)


def _worker() -> str | None:
    return os.environ.get("PYTEST_XDIST_WORKER")


def _worker_database() -> str:
    return f"tests_{_worker() or 'main'}"


def _made_folder(run: Path) -> Path:
    """Return where the server of a run keeps its files: in memory where there is room, else in the run.

    A database is a thousand files: a disk takes ten times as long to make and drop one. The run's own folder
    is a link then, by which the next run finds what was left behind.
    """
    folder = run / _FOLDER
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).total >= _ENOUGH:
        in_memory = _MEMORY / f"safehold-tests-{hashlib.sha256(os.fsencode(run)).hexdigest()[:16]}"
        with suppress(FileExistsError):  # another worker was here before
            folder.symlink_to(in_memory)
    return folder.resolve()


def _stop(folder: Path) -> None:
    """Stop a server unless somebody uses it; of one that does not run, remove the files wherever they are."""
    server = EmbeddedServer(folder.resolve())
    server.stop()
    if server.pid() is None:
        shutil.rmtree(server.folder, ignore_errors=True)
        if folder.is_symlink():
            folder.unlink()


def _stop_abandoned(run: Path) -> None:
    """Stop the servers of earlier runs that were killed as a whole; one that is in use is left alone."""
    if run.name.startswith("pytest-"):
        for folder in run.parent.glob(f"pytest-[0-9]*/{_FOLDER}"):
            if folder.parent != run:
                _stop(folder)
