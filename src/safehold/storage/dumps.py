"""Copies of a whole database by PostgreSQL's own programs, and loading one in the place of what is there.

The tables whose rows open something sealed go into a copy of their own. A load is marked in the database
itself until it is finished, and nothing of Safehold starts on a database that is marked.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from safehold.model.errors import Conflict, DatabaseDown
from safehold.storage.binaries import Binaries, find_binaries

KEY_TABLES = ("wrapped_key", "report_contact", "authority_paper", "conversation_message")
"""What opens sealed bytes, contacts and papers of reports: copied apart, so that the copies end apart."""
LEFT_OUT = ("session", "closing")
"""Whoever is signed in signs in again after a load; what was about to be destroyed was, or is not."""

_PATIENCE = 5.0
"""Seconds that connections of processes which just ended are given to go."""
_UNFINISHED = "safehold: a load from a backup is not finished"
_SCHEMA = "public"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the database that several copies and counts are made of. name: for pg_dump."""

    name: str
    connection: psycopg.Connection[tuple[object, ...]]

    def count(self, table: str) -> int:
        """Return how many rows a table has in this state."""
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        row = self.connection.execute(query).fetchone()
        assert row is not None
        return int(str(row[0]))

    def head_of_chain(self) -> tuple[int, bytes]:
        """Return the number and the hash of the audit log's newest link; (0, 32 zero bytes) without any."""
        row = self.connection.execute("select seq, hash from audit_link order by seq desc limit 1").fetchone()
        return (int(str(row[0])), cast("bytes", row[1])) if row else (0, bytes(32))

    def revision(self) -> str:
        """Return the revision of the tables."""
        row = self.connection.execute("select version_num from alembic_version").fetchone()
        assert row is not None
        return str(row[0])


class Dumps:
    """Makes and loads copies of the database at one address, as the owner of its tables."""

    def __init__(self, owner: str) -> None:
        """Find PostgreSQL's programs of the server's version. Raises DatabaseDown with advice.

        owner: the owner's address, SQLAlchemy form.
        """
        self._conninfo = owner.replace("postgresql+psycopg://", "postgresql://", 1)
        with self._connected() as connection:
            self.server_version = connection.info.server_version
        self._binaries = _programs_of(self.server_version // 10_000)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hold one state of the database, for as long as the block lasts, whatever is written meanwhile."""
        with self._connected() as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            row = connection.execute("select pg_export_snapshot()").fetchone()
            assert row is not None
            yield Snapshot(str(row[0]), connection)

    def dump_records(self, snapshot: Snapshot, file: BinaryIO) -> None:
        """Write every table to an open file, without the rows of KEY_TABLES and LEFT_OUT."""
        without = (f"--exclude-table-data={_SCHEMA}.{table}" for table in (*KEY_TABLES, *LEFT_OUT))
        self._run("pg_dump", *_DUMP, f"--snapshot={snapshot.name}", *without, writes=file)

    def dump_keys(self, snapshot: Snapshot, file: BinaryIO) -> None:
        """Write the rows of KEY_TABLES to an open file."""
        only = (f"--table={_SCHEMA}.{table}" for table in KEY_TABLES)
        self._run("pg_dump", *_DUMP, "--data-only", f"--snapshot={snapshot.name}", *only, writes=file)

    def begin_load(self, records: BinaryIO, keys: BinaryIO | None, *, aside: str) -> bool:
        """Move what is there aside under the name `aside`, and load the copies; the database stays marked.

        What an earlier load left unfinished is dropped; then nothing is moved, and False returned. When this
        fails on the way, the mark stays too, and the next call begins afresh. Raises Conflict when anybody
        else stays connected for seconds, DatabaseDown.
        """
        with self._connected() as connection:
            _refuse_others(connection)
            with connection.transaction():
                moved = self._make_room(connection, aside)
        self._run("pg_restore", *_LOAD, reads=records)
        if keys is not None:
            self._run("pg_restore", *_LOAD, "--data-only", reads=keys)
        return moved

    def finish_load(self) -> None:
        """Take the mark away: from now on Safehold starts here."""
        with self._connected() as connection:
            connection.execute(f"comment on schema {_SCHEMA} is null")

    def drop(self, schema: str) -> None:
        """Delete what was moved aside."""
        with self._connected() as connection:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))

    def holds_records(self) -> bool:
        """Say whether anything was ever recorded here; an unfinished load does not count."""
        with self._connected() as connection:
            if _is_marked(connection):
                return False
            row = connection.execute("select to_regclass('public.audit_record') is not null").fetchone()
            if row is None or not row[0]:
                return False
            return connection.execute("select 1 from audit_record limit 1").fetchone() is not None

    def _make_room(self, connection: psycopg.Connection[tuple[object, ...]], aside: str) -> bool:
        schema = sql.Identifier(_SCHEMA)
        unfinished = _is_marked(connection)
        if unfinished:
            connection.execute(sql.SQL("drop schema {} cascade").format(schema))
        else:
            name = sql.Identifier(aside)
            connection.execute(sql.SQL("alter schema {} rename to {}").format(schema, name))
            # What lies aside is nobody's but the owner's.
            connection.execute(sql.SQL("revoke all on schema {} from public").format(name))
        connection.execute(sql.SQL("create schema {}").format(schema))
        connection.execute(sql.SQL("alter schema {} owner to pg_database_owner").format(schema))
        connection.execute(sql.SQL("grant usage on schema {} to public").format(schema))
        mark = sql.SQL("comment on schema {} is {}").format(schema, sql.Literal(_UNFINISHED))
        connection.execute(mark)
        return not unfinished

    def _run(
        self,
        program: str,
        *arguments: str,
        reads: BinaryIO | None = None,
        writes: BinaryIO | None = None,
    ) -> None:
        with _service_file(conninfo_to_dict(self._conninfo)) as service:
            self._binaries.run(program, *arguments, seconds=None, reads=reads, writes=writes, service=service)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        try:
            with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise DatabaseDown() from error


