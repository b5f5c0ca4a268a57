"""The assembled program over real HTTP, as somebody outside meets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safehold.testing import running
from safehold.testing.running import Installation, MovableClock
from safehold.web.server import served


@pytest.fixture(scope="package")
def opened_program(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, MovableClock]]:
    """Yield the program without a list, a key or a worker: rows do not outlive a test."""
    clock = MovableClock()
    folder = tmp_path_factory.mktemp("threats") / "data"
    with running.installation(running.settings_of(folder, database_url), serve=served, clock=clock) as opened:
        yield opened, clock


@pytest.fixture
def clock(opened_program: tuple[Installation, MovableClock]) -> Iterator[MovableClock]:
    """Yield the program's clock; it goes right again afterwards."""
    yield opened_program[1]
    opened_program[1].ahead *= 0


@pytest.fixture
def safehold(
    opened_program: tuple[Installation, MovableClock], clock: MovableClock, database_url: str
) -> Iterator[Installation]:
    """Yield the program with a test list of painted landscapes that holds."""
    opened = opened_program[0]
    opened.add_list()
    yield opened
    # What was counted belongs to this test: the thread that writes it down must not do so later.
    opened.program.scanner.counters.flush()
