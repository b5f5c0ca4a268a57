"""What every test gets: real databases, no network, and the same examples on every run."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from safehold.app.access import passwords
from safehold.testing.no_network import Reach, limited_to

pytest_plugins = ["safehold.testing.databases"]

_UNIT = Path(__file__).parent / "unit"

# A shell that starts the tests in the background switches Ctrl-C off for them and for all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadlines: a busy machine must not fail a test. The same examples each time, so that what lands is judged
# by what it changes; `make test-all` searches for new ones, and each that it finds becomes an example.
settings.register_profile(
    "safehold", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("searching", settings.get_profile("safehold"), derandomize=False)
settings.load_profile("searching" if os.environ.get("SAFEHOLD_TEST_SEARCH") else "safehold")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while collecting, and never in what was collected: it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


class _StandardOutput:
    """Writes to the descriptor. pytest exchanges the file object on it while servers log from their threads,
    and an interpreter can crash that prints into a file object which another thread ends.
    """

    def write(self, text: str) -> None:
        os.write(1, text.encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Nothing waits to be written."""


@pytest.fixture(autouse=True)
def _log_without_file_objects() -> None:
    """Let servers in threads of a test log to where pytest captures, and never by way of its file objects."""
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=_StandardOutput()))


@pytest.fixture(scope="session", autouse=True)
def full_hasher() -> Iterator[PasswordHasher]:
    """Compute argon2id with the least parameters, for tests do it a thousand times. Yields the real one.

    Processes that tests start compute it as it is.
    """
    real = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield real
    passwords._hasher = real


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests may use Unix sockets only, all others this machine's loopback addresses as well."""
    reach = Reach.NO_NETWORK if request.path.is_relative_to(_UNIT) else Reach.LOOPBACK
    with limited_to(reach) as refused:
        yield
    if refused:
        pytest.fail("\n".join(refused), pytrace=False)