_DUMP = (
    "--dbname=service=safehold",
    "--no-password",
    "--format=custom",
    "--no-owner",
    "--no-privileges",
    f"--schema={_SCHEMA}",
)
_LOAD = (
    "--dbname=service=safehold",
    "--no-password",
    "--no-owner",
    "--no-privileges",
    f"--schema={_SCHEMA}",
    "--single-transaction",
    "--exit-on-error",
)


def is_unfinished(address: str) -> bool:
    """Say whether the database at an address is in the middle of a load, or was left there by one.

    address: of any role, SQLAlchemy form. Raises DatabaseDown.
    """
    conninfo = address.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
            return _is_marked(connection)
    except psycopg.OperationalError as error:
        raise DatabaseDown() from error


def _is_marked(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [_SCHEMA]
    ).fetchone()
    return row is not None and row[0] == _UNFINISHED


def _refuse_others(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    gives_up = time.monotonic() + _PATIENCE
    while _others(connection):
        if time.monotonic() >= gives_up:
            raise Conflict(
                "Somebody is connected to the database.",
                advice="Stop every process of Safehold (and every other client), then try again.",
            )
        time.sleep(0.1)


def _others(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    row = connection.execute(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and backend_type = 'client backend' and pid <> pg_backend_pid()"
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def _programs_of(major: int) -> Binaries:
    found = find_binaries(prefer=major)
    if found.major != major or not (found.folder / "pg_dump").is_file():
        raise DatabaseDown(
            f"The server is PostgreSQL {major}; its own pg_dump and pg_restore are not on this machine.",
            advice=f"Install PostgreSQL {major} here too (Debian: postgresql-{major}), or use a machine that"
            " has it.",
        )
    return found


@contextmanager
def _service_file(parameters: Mapping[str, object]) -> Iterator[Path]:
    lines = [f"{name}={value}\n" for name, value in parameters.items() if value is not None]
    handle, name = tempfile.mkstemp(prefix="safehold-", suffix=".conf")
    path = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write("[safehold]\n" + "".join(lines))
        yield path
    finally:
        path.unlink()
