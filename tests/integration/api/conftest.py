"""The API of the assembled program, served over real HTTP; one program for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safehold.model.permissions import Permission
from safehold.testing import running
from safehold.testing.platform import Platform
from safehold.testing.running import Installation
from safehold.web.server import served

LIMITS = {"upload_bytes": 2_000_000, "json_bytes": 200_000, "batch_items": 20, "fetch_seconds": 5}


@pytest.fixture(scope="package")
def running_program(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Yield the program without a list, a key or a worker: rows do not outlive a test."""
    folder = tmp_path_factory.mktemp("api") / "data"
    settings = running.settings_of(folder, database_url, limits=LIMITS)
    with running.installation(settings, serve=served) as opened:
        yield opened


@pytest.fixture
def bare(running_program: Installation, database_url: str) -> Iterator[Installation]:
    """Yield the program with no list at all."""
    yield running_program
    # What was counted belongs to this test: the thread that writes it down must not do so later.
    running_program.program.scanner.counters.flush()


@pytest.fixture
def safehold(bare: Installation) -> Installation:
    """Return the program with a test list of painted landscapes that holds."""
    bare.add_list()
    return bare


@pytest.fixture
def platform(safehold: Installation) -> Platform:
    """Return a platform whose key has every scope but scan:detail and ops."""
    return safehold.platform(
        Permission.SCAN,
        Permission.ITEM_READ,
        Permission.CASE_READ,
        Permission.LIST_READ,
        Permission.APPEAL_FILE,
    )
