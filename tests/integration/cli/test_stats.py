"""The command that writes the annual report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

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


def test_a_report_of_ones_own_records_says_when_it_was_counted_and_that_nothing_was_edited(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n'
        '[transparency]\ntime_zone = "Europe/London"\npublisher = "Northland Hotline"\n'
    )
    ended = run("stats", "annual", "--year", "2024", "--out", "out", "--no-pdf")

    assert (ended.code, ended.err) == (0, "")
    about = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (about["publisher"], about["provisional"]) == ("Northland Hotline", False)
    assert "the year is that of Europe/London" in about["made_from"][0]
    assert any("The audit log is as it was written" in said for said in about["made_from"])
    assert run("stats", "annual", "--year", "2024", "--out", "out", "--no-pdf", "--no-audit").code == 0
    assert "The audit log was not checked." in (tmp_path / "out" / "index.html").read_text()
    assert run("stats", "annual", "--year", "2999", "--out", "later", "--no-pdf").code == 71


def test_a_pack_for_a_regulator_is_written_and_says_that_nothing_was_edited(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    (tmp_path / "safehold.toml").write_text(f'data_folder = "data"\n[database]\nurl = "{database_url}"\n')
    days = ("--from", "2026-01-01", "--to", "2026-06-30")
    ended = run("stats", "compliance", "--pack", "ofcom", *days, "--out", "pack")

    assert (ended.code, ended.err) == (0, "")
    assert "The audit log is as it was written" in ended.out
    assert "Nothing was sent." in ended.out
    assert json.loads((tmp_path / "pack" / "pack.json").read_text())["to"] == "2026-06-30"
    assert run("stats", "compliance", "--pack", "ofcom", *days).code == 64
    assert run("stats", "compliance").code == 64
    assert (
        run("stats", "compliance", "--pack", "ofcom", "--from", "soon", "--to", "x", "--out", "p").code == 64
    )
    ahead = run(
        "stats", "compliance", "--pack", "dsa", "--from", "2026-01-01", "--to", "2998-01-01", "--out", "p"
    )
    assert (ahead.code, "[period_not_over]" in ahead.err) == (71, True)


def test_a_time_zone_that_nobody_knows_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "safehold.toml").write_text('[transparency]\ntime_zone = "Mars/Olympus"\n')
    ended = run("stats", "annual", "--year", "2024", "--out", "out")

    assert ended.code == 78
    assert "Mars/Olympus" in ended.err


def test_without_weasyprint_the_report_is_written_and_a_pdf_that_was_insisted_on_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    wanted = ("stats", "annual", "--year", "2023", "--example", "iwf-2023", "--out", "out")
    refused = run(*wanted, "--pdf")

    assert refused.code == 75
    assert "[pdf_missing]" in refused.err
    assert (tmp_path / "out" / "index.html").is_file()
    assert "[pdf_missing]" in run(*wanted).out
    assert not (tmp_path / "out" / "report.pdf").exists()
