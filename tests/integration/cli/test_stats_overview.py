"""`safehold stats overview`: the figures of a period and a slice, counted when nobody has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safehold.testing.commands import Run


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n[targets]\ndecided_in_time = 0.95\n'
    )


def test_an_empty_installation_has_an_overview_without_a_worker(run: Run) -> None:
    ended = run("stats", "overview", "--period", "day")
    assert (ended.code, ended.err) == (0, "")
    assert "  Arrived: 0 items\n" in ended.out
    assert "  Links that are still up: Whether a link is still up is not recorded yet.\n" in ended.out


def test_programs_read_it_as_json_and_csv(run: Run) -> None:
    told = json.loads(run("stats", "overview", "--queue", "csam", "--format", "json").out)
    assert told["slice"] == {"practice": "no", "purpose": "csam"}
    assert told["targets"][0]["aimed_at"] == 0.95
    lines = run("stats", "overview", "--from", "2026-03-01", "--to", "2026-03-02", "--format", "csv").out
    assert "arrived,1,2026-03-01,2026-03-02,item,*,not_available,,,,,,\n" in lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--period", "decade"), "choose day, week, month, year or dates"),
        (("--of", "2026-02-30"), "a day, such as 2026-03-31"),
        (("--queue", "all"), "choose one of those that are there"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(run: Run, arguments: tuple[str, ...], said: str) -> None:
    ended = run("stats", "overview", *arguments)
    assert (ended.code, ended.out) == (71, "")
    assert said in ended.err
