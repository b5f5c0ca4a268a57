"""A data folder for an embedded server, and the majors of PostgreSQL that the tests run on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from safehold.storage.binaries import Binaries, find_binaries
from safehold.storage.embedded import EmbeddedServer

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose server does not survive the test."""
    chosen = tmp_path / "data"
    yield chosen
    server = EmbeddedServer(chosen)
    if (pid := server.pid()) is not None:
        os.kill(pid, signal.SIGKILL)
        while server.pid() is not None:
            time.sleep(0.01)


@pytest.fixture
def debian_15() -> Binaries:
    """Debian's PostgreSQL 15, the oldest that we promise to run on."""
    if not DEBIAN_15.is_dir():
        pytest.skip("Debian's package postgresql-15 is not installed")
    return find_binaries(DEBIAN_15)


@pytest.fixture(params=["newest", pytest.param("debian-15", marks=pytest.mark.slow)])
def binaries(request: pytest.FixtureRequest) -> Binaries:
    """The wheel's PostgreSQL, and in the long run Debian's 15 as well."""
    found: Binaries = find_binaries() if request.param == "newest" else request.getfixturevalue("debian_15")
    return found
