"""The example of a foreign signal type, installed into an environment of its own, from its kit to a match."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from safehold.testing import environments
from safehold.testing.alterations import resized, to_png
from safehold.testing.pictures import landscape

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_signal_type"
RUN = "from safehold.cli.main import run; run()"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a new environment that has what this one has, and the example installed."""
    return environments.with_package(EXAMPLE, tmp_path_factory.mktemp("apart"))


def safehold(python: Path, settings: Path, *arguments: object) -> list[dict[str, Any]]:
    """Run `safehold` of the environment; return what it wrote as JSON Lines."""
    command = [python, "-c", RUN, "--config", settings, *arguments, "--format", "json"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def digest_of(row: dict[str, Any]) -> str:
    return next(str(signal["value"]) for signal in row["signals"] if signal["type"] == "steps")


def test_it_passes_the_conformance_kit_where_it_is_installed_and_is_not_there_elsewhere(python: Path) -> None:
    assert "2 passed" in environments.passed(python, EXAMPLE)
    missing = subprocess.run([sys.executable, "-c", "import picture_steps"], capture_output=True, check=False)
    assert missing.returncode == 1


def test_its_fingerprints_are_made_behind_the_walls_and_find_a_copy(python: Path, tmp_path: Path) -> None:
    settings, listed = tmp_path / "safehold.toml", tmp_path / "listed.png"
    settings.write_text(f'data_folder = "{tmp_path / "data"}"\n[plugins]\nsignal_types = ["steps"]\n')
    listed.write_bytes(to_png(landscape(1)))
    (tmp_path / "copy.jpg").write_bytes(resized(landscape(1), 0.6))
    (tmp_path / "other.jpg").write_bytes(resized(landscape(2), 0.6))
    [hashed] = safehold(python, settings, "hash", listed)
    entries = tmp_path / "list.jsonl"
    entries.write_text(json.dumps({"signal_type": "steps", "value": digest_of(hashed)}) + "\n")

    found = safehold(
        python, settings, "scan", tmp_path / "copy.jpg", tmp_path / "other.jpg", "--list", entries
    )
    assert [[match["signal_type"] for match in row["matches"]] for row in found] == [["steps"], []]
    assert found[0]["matches"][0]["distance"] <= 24
    assert [row["error"] for row in found] == [None, None]
    assert [row["mode"] for row in found] == ["exact", "exact"]


def test_where_it_is_not_loaded_nothing_is_clear(python: Path, tmp_path: Path) -> None:
    settings, entries = tmp_path / "safehold.toml", tmp_path / "list.jsonl"
    settings.write_text(f'data_folder = "{tmp_path / "data"}"\n')
    entries.write_text(json.dumps({"signal_type": "steps", "value": "00" * 32}) + "\n")
    (tmp_path / "other.jpg").write_bytes(resized(landscape(2), 0.6))
    command = [python, "-c", RUN, "--config", settings, "scan", tmp_path / "other.jpg", "--list", entries]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode not in (0, 1)
