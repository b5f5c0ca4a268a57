"""`safehold bench`: figures with their goals for people, all of them as JSON, and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safehold.testing.bench import parts
from safehold.testing.commands import Run


@pytest.mark.slow
def test_the_command_prints_ratios_and_writes_json(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ended = run("bench", "hashing", "--each", "1", "--size", "0.3 MP", "--json", file)
    assert ended.code == 0
    assert "of all of them missed by a fast look" in ended.out
    written = json.loads(file.read_text())
    assert list(written["sections"]) == ["hashing: speed", "hashing: fidelity", "hashing: recall"]


def test_a_size_a_part_and_a_folder_that_are_none_are_refused_before_anything_is_measured(
    run: Run, tmp_path: Path
) -> None:
    assert run("bench", "--size", "7 MP").code == 64
    assert run("bench", "weather").code == 64
    assert run("bench", "--photos", tmp_path).code == 72


def test_a_place_that_takes_no_figures_is_told_before_anything_is_measured(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for option in ("--json", "--plots"):
        ended = run("bench", "search", option, tmp_path / "file" / "figures")
        assert (ended.code, ended.out) == (71, "")
        assert "--json and --plots" in ended.err


def test_one_run_measures_searching_and_what_an_index_takes_and_draws_it(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ended = run(
        "bench", "search", "index", "--entries", "2000", "--json", file, "--plots", tmp_path / "plots"
    )
    assert ended.code == 0
    sections = json.loads(file.read_text())["sections"]
    assert {name.partition(":")[0] for name in sections} == {"search", "index"}
    goals = [row["goal"] for rows in sections.values() for row in rows if row["name"].startswith("10")]
    assert {80, 200, 60, 0.1, 1500, 3000} <= set(goals)
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"latency.svg", "recall.svg"}
    assert "goals met" in ended.out


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_list_is_imported_and_its_new_entries_are_matched_everywhere(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ended = run("bench", "lists", "--entries", "2000", "--seconds", "1", "--json", file)
    assert ended.code == 0, ended.err
    sections = json.loads(file.read_text())["sections"]
    rows = {row["name"]: row for name in ("lists: import", "lists: propagation") for row in sections[name]}
    assert rows["2,000 entries, first: a second"]["goal"] == 50_000
    assert rows["entries that some process did not match in time"]["value"] == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_scans_over_http_are_measured_beside_an_empty_endpoint(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ended = run("bench", "http", "--entries", "2000", "--seconds", "0.3", "--json", file)
    assert ended.code == 0, ended.err
    rows = json.loads(file.read_text())["sections"]["http"]
    assert [row["goal"] for row in rows if row["goal"]] == [0.5, 15_000, 6, 50]


def test_every_part_can_be_asked_for_by_the_name_that_the_help_gives(run: Run) -> None:
    said = run("bench", "--help").out
    assert all(part in said for part in parts.PARTS)
