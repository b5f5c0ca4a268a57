"""Long work says how far it has come where nobody watches a terminal; short work says nothing."""

from __future__ import annotations

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
