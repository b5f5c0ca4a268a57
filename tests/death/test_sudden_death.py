"""kill -9 of anybody at any moment: what was answered is true, what was begun is finished."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from death_engine.campaign import campaign
from death_engine.lives import eventually

LONG_SECONDS = float(os.environ.get("SAFEHOLD_DEATH_SECONDS", "600"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", ["first"])
def test_every_answer_is_true_after_deaths_at_points_that_a_fixed_seed_chooses(
    tmp_path: Path, seed: str
) -> None:
    with campaign(tmp_path, seed) as haunted, haunted.lives():
        with haunted.busy():
            haunted.run(haunted.one_of_each())
            eventually(lambda: haunted.answers.assessed, or_say=haunted.server.said)
            eventually(lambda: haunted.answers.seen, or_say=haunted.server.said)
        haunted.settle()
        haunted.check(haunted.inspector.in_the_open(records_too=True))
        haunted.sweep_everything()


@pytest.mark.slow
@pytest.mark.timeout(LONG_SECONDS + 600)
def test_every_answer_is_true_after_thousands_of_deaths_at_random_points(tmp_path: Path, seed: str) -> None:
    until = time.monotonic() + LONG_SECONDS
    with campaign(tmp_path, seed) as haunted, haunted.lives():
        while time.monotonic() < until:
            with haunted.busy():
                for _ in range(10):
                    haunted.run(haunted.chosen(6), until=until)
                    haunted.flurry(60, until=until)
            haunted.settle()
            haunted.finish_commands()
            haunted.check(haunted.inspector.in_the_open(records_too=True))
            haunted.sweep_everything()
        answered = (
            f"{len(haunted.answers.scans)} scans and {len(haunted.answers.assessed)} assessments answered"
        )
        sys.stdout.write(
            f"\nSAFEHOLD_DEATH_SEED={seed}: {haunted.toll.total} deaths, {answered}: {haunted.toll}\n"
        )
