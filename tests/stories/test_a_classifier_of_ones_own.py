"""The example of a foreign classifier, installed into an environment of its own, from its kit to its card."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from safehold.testing import environments

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_classifier"
RUN = "from safehold.cli.main import run; run()"
SETTINGS = """
data_folder = "{folder}"
[classifiers.bright]
kind = "plugin"
plugin = "brightness"
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a new environment that has what this one has, and the example installed."""
    return environments.with_package(EXAMPLE, tmp_path_factory.mktemp("apart"))


def test_it_passes_the_conformance_kit_where_it_is_installed(python: Path) -> None:
    assert "2 passed" in environments.passed(python, EXAMPLE)


def test_settings_that_name_it_hold_where_it_is_installed_and_stop_the_start_elsewhere(
    python: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "safehold.toml"
    settings.write_text(SETTINGS.format(folder=tmp_path / "data"))
    check = ["-c", RUN, "--config", str(settings), "config", "check"]
    there, elsewhere = (
        subprocess.run([str(runs), *check], capture_output=True, text=True, check=False)
        for runs in (python, sys.executable)
    )
    assert there.returncode == 0, there.stderr
    assert elsewhere.returncode != 0
    assert "brightness is not installed" in elsewhere.stderr
