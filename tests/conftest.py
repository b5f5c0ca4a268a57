"""What every test gets: real databases, no network, and the same examples on every run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from safehold.testing.no_network import Reach, limited_to

pytest_plugins = ["safehold.testing.databases"]

_UNIT = Path(__file__).parent / "unit"

# No deadlines: a busy machine must not fail a test.
settings.register_profile("safehold", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("safehold"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "safehold")


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests may use Unix sockets only, all others this machine's loopback addresses as well."""
    reach = Reach.NO_NETWORK if request.path.is_relative_to(_UNIT) else Reach.LOOPBACK
    with limited_to(reach) as refused:
        yield
    if refused:
        pytest.fail("\n".join(refused), pytrace=False)
