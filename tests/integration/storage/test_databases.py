"""Databases on the embedded server: made from a template, emptied between tests, dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from safehold.model.errors import Conflict, NameTaken, NotFound
from safehold.storage.databases import (
    InitialRows,
    create_database,
    database_exists,
    drop_database,
    ensure_template,
)
from safehold.storage.embedded import EmbeddedServer

SCHEMA = """
create table alembic_version (version_num text primary key);
insert into alembic_version values ('0001');
create table parent (id int primary key, label text);
create table "Odd name" (id int generated always as identity, parent int not null references parent,
    twice int generated always as (parent * 2) stored);
create table ledger (id int);
create function refuse() returns trigger language plpgsql as $$ begin raise 'append only'; end $$;
create trigger append_only before delete on ledger for each statement execute function refuse();
insert into parent values (1, E'first\\tlabel\\n');
insert into "Odd name" (parent) values (1);
"""


@pytest.fixture
def name(postgres_server: EmbeddedServer) -> Iterator[str]:
    """A name for a database of the test's own."""
    chosen = f"test_{uuid4().hex}"
    yield chosen
    drop_database(postgres_server, chosen)


@pytest.fixture
def filled(postgres_server: EmbeddedServer, name: str) -> str:
    """A database with a small schema: foreign key, append-only table, odd names, rows to begin with."""
    create_database(postgres_server, name)
    _execute(postgres_server, name, SCHEMA)
    return name


def _execute(server: EmbeddedServer, database: str, statement: str) -> None:
    with psycopg.connect(server.conninfo(database), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _rows(server: EmbeddedServer, database: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.conninfo(database)) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload]


def test_restoring_brings_back_exactly_the_rows_that_were_there_at_first(
    postgres_server: EmbeddedServer, filled: str
) -> None:
    initial = InitialRows(postgres_server, filled)
    _execute(
        postgres_server,
        filled,
        """insert into parent values (2, 'second'); insert into "Odd name" (parent) values (2);
        update parent set label = 'changed' where id = 1; insert into ledger values (1)""",
    )

    initial.restore()

    assert _rows(postgres_server, filled, "select * from parent") == [(1, "first\tlabel\n")]
    assert _rows(postgres_server, filled, 'select * from "Odd name"') == [(1, 1, 2)]
    assert _rows(postgres_server, filled, "select * from ledger") == []
    assert _rows(postgres_server, filled, "select * from alembic_version") == [("0001",)]


def test_restoring_keeps_the_append_only_trigger_for_everybody_else(
    postgres_server: EmbeddedServer, filled: str
) -> None:
    InitialRows(postgres_server, filled).restore()

    with pytest.raises(psycopg.errors.RaiseException):
        _execute(postgres_server, filled, "delete from ledger")


def test_a_transaction_that_a_test_left_open_is_named_as_the_reason(
    postgres_server: EmbeddedServer, filled: str
) -> None:
    initial = InitialRows(postgres_server, filled)
    with psycopg.connect(postgres_server.conninfo(filled)) as left_open:
        left_open.execute("update parent set label = 'mine'")

        with pytest.raises(Conflict, match="left open"):
            initial.restore()


def test_whoever_is_at_work_gives_way_where_each_waits_for_the_other(
    postgres_server: EmbeddedServer, filled: str
) -> None:
    initial = InitialRows(postgres_server, filled)
    _execute(postgres_server, filled, "insert into ledger values (1)")
    with psycopg.connect(postgres_server.conninfo(filled)) as at_work, ThreadPoolExecutor(1) as beside:
        at_work.execute("update ledger set id = 2")
        restored = beside.submit(initial.restore)
        while not at_work.execute("select from pg_locks where not granted").fetchall():
            time.sleep(0.01)

        with pytest.raises(psycopg.errors.DeadlockDetected):
            at_work.execute("update parent set label = 'mine'")

        at_work.rollback()
        restored.result(30)
    assert _rows(postgres_server, filled, "select * from ledger") == []


def test_a_second_database_of_the_same_name_is_refused(postgres_server: EmbeddedServer, filled: str) -> None:
    with pytest.raises(NameTaken):
        create_database(postgres_server, filled)


def test_a_template_that_does_not_exist_is_refused(postgres_server: EmbeddedServer, name: str) -> None:
    with pytest.raises(NotFound):
        create_database(postgres_server, name, "no_such_template")


def test_a_template_with_somebody_connected_is_refused(
    postgres_server: EmbeddedServer, filled: str, name: str
) -> None:
    with psycopg.connect(postgres_server.conninfo(filled)), pytest.raises(Conflict):
        create_database(postgres_server, f"{name}_copy", filled)


def test_dropping_cuts_off_clients_and_may_be_repeated(postgres_server: EmbeddedServer, filled: str) -> None:
    with psycopg.connect(postgres_server.conninfo(filled)) as connection:
        drop_database(postgres_server, filled)
        drop_database(postgres_server, filled)

        assert not database_exists(postgres_server, filled)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


def test_a_template_is_built_once_however_many_ask_at_the_same_time(
    postgres_server: EmbeddedServer, name: str
) -> None:
    built: list[str] = []
    together = threading.Barrier(4)

    def ask() -> None:
        together.wait()
        ensure_template(postgres_server, name, built.append)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(built) == 1
    assert database_exists(postgres_server, name)


def test_a_template_whose_building_failed_is_built_afresh(postgres_server: EmbeddedServer, name: str) -> None:
    def fail(url: str) -> None:
        _execute(postgres_server, f"{name}_unfinished", "create table half (id int)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ensure_template(postgres_server, name, fail)
    assert not database_exists(postgres_server, name)

    ensure_template(postgres_server, name, lambda url: None)

    assert _rows(postgres_server, name, "select 1 from pg_tables where tablename = 'half'") == []
