"""A merge of the index that is killed or runs out of room: nothing is lost, and the next one succeeds."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from safehold.signals.index.folder import read_contents
from safehold.signals.index.segmented import SegmentedIndex

STORY = Path(__file__).with_name("death_engine") / "index_merges.py"
APART = ["unshare", "--mount", "--propagation", "private"]
ROUNDS = 25


def may_mount() -> bool:
    """Whether this user may have a small disk of its own."""
    tried = subprocess.run([*APART, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


def killed_while_merging(folder: Path, after: float) -> None:
    """Let a process merge over and over, and kill it so many seconds after its first merge began."""
    command = [sys.executable, str(STORY), "merge", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "merging\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def test_a_merge_that_is_killed_anywhere_leaves_an_index_that_is_whole(tmp_path: Path) -> None:
    generations = set()
    half_written = 0
    for round_ in range(ROUNDS):
        killed_while_merging(tmp_path, after=0.01 * round_)
        contents = read_contents(tmp_path)
        generations.add(contents.generation)
        half_written += len(list(tmp_path.glob("*.partial")))
        index = SegmentedIndex(tmp_path)
        # Each merge covers one number more and holds as many batches of a hundred, each its own value.
        covered = index.covers.get("batches", 0)
        assert len(index) == 100 * covered
        for batch in range(covered):
            assert len(index.search(batch.to_bytes(32), 0)) == 100
    assert len(generations) > 1, "no merge was ever finished"
    assert half_written, "no merge was ever killed in the middle"
    index = SegmentedIndex(tmp_path)
    merge = index.begin_merge(index.covers, everything=True)
    assert merge is not None
    assert index.finish_merge(merge)
    left = [path for path in tmp_path.iterdir() if path.suffix in (".segment", ".partial")]
    assert len(left) == 1


def test_a_merge_on_a_full_disk_loses_nothing_and_succeeds_when_there_is_room(tmp_path: Path) -> None:
    if not may_mount():
        pytest.skip("this user may not mount a small disk")
    command = [*APART, sys.executable, str(STORY), "fill", str(tmp_path)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-6000:]
