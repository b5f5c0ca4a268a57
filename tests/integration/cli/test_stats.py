"""The command that writes the annual report."""

from __future__ import annotations

import json
from pathlib import Path

from safehold.testing.commands import Run


def test_the_example_needs_no_database_and_prints_every_figure_with_its_standing(
    run: Run, tmp_path: Path
) -> None:
    ended = run("stats", "annual", "--year", "2023", "--example", "iwf-2023", "--out", "out", "--no-pdf")

    assert (ended.code, ended.err) == (0, "")
    assert "Pages confirmed (page): 275,652 | press 275,650 | 2022 255,588 | change +7.9 %" in ended.out
    assert "“92 % of the 254,000 pages”: refused [wrong_whole]." in ended.out
    assert "unverified" in ended.out
    assert json.loads((tmp_path / "out" / "report.json").read_text())["year"] == 2023
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_example_is_of_its_own_year_alone(run: Run, tmp_path: Path) -> None:
    ended = run("stats", "annual", "--year", "2024", "--example", "iwf-2023", "--out", "out")

    assert ended.code == 72
    assert "[no_such_example]" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_in_it_is_refused_before_anything_is_counted(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("a letter")
    ended = run("stats", "annual", "--year", "2023", "--example", "iwf-2023", "--out", "mine")

    assert ended.code == 73
    assert "[folder_taken]" in ended.err
    assert (tmp_path / "mine").read_text() == "a letter"


def test_a_year_is_a_number_and_a_folder_is_needed(run: Run) -> None:
    assert run("stats", "annual", "--year", "next", "--out", "out").code == 64
    assert run("stats", "annual", "--year", "2023").code == 64
