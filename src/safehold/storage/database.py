"""Connections and transactions. Everything that reads or writes is handed a Tx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from safehold.model.errors import DatabaseBusy, DatabaseDown
from safehold.storage.instants import read_every_instant

_BUSY = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
)


class Tx:
    """One open transaction: it commits when its `with` block ends and rolls back when that fails."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def run(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[Any]:
        """Execute one statement, or one per dictionary when `values` is a list of them."""
        return self.connection.execute(statement, values)

    @property
    def driver(self) -> psycopg.Connection[Any]:
        """The psycopg connection underneath, for COPY and for the job queue's own statements."""
        return cast("psycopg.Connection[Any]", self.connection.connection.driver_connection)

    def lock(self, name: str) -> None:
        """Wait for a lock of this name and hold it until the transaction ends."""
        self.run(sa.text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})

    def plan_for_values(self) -> None:
        """Let each statement from here to the end be planned for its own values, and not once for any.

        For those that look through little or much depending on what is asked: a plan for any value takes all
        for alike after some repeats, and is then many times slower.
        """
        self.run(sa.text("set local plan_cache_mode = force_custom_plan"))

    @contextmanager
    def part(self) -> Iterator[None]:
        """Undo what was done inside where it fails, and only that: the transaction can go on."""
        with self.connection.begin_nested():
            yield

    def try_lock(self, name: str) -> bool:
        """Take a lock of this name until the transaction ends, or say False when another holds it."""
        statement = sa.text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
        return bool(self.run(statement, {"name": name}).scalar_one())


class Database:
    """A pool of connections to one PostgreSQL database.

    url: SQLAlchemy form, `postgresql+psycopg://…`. Loss of the server surfaces as DatabaseDown and the
    pool recovers by itself. Statements are never echoed: their values do not belong in a log.
    """

    def __init__(self, url: str, *, pool_size: int = 5, application: str = "safehold") -> None:
        self.url = url
        self._connect_args = {
            "application_name": application,
            "connect_timeout": 5,
            # Every role may set a path for all its later connections: whoever was in one left it behind.
            "options": f"{sa.make_url(url).query.get('options', '')} -csearch_path=public".lstrip(),
        }
        self._engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            hide_parameters=True,
            json_serializer=lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
            connect_args=self._connect_args,
        )
        sa.event.listen(self._engine, "connect", read_every_instant)

    @property
    def driver_url(self) -> str:
        """The same address in psycopg's own form."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    def connect_apart(self) -> psycopg.Connection[Any]:
        """Return a connection outside the pool that commits each statement by itself; the caller closes it.

        One whose server does not answer any more is noticed within some seconds. Raises
        psycopg.OperationalError.
        """
        noticing = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
        args: dict[str, Any] = {**self._connect_args, **noticing, "tcp_user_timeout": 5000}
        return psycopg.connect(self.driver_url, autocommit=True, **args)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Open a transaction. Raises DatabaseDown when the server is away, DatabaseBusy after a deadlock."""
        try:
            with self._engine.begin() as connection:
                yield Tx(connection)
        except (OperationalError, InterfaceError, sa.exc.TimeoutError) as error:
            cause = _without_values(error)
            raise (DatabaseBusy() if isinstance(cause, _BUSY) else DatabaseDown()) from cause

    @contextmanager
    def session(self) -> Iterator[sa.Connection]:
        """Open a connection that commits each statement by itself, for maintenance."""
        try:
            with self._engine.connect() as connection:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")
        except (OperationalError, InterfaceError) as error:
            raise DatabaseDown() from _without_values(error)

    def ping(self) -> None:
        """Ask the server for a sign of life. Raises DatabaseDown."""
        with self.begin() as tx:
            tx.run(sa.text("select 1"))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def place_of(url: str) -> str:
    """Return where an address leads, such as "db.internal:5432, database safehold"; no user, no password."""
    parsed = sa.make_url(url)
    # Of a password in which an @ is not written as %40 the driver takes the rest for the host.
    host = (parsed.host or "").rpartition("@")[2] or parsed.query.get("host") or "this machine"
    port = f":{parsed.port}" if parsed.port else ""
    return f"{host}{port}, database {parsed.database or 'of the same name as its user'}"


def _without_values(error: BaseException) -> BaseException:
    """Return the driver's own error where there is one: SQLAlchemy's wrapper may quote the statement."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error
