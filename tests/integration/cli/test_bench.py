"""`safehold bench`: figures with their goals for people, and all of them as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from safehold.testing.commands import Run


def test_the_command_prints_ratios_and_writes_json(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ended = run("bench", "--each", "1", "--size", "0.3 MP", "--json", file)
    assert ended.code == 0
    assert "of all of them missed by a fast look" in ended.out
    written = json.loads(file.read_text())
    assert list(written["sections"]) == ["hashing: speed", "hashing: fidelity", "hashing: recall"]
    assert run("bench", "--size", "7 MP").code == 64
    assert run("bench", "--photos", tmp_path).code == 72
