"""`safehold users queues`: who works in which queue, and which skills they have."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from safehold.testing.commands import Run


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Passwords are read from there; the tests' own has none.
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n[surfaces.uploads]\n'
    )


def test_somebody_works_in_the_queues_that_are_named_and_in_all_where_none_is(run: Run) -> None:
    run("users", "add", "ada", "--role", "analyst", "--queue", "intimate_images")
    run("users", "add", "ben", "--role", "analyst")
    assert run("users", "queues", "ada").out == "queues: intimate_images\nskills: none\n"
    assert (
        run("users", "queues", "ben").out == "queues: csam, intimate_images, own_terms, test\nskills: none\n"
    )


def test_what_is_given_replaces_what_was_there_of_its_kind_and_nothing_else(run: Run) -> None:
    run("users", "add", "ada", "--role", "analyst")
    run("users", "queues", "ada", "--queue", "csam", "--queue", "own_terms")
    skilled = run("users", "queues", "ada", "--skill", "Language:SV")
    assert skilled.out == "queues: csam, own_terms\nskills: language:sv\n"
    nobody = run("users", "queues", "ada", "--none", "--no-skills")
    assert nobody.out == "queues: none\nskills: none\n"
    assert "queues: none" in run("users", "list").out


def test_a_skill_that_cannot_be_one_changes_nothing(run: Run) -> None:
    run("users", "add", "ada", "--role", "analyst")
    refused = run("users", "queues", "ada", "--queue", "csam", "--skill", "två ord")
    assert refused.code != 0
    assert run("users", "queues", "ada").out.startswith("queues: csam, intimate_images")
