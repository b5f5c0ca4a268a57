"""`safehold golden`: what is refused says why, and what is listed says no more than it must."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from safehold.testing.commands import Run
from safehold.testing.running import picture


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n'
        "[surfaces.uploads]\n[surfaces.drill]\nrehearsal = true\n"
    )
    (tmp_path / "toy.png").write_bytes(picture(9))


def test_a_picture_that_no_list_could_be_asked_about_is_left_out_and_said_so(run: Run) -> None:
    added, listed = run("golden", "add", "toy.png", "--surface", "uploads"), run("golden", "list")
    assert added.code == 70
    assert "toy.png: left out. It could not be compared with every list." in added.err
    assert (listed.code, listed.out) == (0, "")


def test_an_unknown_surface_and_a_rehearsal_are_refused(run: Run) -> None:
    assert run("golden", "add", "toy.png", "--surface", "elsewhere").code == 71
    assert run("golden", "add", "toy.png", "--surface", "drill").code == 77


def test_no_answer_can_be_given_that_is_not_harmless(run: Run) -> None:
    assert run("golden", "add", "toy.png", "--surface", "uploads", "--expect", "illegal").code == 64


def test_what_is_no_golden_item_cannot_be_retired(run: Run) -> None:
    assert run("golden", "retire", uuid4()).code == 72
