"""What the embedded server writes into its log: that it runs, and never what it holds."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from safehold.storage.binaries import Binaries
from safehold.storage.embedded import EmbeddedServer

SECRET = "canary5309"


def open_server(folder: Path, binaries: Binaries | None = None) -> EmbeddedServer:
    """A server that trusts the machine not to crash, to be quick."""
    return EmbeddedServer(folder, binaries=binaries, durable=False)


def test_the_log_holds_no_values_of_failing_statements(folder: Path, binaries: Binaries) -> None:
    with (
        open_server(folder, binaries) as server,
        psycopg.connect(server.conninfo(), autocommit=True) as client,
    ):
        client.execute("create table one (word text unique)")
        client.execute("insert into one values (%s)", [SECRET])
        client.execute(f"do $$ begin raise warning '{SECRET}'; end $$")  # type: ignore[call-overload]
        for statement in (
            f"select '{SECRET}'::int",
            f"insert into one values ('{SECRET}')",
            f"select {SECRET}",
        ):
            with pytest.raises(psycopg.Error, match=SECRET):
                client.execute(statement)  # type: ignore[call-overload]
        with pytest.raises(psycopg.Error, match=SECRET):
            client.execute("select %s::text::int", [SECRET])

    assert SECRET not in (folder / "postgres.log").read_text()


def test_the_log_holds_no_statement_when_a_backend_crashes(folder: Path, binaries: Binaries) -> None:
    with open_server(folder, binaries) as server, closing(psycopg.connect(server.conninfo())) as client:
        pid = client.info.backend_pid
        client.pgconn.send_query(f"select pg_sleep(600), '{SECRET}'".encode())
        with closing(psycopg.connect(server.conninfo(), autocommit=True)) as watcher:
            asleep = "select 1 from pg_stat_activity where pid = %s and wait_event = 'PgSleep'"
            while watcher.execute(asleep, [pid]).fetchone() is None:
                time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        while "was terminated by signal 9" not in (folder / "postgres.log").read_text():
            time.sleep(0.01)
        server.start()

    assert SECRET not in (folder / "postgres.log").read_text()


def test_a_large_log_is_set_aside_at_the_next_start(folder: Path) -> None:
    with open_server(folder):
        pass
    (folder / "postgres.log").write_text("x" * ((1 << 20) + 1))

    with open_server(folder):
        pass

    assert (folder / "postgres.log").stat().st_size < 1 << 20
    assert (folder / "postgres.log.1").stat().st_size > 1 << 20
