"""Runs a PostgreSQL of our own in the data folder: one server, shared by every process that needs it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping
from sqlalchemy import URL

from safehold.model.errors import DatabaseDown, SafeholdError
from safehold.storage.binaries import Binaries, find_binaries
from safehold.storage.cluster import check_major, make_cluster, recorded_major, write_settings

_PORT = 5432
_PATIENCE = 120.0  # seconds to start (crash recovery included) or to stop
_LONGEST_SOCKET = 100  # the kernel allows 107 bytes
_LARGEST_LOG = 1 << 20
_LOOK_EVERY = 0.5  # seconds between two looks at whether the server lives
_LONGEST_PAUSE = 30.0
# Not the temporary folder of the environment: processes with different TMPDIRs have to meet.
_SHORT_FOLDER = Path("/tmp")  # noqa: S108  each server makes a private folder below it
# What a killed server's last children cause, for a moment, until they too have gone.
_PASSING = ("already exists", "still in use")


class _State(Enum):
    STOPPED = "stopped"
    CHANGING = "starting, recovering or stopping"
    READY = "ready"


class EmbeddedServer:
    """One user of the PostgreSQL server that lives in a data folder.

    The first user to start() makes the cluster and starts the server, the last one to stop() stops it.
    Every user holds a shared lock that the kernel drops when its process dies, however it dies: after
    kill -9 the next user out still stops the server. A child that is forked without exec inherits the
    lock and counts as a user until it ends. The server listens on a private socket only, never on TCP,
    and whoever can read the data folder owns the database.
    """

    def __init__(self, folder: Path, *, binaries: Binaries | None = None, durable: bool = True) -> None:
        """Prepare to use the server in `folder`; nothing is touched before start().

        `binaries` chooses the programs, otherwise they are looked for. `durable=False` is for tests: a
        crash of the machine may lose the cluster, that of a process may not.
        """
        self.folder = folder.resolve()
        self.socket_folder = _socket_folder(self.folder)
        self._cluster = self.folder / "cluster"
        self._log = self.folder / "postgres.log"
        self._binaries = binaries
        self._durable = durable
        self._users: int | None = None

    def start(self) -> None:
        """Return when the server answers; start it, and make it on first use, where necessary.

        May be called again, also after the server was killed. Raises DatabaseDown when it cannot be started
        or takes longer than two minutes (a long recovery goes on; start again), WrongDataFolder when the
        folder was made by another major version.
        """
        _make_private(self.folder, or_accept_readable=True)
        with self._one_at_a_time(), ExitStack() as undo:
            if self._users is None:
                undo.callback(self._leave)
                self._join()
            binaries = self._binaries or find_binaries(prefer=recorded_major(self.folder))
            check_major(self.folder, binaries)
            if recorded_major(self.folder) is None:
                make_cluster(self.folder, binaries, durable=self._durable)
            _make_private(self.socket_folder)
            self._run(binaries)
            undo.pop_all()

    @contextmanager
    def kept_running(self) -> Iterator[None]:
        """Start the server again whenever it dies, for as long as the block lasts; between start and stop.

        A long-lived process would else answer "database down" until somebody restarts it. The look costs a
        line of a file. What fails is logged and tried again, with growing pauses; nothing is ever made anew.
        """
        ending = threading.Event()
        guard = threading.Thread(target=self._guard, args=(ending,), name="embedded database", daemon=True)
        guard.start()
        try:
            yield
        finally:
            ending.set()
            guard.join()

    def stop(self) -> None:
        """Stop using the server; it is stopped, and its clients cut off, when nobody else uses it.

        Without a start() before, this stops a server whose users have all been killed. Raises DatabaseDown
        when the server has not stopped after two minutes.
        """
        if not self.folder.is_dir():
            return
        with self._one_at_a_time():
            if self._users is None:
                self._join()
            try:
                if self._is_last_user():
                    self._halt()
                    with suppress(OSError):
                        self.socket_folder.rmdir()  # a short one lies outside our folder
            finally:
                self._leave()

    def url(self, database: str = "postgres", *, user: str = "postgres") -> str:
        """Return the SQLAlchemy address of `database`, as `user`; without `+psycopg` it is libpq's.

        The port only names the socket's file; it is there so that PGPORT cannot lead elsewhere.
        """
        where = {"host": str(self.socket_folder), "port": str(_PORT)}
        address = URL.create("postgresql+psycopg", username=user, database=database, query=where)
        return address.render_as_string(hide_password=False)

    def conninfo(self, database: str = "postgres", *, user: str = "postgres") -> str:
        """Return the same address as `url`, as libpq's connection string."""
        return make_conninfo(host=str(self.socket_folder), port=_PORT, user=user, dbname=database)

    def pid(self) -> int | None:
        """Return the server's process id, None when it does not run.

        A recorded id that another program has by now does not count, nor a server in another container.
        """
        try:
            pid = int((self._cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        ours = command[0].endswith(b"postgres") and os.fsencode(self._cluster) in command
        return pid if ours else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _guard(self, ending: threading.Event) -> None:
        pause = _LOOK_EVERY
        while not ending.wait(pause):
            pause = _LOOK_EVERY if self._revive() else min(2 * pause, _LONGEST_PAUSE)

    def _revive(self) -> bool:
        """Start the server if it has died; False when that failed."""
        if self.pid() is not None or not (self._cluster / "PG_VERSION").exists():
            return True
        log = structlog.get_logger()
        try:
            self.start()
        except (SafeholdError, OSError) as error:
            code = error.code if isinstance(error, SafeholdError) else type(error).__name__
            log.error("database_not_revived", error_code=code)
            return False
        log.warning("database_revived")
        return True

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        lock = _open_lock(self.folder / "start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _join(self) -> None:
        self._users = _open_lock(self.folder / "users.lock")
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def _leave(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def _is_last_user(self) -> bool:
        if self._users is None:
            return False
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _run(self, binaries: Binaries) -> None:
        deadline = time.monotonic() + _PATIENCE
        while (state := self._state()) is not _State.READY:
            left = deadline - time.monotonic()
            if left <= 0:
                raise DatabaseDown(
                    f"The embedded database has been {state.value} for {_PATIENCE:.0f} seconds.",
                    advice=f"Start again: a recovery goes on meanwhile. {self._log} says how far it is.",
                )
            if state is _State.STOPPED:
                self._launch(binaries, left)
            else:
                time.sleep(0.05)

    def _state(self) -> _State:
        answer = PGconn.ping((self.conninfo() + " connect_timeout=5").encode())
        # A server that answers without its pid file has lost its data folder, and ends within a minute.
        if answer == Ping.OK and (self._cluster / "postmaster.pid").exists():
            return _State.READY
        # The socket is asked as well as the process table: the server may run in another container.
        if answer in (Ping.OK, Ping.REJECT) or self.pid() is not None:
            return _State.CHANGING
        return _State.STOPPED

    def _launch(self, binaries: Binaries, seconds: float) -> None:
        # Nothing answers and no process is ours, so the file is stale; PostgreSQL itself believes it as
        # long as any process has that id. Should we be wrong, its shared memory still refuses a second one.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        write_settings(self._cluster, self.socket_folder, major=binaries.major, durable=self._durable)
        logged = self._turn_over_log()
        try:
            binaries.run(
                "pg_ctl",
                "start",
                "--wait",
                f"--timeout={max(1, int(seconds))}",
                f"--pgdata={self._cluster}",
                f"--log={self._log}",
                seconds=seconds + 10,
            )
        except DatabaseDown as error:
            self._explain(error, logged)
            time.sleep(0.1)

    def _explain(self, error: DatabaseDown, logged: int) -> None:
        """Return when another attempt may succeed; otherwise raise with what the server's log says."""
        if self.pid() is not None:
            return
        try:
            said = self._log.read_bytes()[logged:].decode(errors="replace")
        except OSError:
            raise error from None
        fatal = [line.split("FATAL:", 1)[1].strip() for line in said.splitlines() if "FATAL:" in line]
        if not fatal:
            raise error
        if not any(passing in fatal[-1] for passing in _PASSING):
            raise DatabaseDown(f"The embedded database does not start: {fatal[-1]}") from error

    def _turn_over_log(self) -> int:
        """Keep the log small; return its size, where the next start's lines begin."""
        size = self._log.stat().st_size if self._log.exists() else 0
        if size <= _LARGEST_LOG:
            return size
        self._log.replace(self._log.with_name("postgres.log.1"))
        return 0

    def _halt(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        if (pid := self.pid()) is not None:
            os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast": cut off the clients, write all, end
        while self.pid() is not None:
            if time.monotonic() > deadline:
                raise DatabaseDown(
                    f"The embedded database has not stopped after {_PATIENCE:.0f} seconds.",
                    advice=f"See {self._log}; it ends by itself as soon as everything is written.",
                )
            time.sleep(0.01)


def _socket_folder(folder: Path) -> Path:
    """Return where the socket lies: in the folder, or in a short private one when the path does not fit.

    libpq reads a comma as the end of one host's name, so such a path does not fit either.
    """
    run = folder / "run"
    fits = len(os.fsencode(run / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET and "," not in str(run)
    tag = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return run if fits else _SHORT_FOLDER / f"safehold-{os.geteuid()}-{tag}"


def _make_private(folder: Path, *, or_accept_readable: bool = False) -> None:
    """Make `folder` for ourselves alone. Raises DatabaseDown when it is there but not only ours."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise DatabaseDown(f"{folder} cannot be made: {error.strerror}.") from error
    foreign = not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid()
    forbidden = 0o002 if or_accept_readable else 0o077
    if foreign or found.st_mode & forbidden:
        raise DatabaseDown(
            f"{folder} belongs to another user, or others may write to it.",
            advice="Run Safehold as the user who owns the folder, close it to others (`chmod 0700`), or "
            "choose another one.",
        )


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseDown(f"{path} cannot be opened: {error.strerror}.") from error
