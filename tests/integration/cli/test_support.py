"""`safehold support`: from a draft to an approved text, and what is refused on the way."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from safehold.testing.commands import Run

APPROVED = ("--role", "child-safety professional", "--checked-on", "2026-11-01")


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(f'data_folder = "data"\n[database]\nurl = "{database_url}"\n')


def test_drafts_are_loaded_once_read_approved_and_withdrawn(run: Run) -> None:
    assert run("support", "load").out == "42 of 42 texts are new, as drafts.\n"
    assert run("support", "load").out == "0 of 42 texts are new, as drafts.\n"
    [line] = [each for each in run("support", "list").out.splitlines() if "en  help_line  childline" in each]
    assert "draft  checked on 2026-11-21  reviewed by nobody  fact sheet" in line
    text_id = line.split()[0]
    assert run("support", "show", text_id).out.splitlines()[-1] == "0800 1111"
    assert run("support", "approve", text_id, *APPROVED).code == 0
    assert "approved  checked on 2026-11-01  child-safety professional" in run("support", "list").out
    assert run("support", "withdraw", text_id).code == 0
    assert text_id not in run("support", "list").out
    assert run("support", "approve", text_id, *APPROVED).code == 73


def test_a_text_that_was_checked_too_long_ago_is_listed_as_expired(run: Run) -> None:
    run("support", "load")
    text_id = run("support", "list").out.split()[0]
    run("support", "approve", text_id, "--role", "a reviewer", "--checked-on", "2020-01-01")
    assert "expired  checked on 2020-01-01" in run("support", "list").out


def test_a_file_of_ones_own_is_loaded_and_a_wrong_one_refused(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'language = "fr"\nsource = "ours"\nchecked_on = 2026-11-01\n'
        '[[help_line]]\nname = "own"\njurisdiction = "FR"\ntitle = "Ici"\nsays = ["Quelqu’un écoute."]\n'
    )
    assert run("support", "load", own).out == "1 of 1 texts are new, as drafts.\n"
    own.write_bytes(b"\xff")
    assert run("support", "load", own).code == 71
    own.write_text('language = "fr"')
    assert run("support", "load", own).code == 71


def test_what_is_not_there_cannot_be_shown_approved_or_withdrawn(run: Run) -> None:
    assert run("support", "show", uuid4()).code == 72
    assert run("support", "approve", uuid4(), *APPROVED).code == 72
    assert run("support", "withdraw", uuid4()).code == 72


def test_counts_are_of_nobody(run: Run) -> None:
    assert run("support", "counts").out == ""


def test_a_list_of_words_is_loaded_counted_and_removed_and_never_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("quillwort\nsedge\nSEDGE\n")
    loaded = run("keywords", "load", "plants", "words.txt", "--source", "ours, of today")
    assert loaded.out == "2 words are on the list. They cannot be read back.\n"
    shown = run("keywords", "show").out
    assert "plants  2 words  ours, of today" in shown
    assert "quillwort" not in shown + loaded.out
    assert run("keywords", "load", "Plants", "words.txt", "--source", "ours").code == 71
    assert run("keywords", "load", "plants", "words.txt", "--source", " ").code == 71
    assert run("keywords", "remove", "plants").code == 0
    assert run("keywords", "remove", "plants").code == 72
