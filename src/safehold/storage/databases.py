"""Whole databases on an embedded server: made, renamed, dropped, and emptied again between tests."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql

from safehold.model.errors import Conflict, DatabaseDown, NameTaken, NotFound
from safehold.storage.embedded import EmbeddedServer

KEPT_WHEN_EMPTIED = frozenset({"alembic_version"})
"""Tables that say what the schema is, and are no content of it."""

# A deadlock is resolved by whoever looks for one first, and ends that one's transaction: here nobody looks.
_ALONE = """
set local session_replication_role = replica;
set local lock_timeout = '5s';
set local deadlock_timeout = '1min';
"""
# With the replica role neither triggers nor foreign keys act: append-only tables can be emptied, and the
# order does not matter. Files of no length hold no rows, so most tables are not even opened.
_DELETE_ALL = """
do $$
declare
    filled regclass;
begin
    for filled in
        select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and c.relpersistence <> 't' and pg_relation_size(c.oid) > 0
            and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relname <> all ({kept})
    loop
        execute 'delete from ' || filled;
    end loop;
end
$$
"""
_FILLED = """
select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't' and pg_relation_size(c.oid) > 0
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relname <> all (%s)
"""


def create_database(server: EmbeddedServer, name: str, template: str | None = None) -> None:
    """Make the database `name`, as a copy of `template` when one is given (about 45 ms).

    Nobody may be connected to the template. Raises NameTaken when there is such a database, NotFound when
    there is no such template, Conflict when somebody is connected to it, DatabaseDown.
    """
    statement = sql.SQL("create database {}").format(sql.Identifier(name))
    if template is not None:
        # Copying its files takes less than half of what PostgreSQL does unless told, which is page by page.
        statement += sql.SQL(" template {} strategy file_copy").format(sql.Identifier(template))
    _run(server, statement)


def drop_database(server: EmbeddedServer, name: str) -> None:
    """Drop the database `name` and cut off whoever is connected to it; nothing happens when it is not there.

    Raises DatabaseDown.
    """
    _run(server, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def database_exists(server: EmbeddedServer, name: str) -> bool:
    """Say whether there is a database `name`. Raises DatabaseDown."""
    with _connected(server.conninfo()) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
    return found is not None


def ensure_template(server: EmbeddedServer, name: str, build: Callable[[str], None]) -> None:
    """Make the template database `name` once, however many processes ask for it at the same time.

    `build` gets the SQLAlchemy address of an empty database, fills it, and closes its connections. The
    database gets its name only when `build` has returned: after a failure or a kill the next one who asks
    begins afresh.
    """
    lock = os.open(server.folder / "template.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if database_exists(server, name):
            return
        unfinished = f"{name}_unfinished"
        drop_database(server, unfinished)
        create_database(server, unfinished)
        build(server.url(unfinished))
        rename = sql.SQL("alter database {} rename to {}")
        _run(server, rename.format(sql.Identifier(unfinished), sql.Identifier(name)))
    finally:
        os.close(lock)


class InitialRows:
    """The rows that a database was made with, and the way back to exactly those.

    For tests: it goes past triggers, foreign keys and append-only rules, and needs a superuser. Sequences
    go on counting, and tables that were added since stay, without rows.
    """

    def __init__(self, server: EmbeddedServer, database: str) -> None:
        """Remember what the tables of `database` hold now. Raises DatabaseDown."""
        self._conninfo = server.conninfo(database)
        self._rows: dict[str, bytes] = {}
        with _connected(self._conninfo) as connection:
            for (table,) in connection.execute(_FILLED, [list(KEPT_WHEN_EMPTIED)]).fetchall():
                self._rows[table] = _copy_out(connection, table)

    def restore(self) -> None:
        """Delete every row and put back those remembered, in one transaction (about 5 ms).

        Whoever is at work in the same tables meanwhile is waited for; in a deadlock it is they who give way.
        Raises Conflict when a transaction that somebody left open is in the way for five seconds,
        DatabaseDown.
        """
        delete = sql.SQL(_DELETE_ALL).format(kept=sql.Literal(list(KEPT_WHEN_EMPTIED)))
        with _connected(self._conninfo) as connection, connection.transaction():
            connection.execute(_ALONE)
            connection.execute(delete)
            for table, rows in self._rows.items():
                with connection.cursor().copy(_copy(table, "from stdin")) as copy:
                    copy.write(rows)


def _copy_out(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(_copy(table, "to stdout")) as copy:
        return b"".join(bytes(block) for block in copy)


def _copy(table: str, direction: LiteralString) -> sql.Composed:
    # The name comes from regclass, which has quoted it where necessary.
    return sql.SQL("copy {} {}").format(sql.SQL(table), sql.SQL(direction))


def _run(server: EmbeddedServer, statement: sql.Composed) -> None:
    with _connected(server.conninfo()) as connection:
        connection.execute(statement)


@contextmanager
def _connected(conninfo: str) -> Iterator[psycopg.Connection]:
    """Open a connection that commits each statement by itself; turn the driver's errors into ours."""
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            yield connection
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation) as error:
        # The second is what two who make it at the same moment are told.
        raise NameTaken("A database of this name exists already.") from error
    except psycopg.errors.InvalidCatalogName as error:
        raise NotFound("There is no database of this name.") from error
    except psycopg.errors.ObjectInUse as error:
        raise Conflict("Somebody is connected to the database that is to be copied.") from error
    except psycopg.errors.LockNotAvailable as error:
        raise Conflict(
            "A transaction that was left open holds on to rows.",
            advice="Close every connection before the test ends.",
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseDown() from error
