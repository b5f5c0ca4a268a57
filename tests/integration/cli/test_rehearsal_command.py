"""`safehold demo --rehearsal` says what it needs before it sets anything up."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from safehold.testing.commands import run_apart

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("option", [("--fault", "refused"), ("--review",)], ids=lambda one: one[0])
def test_faults_and_the_review_belong_to_a_rehearsal(tmp_path: Path, option: tuple[str, ...]) -> None:
    ended = run_apart("demo", *option, cwd=tmp_path)
    assert ended.code == 64
    assert "--fault and --review go with --rehearsal." in ended.err


def test_what_can_go_wrong_is_named_where_something_else_is_asked_for(tmp_path: Path) -> None:
    ended = run_apart("demo", "--rehearsal", "--fault", "rain", cwd=tmp_path)
    assert ended.code == 64
    assert "'lost-reply', 'expired-report', 'destination-down', 'refused'" in ended.err


def test_an_address_that_is_taken_is_told_with_another_before_anything_is_set_up(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        listen = f"127.0.0.1:{server.server_port}"
        folder = tmp_path / "data"
        ended = run_apart("demo", "--rehearsal", "--listen", listen, "--folder", folder, cwd=ROOT)
    assert ended.code == 75
    assert ended.err.startswith(f"Something answers on {listen} already.")
    assert "--listen 127.0.0.1:" in ended.err
    assert not folder.exists()


def test_where_no_drill_was_begun_the_review_says_how_to_begin(tmp_path: Path) -> None:
    ended = run_apart("demo", "--rehearsal", "--review", "--folder", tmp_path / "none", cwd=tmp_path)
    assert ended.code == 72
    assert "safehold demo --rehearsal" in ended.err
    assert list(tmp_path.iterdir()) == []
