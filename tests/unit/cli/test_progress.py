"""Long work says how far it has come where nobody watches a terminal; short work says nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from safehold.cli import progress


def test_short_work_yields_everything_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.tracked("abc", total=3, noun="files")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_long_work_says_plain_lines_on_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)

    assert list(progress.tracked("ab", total=2, noun="files")) == ["a", "b"]
    assert capsys.readouterr() == ("", "1 of 2 files\n2 of 2 files\n")


def test_a_meter_says_plain_lines_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)

    with progress.Meter("bytes") as meter:
        meter.update(10, 30)
    assert capsys.readouterr() == ("", "10 of 30 bytes\n")


def test_a_meter_draws_a_bar_on_a_terminal_and_leaves_nothing_behind() -> None:
    watcher, terminal = os.openpty()
    program = "from safehold.cli.progress import Meter\nwith Meter('bytes') as meter: meter.update(10, 40)"
    child = subprocess.Popen(
        [sys.executable, "-c", program], stderr=terminal, env={**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    )
    os.close(terminal)
    drawn = b""
    while piece := read_or_end(watcher):
        drawn += piece
    os.close(watcher)
    assert child.wait() == 0
    assert b"25%" in drawn
    assert drawn.rstrip().endswith(b"\x1b[2K"), "the line is wiped at the end"


def read_or_end(watcher: int) -> bytes:
    """A terminal that everybody has closed answers with an error."""
    try:
        return os.read(watcher, 4096)
    except OSError:
        return b""
