"""The embedded server under real kills, started at the same time by many, as root and as anybody."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from safehold.model.errors import DatabaseDown
from safehold.storage.binaries import Binaries
from safehold.storage.embedded import EmbeddedServer

SOURCES = Path(sys.modules["safehold"].__path__[0]).parent
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

# A process that uses the server until its standard input ends.
USER = """
import sys
from pathlib import Path
from safehold.storage.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), durable=False):
    print("started", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def user() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts other processes that use the server in a folder."""
    started: list[subprocess.Popen[str]] = []

    def start(
        folder: Path, *prefix: str, python: str = sys.executable, **environment: str
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*prefix, python, "-c", USER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, **environment},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any of this."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def open_server(folder: Path, binaries: Binaries | None = None) -> EmbeddedServer:
    """A server that trusts the machine not to crash, to be quick."""
    return EmbeddedServer(folder, binaries=binaries, durable=False)


def wait_for_start(process: subprocess.Popen[str]) -> None:
    """Wait until the other process says that its server answers."""
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"


def end(process: subprocess.Popen[str]) -> None:
    """Let the other process stop using the server, and wait for its end."""
    process.communicate()
    assert process.returncode == 0


def kill(process: subprocess.Popen[str]) -> None:
    """End the other process as hard as can be."""
    process.kill()
    process.wait()


def kill_server(server: EmbeddedServer) -> None:
    """End the server as hard as can be; its children notice in their own time."""
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.pid() is not None:
        time.sleep(0.01)


def keep_a_row(server: EmbeddedServer) -> None:
    """Commit one row."""
    with psycopg.connect(server.conninfo()) as connection:
        connection.execute("create table kept (id int)")
        connection.execute("insert into kept values (7)")


def kept_rows(server: EmbeddedServer) -> list[tuple[int]]:
    """What has been kept."""
    with psycopg.connect(server.conninfo()) as connection:
        return connection.execute("select id from kept").fetchall()


def test_a_restart_keeps_what_was_committed(folder: Path, binaries: Binaries) -> None:
    with open_server(folder, binaries) as server:
        keep_a_row(server)
    assert EmbeddedServer(folder).pid() is None

    with open_server(folder, binaries) as server:
        assert kept_rows(server) == [(7,)]


def test_the_address_works_for_sqlalchemy_and_for_libpq_whatever_pgport_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    with open_server(folder) as server:
        engine = sa.create_engine(server.url())
        with engine.connect() as connection:
            assert connection.execute(sa.text("select current_user")).scalar_one() == "postgres"
        engine.dispose()
        with psycopg.connect(server.url().replace("+psycopg", "")) as plain:
            assert plain.info.dbname == "postgres"


def test_the_server_listens_on_a_private_socket_and_never_on_tcp(folder: Path, binaries: Binaries) -> None:
    with open_server(folder, binaries) as server:
        with psycopg.connect(server.conninfo()) as connection:
            listening = connection.execute("show listen_addresses").fetchone()
        socket_file = server.socket_folder / ".s.PGSQL.5432"

        assert listening == ("",)
        assert stat.S_IMODE(socket_file.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket_file.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "cluster").stat().st_mode) == 0o700


def test_a_cluster_has_checksums_and_is_durable_by_default(folder: Path) -> None:
    with EmbeddedServer(folder) as server, psycopg.connect(server.conninfo()) as connection:
        names = ("data_checksums", "fsync", "full_page_writes", "synchronous_commit", "server_encoding")
        values = [connection.execute(f"show {name}").fetchone() for name in names]  # type: ignore[call-overload]

    assert values == [("on",), ("on",), ("on",), ("on",), ("UTF8",)]


def test_an_import_has_room_in_the_log_before_a_checkpoint_interrupts_it(folder: Path) -> None:
    with EmbeddedServer(folder) as server, psycopg.connect(server.conninfo()) as connection:
        assert connection.execute("show max_wal_size").fetchone() == ("4GB",)


def test_concurrent_first_starts_share_one_server_and_the_last_user_out_stops_it(
    folder: Path, user: Callable[..., subprocess.Popen[str]]
) -> None:
    users = [user(folder) for _ in range(4)]
    for process in users:
        wait_for_start(process)
    shared = EmbeddedServer(folder).pid()
    assert shared is not None

    for process in users[:-1]:
        end(process)
    assert EmbeddedServer(folder).pid() == shared

    end(users[-1])
    assert EmbeddedServer(folder).pid() is None


def test_two_users_in_one_process_count_as_two(folder: Path) -> None:
    first, second = open_server(folder), open_server(folder)
    first.start()
    second.start()
    first.stop()
    assert EmbeddedServer(folder).pid() is not None

    second.stop()
    assert EmbeddedServer(folder).pid() is None


def test_a_client_killed_with_9_does_not_keep_the_server_alive(
    folder: Path, user: Callable[..., subprocess.Popen[str]]
) -> None:
    killed = user(folder)
    wait_for_start(killed)
    kill(killed)
    assert EmbeddedServer(folder).pid() is not None

    with open_server(folder):
        pass

    assert EmbeddedServer(folder).pid() is None


def test_a_server_whose_users_were_all_killed_is_stopped_without_being_used(
    folder: Path, user: Callable[..., subprocess.Popen[str]]
) -> None:
    killed = user(folder)
    wait_for_start(killed)
    kill(killed)

    open_server(folder).stop()

    assert EmbeddedServer(folder).pid() is None


def test_stopping_without_having_started_leaves_other_users_alone(folder: Path) -> None:
    with open_server(folder) as server:
        open_server(folder).stop()

        keep_a_row(server)


def test_stopping_where_there_never_was_a_server_does_nothing(folder: Path) -> None:
    open_server(folder).stop()

    assert not folder.exists()


def test_a_killed_server_comes_back_with_everything_committed(folder: Path, binaries: Binaries) -> None:
    with open_server(folder, binaries) as server:
        keep_a_row(server)
        with closing(psycopg.connect(server.conninfo())) as busy:
            busy.execute("select 1")
            kill_server(server)
            server.start()

        assert kept_rows(server) == [(7,)]


def test_a_killed_server_is_started_again_while_somebody_keeps_it_running(folder: Path) -> None:
    with open_server(folder) as server, server.kept_running():
        keep_a_row(server)
        for _ in range(2):
            kill_server(server)
            until = time.monotonic() + 60
            while server.pid() is None:
                assert time.monotonic() < until
                time.sleep(0.01)
            server.start()  # returns when it answers, whoever has started it
            assert kept_rows(server) == [(7,)]
    assert EmbeddedServer(folder).pid() is None


def test_keeping_a_server_running_never_makes_another_one_where_its_files_are_gone(folder: Path) -> None:
    with open_server(folder) as server, server.kept_running():
        kill_server(server)
        shutil.rmtree(folder / "cluster")
        time.sleep(1.5)
        assert not (folder / "cluster").exists()


def test_a_recorded_process_id_that_another_program_has_by_now_is_not_believed(
    folder: Path, bystander: subprocess.Popen[bytes]
) -> None:
    with open_server(folder) as server:
        keep_a_row(server)
        recorded = (folder / "cluster" / "postmaster.pid").read_text().split("\n")
        kill_server(server)
        stale = "\n".join([str(bystander.pid), *recorded[1:]])
        (folder / "cluster" / "postmaster.pid").write_text(stale)

        server.start()
        assert kept_rows(server) == [(7,)]

    assert bystander.poll() is None


def test_a_user_killed_while_the_server_starts_leaves_it_usable(
    folder: Path, user: Callable[..., subprocess.Popen[str]]
) -> None:
    with open_server(folder) as server:
        keep_a_row(server)
    starting = user(folder)
    while not (folder / "cluster" / "postmaster.pid").exists():
        time.sleep(0.001)
    kill(starting)

    with open_server(folder) as server:
        assert kept_rows(server) == [(7,)]
    assert EmbeddedServer(folder).pid() is None


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with open_server(folder):
        pass
    with (folder / "cluster" / "postgresql.auto.conf").open("a") as settings:
        settings.write("max_connections = 'many'\n")

    with pytest.raises(DatabaseDown, match="configuration file"):
        open_server(folder).start()
    assert EmbeddedServer(folder).pid() is None


def test_a_failed_start_does_not_count_as_a_user(folder: Path) -> None:
    failed = EmbeddedServer(folder, binaries=Binaries(folder / "no-such-programs", 18))
    with pytest.raises(DatabaseDown):
        failed.start()

    with open_server(folder):
        pass

    assert EmbeddedServer(folder).pid() is None


def _python_for_everybody() -> str | None:
    """An interpreter of our version that an ordinary user can run as well."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for candidate in (sys.executable, f"/usr/local/bin/{version}", f"/usr/bin/{version}"):
        tried = subprocess.run([*NOBODY, candidate, "-c", ""], capture_output=True, check=False, cwd="/")
        if tried.returncode == 0:
            return candidate
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_root_and_an_ordinary_user_each_run_a_server_in_a_folder_of_their_own(
    folder: Path, user: Callable[..., subprocess.Popen[str]]
) -> None:
    python = _python_for_everybody()
    if python is None:
        pytest.skip("no Python of this version that an ordinary user may run")
    packages = os.pathsep.join([str(SOURCES), *(path for path in sys.path if "site-packages" in path)])
    # In the temporary folder itself: an ordinary user cannot enter root's folders.
    with tempfile.TemporaryDirectory() as temporary:
        theirs = Path(temporary)
        shutil.chown(theirs, 65534, 65534)
        process = user(theirs, *NOBODY, python=python, PYTHONPATH=packages, HOME="/nonexistent")
        wait_for_start(process)
        pid = EmbeddedServer(theirs).pid()
        assert pid is not None
        assert Path(f"/proc/{pid}").stat().st_uid == 65534
        with open_server(folder) as ours:
            assert Path(f"/proc/{ours.pid()}").stat().st_uid == 0
            keep_a_row(ours)
        end(process)

        assert EmbeddedServer(theirs).pid() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_on_a_machine_without_user_namespaces_is_told_what_to_do(folder: Path) -> None:
    attempt = """
import sys
from pathlib import Path
from safehold.model.errors import DatabaseDown
from safehold.storage.embedded import EmbeddedServer
try:
    EmbeddedServer(Path(sys.argv[1])).start()
except DatabaseDown as error:
    print(error.what, error.advice_now)
"""
    as_root_of_nothing = ["unshare", "--user", "--map-root-user"]
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    said = subprocess.run(
        [*as_root_of_nothing, "sh", "-c", forbid, "sh", sys.executable, "-c", attempt, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "does not run as root" in said.stdout, said.stderr
    assert "as an ordinary user, or point database.url" in said.stdout
