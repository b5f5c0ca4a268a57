"""`serve` and `worker`: they begin, say what is wrong with their settings, and stop when they are told to."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from safehold.model.errors import Unavailable
from safehold.testing.commands import Run, run_apart, started
from safehold.testing.platform import Platform
from safehold.testing.processes import free_port
from safehold.web import server
from safehold.web.patience import USUAL


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
    walls, pages, pictures, worker = out.splitlines()
    assert walls.startswith("Decoding is confined: ")
    assert pages == f"Serving api, console, portal at http://{free}."
    assert pictures.startswith("Serving media at http://127.0.0.1:")
    assert worker == "The worker runs in this process, too. Ctrl-C or SIGTERM stops it."
    assert "Traceback" not in err


def test_all_in_one_process_in_production_is_said_with_what_to_do(
    free: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFEHOLD_PRODUCTION", "true")
    with started("serve", "--surfaces", "console,portal", "--listen", free) as process:
        assert process.stdout is not None
        said, where = process.stdout.readline(), process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate()

    assert said.startswith("Production is on, and the portal and the console share a process")
    assert "`safehold serve --surfaces portal`" in said
    assert where == f"Serving console, portal at http://{free}.\n", "it serves all the same"
    assert process.returncode == 0


def test_a_whole_group_that_is_told_to_stop_ends_without_a_word_of_failure(free: str) -> None:
    with started("serve", "--listen", free) as process:
        assert process.stdout is not None
        while "The worker runs" not in (line := process.stdout.readline()):
            assert line, process.communicate()
        os.killpg(process.pid, signal.SIGTERM)
        _, err = process.communicate()

    assert process.returncode == 0
    assert "reader_" not in err
    assert "[error" not in err


def test_an_address_that_somebody_listens_on_since_we_took_it_is_told() -> None:
    with server._Socket("127.0.0.1:0") as taken, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(taken.socket.getsockname())
        other.listen()
        with pytest.raises(Unavailable, match="Nothing can listen on"):
            server._Server(server._nothing, taken, lambda: None, USUAL).__enter__()


def test_an_address_that_is_taken_is_told_with_advice(taken: str) -> None:
    ended = run_apart("serve", "--listen", taken)

    assert ended.code == 75
    assert ended.out == "", "nothing was opened for it"
    assert f"Nothing can listen on {taken}." in ended.err
    assert "--listen" in ended.err
    assert "uvicorn" not in ended.err
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

    said = "The worker runs. It takes the steps and the sweeps until Ctrl-C or SIGTERM stops it.\n"
    assert (process.returncode, out) == (0, said), err
    assert "Traceback" not in err


def test_what_serves_needs_records_that_are_set_up(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEHOLD_DATABASE__URL", "postgresql+psycopg://u:x@127.0.0.1:1/x")

    for arguments in (("serve",), ("worker",), ("evidence", "sweep")):
        ended = run(*arguments)
        assert (ended.code, ended.out) == (75, "")
        assert "The database does not answer at 127.0.0.1:1, database x," in ended.err


def test_a_reader_says_where_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEHOLD_READER__SOCKET", str(tmp_path / "reader.sock"))
    with started("reader") as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate()

    assert said == f"The reader listens on {tmp_path / 'reader.sock'} until Ctrl-C or SIGTERM stops it.\n"
    assert process.returncode == 0
