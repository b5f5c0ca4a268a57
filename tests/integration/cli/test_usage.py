"""Wrong usage answers 64 and says what is right; nothing that goes wrong ends in a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safehold.testing.commands import Run

WRONG = [
    ((), "Commands:"),
    (("lists",), "Commands:"),
    (("frob",), "No such command 'frob'"),
    (("db", "vacuum"), "No such command 'vacuum'"),
    (("scan",), "Missing argument"),
    (("scan", "--frob", "x"), "No such option: --frob"),
    (("scan", "x", "--format", "xml"), "'xml' is not one of 'table', 'json', 'csv', 'parquet'"),
    (("scan", "x", "--format", "parquet"), "--format parquet needs --output FILE"),
    (("scan", "x", "--workers", "0"), "greater than or equal to 1"),
    (("hash", "x", "--format", "csv"), "'csv' is not one of"),
    (("lists", "add", "x"), "Missing option '--purpose'"),
    (("lists", "add", "x", "--purpose", "y"), "'y' is not one of"),
    (("users", "add", "x", "--role", "king"), "'king' is not one of"),
    (("keys", "add", "x", "--scope", "all"), "--scope takes appeal.file"),
    (("keys", "revoke", "x"), "valid UUID"),
    (("cases", "list", "--limit", "0"), "greater than or equal to 1"),
    (("serve", "--surfaces", "feeds"), "--surfaces takes api, console, media, portal, worker, or all"),
    (("serve", "--surfaces", "worker"), "one of them that answers requests"),
    (("serve", "--surfaces", "feed"), "does not exist yet"),
    (("config", "show", "--config", "x"), "It comes first: safehold --config FILE COMMAND"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda value: " ".join(value) or "nothing")
def test_wrong_usage_answers_64_and_says_what_is_wrong(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    ended = run(*arguments)

    assert ended.code == 64
    assert said in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "--help" in ended.err


def test_a_reader_that_nobody_could_find_is_not_started(run: Run, tmp_path: Path) -> None:
    ended = run("reader")

    assert ended.code == 78
    assert "reader.socket: a reader that runs by itself listens there, and it is not set." in ended.err
    assert "Name a socket" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_printed(run: Run) -> None:
    ended = run("--version")

    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"safehold \d+\.\d+\.\d+\n", ended.out)


def test_help_is_no_failure(run: Run) -> None:
    ended = run("scan", "--help")

    assert ended.code == 0
    assert "Exit code 0: all scanned" in ended.out


def test_an_option_of_one_command_does_not_reach_the_next(run: Run) -> None:
    assert run("--config", "nowhere.toml", "config", "show").code == 78
    assert run("config", "show").code == 0


def test_every_command_has_a_line_of_help(run: Run) -> None:
    listed = run("--help").out.partition("Commands:\n")[2].splitlines()

    assert len(listed) == 24
    assert [line for line in listed if len(line.split()) < 3] == []
