"""A disk that is full: a match is never called clear, no answered hold is lost, and it goes on afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STORY = Path(__file__).with_name("death_engine") / "full_disk.py"
APART = ["unshare", "--mount", "--propagation", "private"]


def may_mount() -> bool:
    """Whether this user may have a small disk of its own."""
    tried = subprocess.run([*APART, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.parametrize("which", ["vault", "postgres"])
def test_no_match_is_called_clear_and_no_answered_hold_is_lost_when_a_disk_is_full(
    tmp_path: Path, which: str
) -> None:
    if not may_mount():
        pytest.skip("this user may not mount a small disk")
    command = [*APART, sys.executable, str(STORY), str(tmp_path), which]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-6000:]
