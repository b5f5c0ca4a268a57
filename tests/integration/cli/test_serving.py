"""`serve` and `worker`: they begin, say what is wrong with their settings, and stop when they are told to."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from safehold.testing.commands import Run, run_apart, started
from safehold.testing.platform import Platform
from safehold.testing.processes import free_port


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n'
        '[web]\nlisten = "127.0.0.1:0"\n[media]\nlisten = "127.0.0.1:0"\n'
    )


@pytest.fixture
def taken() -> Iterator[str]:
    """Yield an address that somebody else listens on."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        yield f"127.0.0.1:{server.server_port}"


@pytest.fixture
def free() -> str:
    """Return an address that nobody listens on."""
    return f"127.0.0.1:{free_port()}"


def test_serving_answers_until_it_is_told_to_stop(free: str) -> None:
    with started("serve", "--listen", free) as process:
        platform = Platform(f"http://{free}", "")
        while True:
            assert process.poll() is None, process.communicate()
            try:
                if platform.ask("GET", "/v1/health/ready").status == 200:
                    break
            except (OSError, HTTPException):
                time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()

    assert process.returncode == 0
    assert out.startswith("Decoding is confined: ")
    assert out.count("\n") == 1
    assert "Traceback" not in err


def test_an_address_that_is_taken_is_told_with_advice(taken: str) -> None:
    ended = run_apart("serve", "--listen", taken)

    assert ended.code == 75
    assert ended.out == "", "nothing was opened for it"
    assert f"Nothing can listen on {taken}." in ended.err
    assert "--listen" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1:99999", ":1"])
def test_an_address_that_is_none_is_told(run: Run, listen: str) -> None:
    ended = run("serve", "--listen", listen)

    assert ended.code == 78
    assert "is not host:port" in ended.err


def test_a_worker_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with started("worker") as process:
        # The vault is opened last; what comes after is only the worker itself.
        while not list(tmp_path.glob("data/keys/requests.key")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()

    assert (process.returncode, out) == (0, ""), err
    assert "Traceback" not in err


def test_what_serves_needs_records_that_are_set_up(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEHOLD_DATABASE__URL", "postgresql+psycopg://u:x@127.0.0.1:1/x")

    for arguments in (("serve",), ("worker",), ("evidence", "sweep")):
        ended = run(*arguments)
        assert (ended.code, ended.out) == (75, "")
        assert "The database does not answer." in ended.err
