"""The pytest plug-in for databases, in runs of its own: shared, emptied, and gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safehold.storage.embedded import EmbeddedServer

# Whole pytest runs inside tests: most of a minute, for a part that changes seldom.
pytestmark = pytest.mark.slow

SUITE = {
    "conftest.py": 'pytest_plugins = ["safehold.testing.databases"]\n',
    "test_rows.py": """
import os, signal
import pytest
import sqlalchemy as sa

@pytest.fixture
def engine(database_url):
    made = sa.create_engine(database_url)
    yield made
    made.dispose()

def queue_length(engine):
    with engine.connect() as connection:
        return connection.execute(sa.text("select count(*) from procrastinate_workers")).scalar_one()

@pytest.mark.parametrize("turn", range(6))
def test_each_finds_no_row_and_leaves_one(engine, turn):
    assert queue_length(engine) == 0
    with engine.begin() as connection:
        connection.execute(sa.text("insert into procrastinate_workers default values"))
    assert queue_length(engine) == 1

def test_a_fresh_database_is_another_one_with_the_same_schema(engine, fresh_database_url):
    fresh = sa.create_engine(fresh_database_url)
    with fresh.begin() as connection:
        connection.execute(sa.text("insert into procrastinate_workers default values"))
        connection.execute(sa.text("drop table alembic_version"))
    fresh.dispose()
    assert queue_length(engine) == 0

def test_the_worker_dies_when_told_to(engine):
    if os.environ.get("DIE") and "PYTEST_XDIST_WORKER" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)

def test_the_whole_run_dies_when_told_to(engine):
    if os.environ.get("DIE") and "PYTEST_XDIST_WORKER" not in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
""",
}


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[Path]:
    """A test suite of a few tests that use databases."""
    folder = tmp_path / "suite"
    folder.mkdir()
    for name, text in SUITE.items():
        (folder / name).write_text(text)
    yield folder
    for pid in servers_left(folder):
        os.kill(pid, signal.SIGKILL)


def run(suite: Path, *arguments: str, die: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the suite in processes of its own, which keep their files below it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    temporary = suite.parent / "t"
    temporary.mkdir(exist_ok=True)
    environment |= {"PYTEST_DEBUG_TEMPROOT": str(temporary), "DIE": "yes" if die else ""}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, str(suite)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=suite,
        check=False,
    )


def servers_left(suite: Path) -> list[int]:
    """The servers that runs of the suite left running."""
    folders = (suite.parent / "t").glob("pytest-of-*/pytest-[0-9]*/postgres")
    return [pid for folder in folders if (pid := EmbeddedServer(folder.resolve()).pid()) is not None]


def test_every_test_finds_its_database_empty_in_one_process(suite: Path) -> None:
    done = run(suite, "-p", "no:xdist")

    assert done.returncode == 0, done.stdout
    assert servers_left(suite) == []
    assert not list((suite.parent / "t").glob("pytest-of-*/pytest-*/postgres"))


def test_workers_share_one_server_and_none_is_left(suite: Path) -> None:
    done = run(suite, "-n", "2")

    assert done.returncode == 0, done.stdout
    assert servers_left(suite) == []


def test_no_server_is_left_when_a_worker_is_killed(suite: Path) -> None:
    done = run(suite, "-n", "2", "--max-worker-restart=0", die=True)

    assert "crashed while running" in done.stdout
    assert servers_left(suite) == []


def test_the_next_run_stops_the_server_of_a_run_that_was_killed(suite: Path) -> None:
    assert run(suite, "-p", "no:xdist", die=True).returncode == -9
    assert len(servers_left(suite)) == 1

    assert run(suite, "-p", "no:xdist").returncode == 0

    assert servers_left(suite) == []
