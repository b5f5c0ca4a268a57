"""`safehold classifiers`: what is declared, what it is worth, and the switch."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from safehold.detect.classifiers import standing
from safehold.storage.database import Database
from safehold.testing.commands import Run


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n'
        '[classifiers.first_look]\n[surfaces.uploads]\nclassifiers = ["first_look"]\n'
    )


def test_one_is_listed_with_where_it_is_asked_and_shown_with_its_card(run: Run) -> None:
    assert run("classifiers", "list").out == "first_look  shadow  on uploads\n"
    shown = run("classifiers", "show", "first_look").out
    assert shown.startswith("open_nsfw 1.0, BSD-2-Clause, unseen_image; weights 864b")
    assert "limits: It knows nothing of age" in shown
    assert "Nobody has decided yet about anything that a list knew and it had an opinion of." in shown
    assert shown.endswith("How much it misses is not known: nobody sees what it passes over.\n")


def test_it_is_switched_off_and_on_again_and_says_so_each_time(run: Run) -> None:
    stop = ("classifiers", "stop", "first_look", "--why")
    assert run(*stop, "it flags every sunset").out == "first_look is off.\n"
    assert run(*stop, "again").out == "first_look was off already, for what was said then.\n"
    assert run("classifiers", "list").out == "first_look  off  on uploads\n"
    assert "off: it flags every sunset" in run("classifiers", "show", "first_look").out
    assert run("classifiers", "resume", "first_look").out == "first_look is asked again.\n"
    assert run("classifiers", "resume", "first_look").out == "first_look was not off.\n"


def test_one_that_nobody_declared_is_not_found_and_no_reason_is_refused(run: Run) -> None:
    for command in (("show",), ("resume",), ("stop", "--why", "a trial")):
        assert run("classifiers", command[0], "other", *command[1:]).code == 72
    assert run("classifiers", "stop", "first_look", "--why", " ").code == 71


ELSEWHERE = """
[classifiers.second_look]
kind = "http"
card = "google_content_safety"
url = "https://classifier.example/v1beta1/images:classify"
key = "made-up-key"
[[classifiers.second_look.leaving]]
region = "north"
name = "the law of the north"
"""


def test_one_on_another_machine_is_shown_with_what_left_and_nothing_is_sent_for_it(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    with (tmp_path / "safehold.toml").open("a") as settings:
        settings.write(ELSEWHERE)
    shown = run("classifiers", "show", "second_look").out
    assert shown.startswith("google_content_safety v1beta1, The terms that Google gives with the key, unseen")
    assert "; asked at classifier.example\n" in shown
    assert "tried: never run against the real service" in shown
    assert "nothing has left the house for it\n" in shown
    database = Database(database_url)
    at = datetime(2026, 3, 1, 23, 50, tzinfo=UTC), datetime(2026, 3, 2, 0, 10, tzinfo=UTC)
    with database.begin() as tx:
        for pictures, now in zip((1, 8), at, strict=True):
            standing.count_leaving(tx, "second_look", "classifier.example", pictures=pictures, now=now)
    database.close()
    assert (
        "left the house, to classifier.example: 9 pictures in 2 calls,"
        " first 2026-03-01 23:50 UTC, last 2026-03-02 00:10 UTC\n"
    ) in run("classifiers", "show", "second_look").out
    assert "made-up-key" not in run("config", "show").out
