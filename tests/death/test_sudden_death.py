"""kill -9 of anybody at any moment: what was answered is true, what was begun is finished."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from death_engine.campaign import VICTIMS, campaign
from death_engine.lives import eventually

DEATHS = int(os.environ.get("SAFEHOLD_DEATHS", "500"))
"""How many die in the long run; some ten minutes on two processor cores."""
A_ROUND = 60
MOST_SECONDS_FOR_ONE = 6


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
        assert haunted.toll.deaths.keys() == VICTIMS.keys()
        assert min(haunted.toll.deaths.values()) == 1


@pytest.mark.slow
@pytest.mark.timeout(DEATHS * MOST_SECONDS_FOR_ONE + 600)
def test_every_answer_is_true_after_hundreds_of_deaths_at_random_points(tmp_path: Path, seed: str) -> None:
    with campaign(tmp_path, seed) as haunted, haunted.lives():
        while haunted.toll.total < DEATHS:
            wanted = min(haunted.toll.total + A_ROUND, DEATHS)
            with haunted.busy():
                while haunted.toll.total < wanted:
                    haunted.run(haunted.chosen(6))
                    haunted.flurry(60)
            haunted.settle()
            haunted.finish_commands()
            haunted.check(haunted.inspector.in_the_open(records_too=True))
            haunted.sweep_everything()
        assert haunted.toll.total >= DEATHS
        answered = (
            f"{len(haunted.answers.scans)} scans and {len(haunted.answers.assessed)} assessments answered"
        )
        sys.stdout.write(
            f"\nSAFEHOLD_DEATH_SEED={seed}: {haunted.toll.total} deaths, {answered}: {haunted.toll}\n"
        )
