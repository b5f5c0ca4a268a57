"""What the death suite stands on: its engine beside this file, and the seed that makes a run repeatable."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import pytest

# The engine is no test and lies in no package of the product: pytest imports tests by path.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    """Return SAFEHOLD_DEATH_SEED, or a new one; it is printed when the test fails."""
    chosen = os.environ.get("SAFEHOLD_DEATH_SEED") or secrets.token_hex(4)
    request.node.add_report_section("setup", "seed", f"SAFEHOLD_DEATH_SEED={chosen}")
    return chosen
