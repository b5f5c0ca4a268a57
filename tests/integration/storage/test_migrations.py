"""The schema: what is declared is what migrations make, with rows in place; and who may touch it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from procrastinate.schema import SchemaManager

from safehold.model.hash_list import HashList, Purpose
from safehold.model.ids import ListId, new_id
from safehold.storage import audit, hash_lists, migrate, roles
from safehold.storage.binaries import find_binaries
from safehold.storage.database import Database
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.storage.tables import OWNERS, metadata

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
QUEUE_SCRIPT_APPLIED = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""The queue's newest schema script that the second migration contains; a newer one needs a migration."""


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    opened = Database(fresh_database_url, pool_size=2)
    yield opened
    opened.close()


@pytest.fixture
def shared(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=1)
    yield opened
    opened.close()


def refused(database: Database, role: str, statement: str) -> str:
    """Run a statement as a role and return the database's refusal."""
    try:
        with database.begin() as tx:
            tx.run(sa.text(f"set local role {role}"))
            tx.run(sa.text(statement))
    except sa.exc.ProgrammingError as error:
        return str(error.orig)
    return "allowed"


def put_rows(database: Database) -> None:
    with database.begin() as tx:
        known = HashList(id=ListId(new_id()), name="northland", purpose=Purpose.CSAM, created_at=NOON)
        hash_lists.insert(tx, known)
        audit.append(tx, at=NOON, actor="system:test", verb="list.add", object=f"list:{known.id}")


def tables(database: Database) -> set[str]:
    with database.begin() as tx:
        found = tx.run(sa.text("select tablename from pg_tables where schemaname = 'public'"))
        return {row[0] for row in found}


def test_migrations_make_exactly_the_tables_that_the_program_declares(database: Database) -> None:
    with database.begin() as tx:
        assert migrate.drift(tx.connection) == []
    assert migrate.current(database.url) == migrate.newest()


def test_upgrading_again_changes_nothing(database: Database) -> None:
    put_rows(database)

    migrate.upgrade(database.url)

    with database.begin() as tx:
        assert audit.counts(tx) == (1, 0)


def test_every_migration_goes_down_and_up_again_with_rows_in_place(database: Database) -> None:
    put_rows(database)

    migrate.downgrade(database.url, "0001")
    assert not {name for name in tables(database) if name.startswith("procrastinate_")}
    migrate.upgrade(database.url)
    with database.begin() as tx:
        assert audit.counts(tx) == (1, 0)

    migrate.downgrade(database.url, "base")
    assert tables(database) == {"alembic_version"}
    migrate.upgrade(database.url)
    assert set(metadata.tables) <= tables(database)


def test_the_queue_has_no_schema_script_that_no_migration_has_applied() -> None:
    scripts = sorted(path.name for path in Path(str(SchemaManager.get_migrations_path())).glob("*.sql"))

    assert scripts[-1] == QUEUE_SCRIPT_APPLIED


def test_every_table_has_a_room_that_writes_it_and_every_grant_names_a_table() -> None:
    assert set(OWNERS) == set(metadata.tables)
    granted = {table for grants in roles.GRANTS.values() for table in grants}
    assert granted <= set(metadata.tables)


@pytest.mark.parametrize("role", roles.ROLES)
@pytest.mark.parametrize("table", sorted(roles.APPEND_ONLY))
def test_no_role_can_change_or_remove_what_is_append_only(shared: Database, role: str, table: str) -> None:
    column = metadata.tables[table].columns.keys()[0]

    for statement in (f"update {table} set {column} = {column}", f"delete from {table}", f"truncate {table}"):
        assert "permission denied" in refused(shared, role, statement)


@pytest.mark.parametrize("table", ["wrapped_key", "app_user", "session", "assessment", "subject", "reveal"])
def test_the_api_cannot_read_keys_people_or_judgements(shared: Database, table: str) -> None:
    assert "permission denied" in refused(shared, roles.API, f"select * from {table}")


@pytest.mark.parametrize("role", roles.ROLES)
def test_no_role_can_change_the_schema(shared: Database, role: str) -> None:
    assert "must be owner" in refused(shared, role, "alter table event add column note text")


@pytest.mark.slow
def test_the_schema_works_on_debians_postgresql_15_too(tmp_path: Path) -> None:
    folder = Path("/usr/lib/postgresql/15/bin")
    if not folder.is_dir():
        pytest.skip("Debian's postgresql-15 is not installed; make test-all installs it")
    with EmbeddedServer(tmp_path / "postgres", binaries=find_binaries(folder)) as server:
        create_database(server, "fifteen")
        url = server.url("fifteen")
        migrate.upgrade(url)
        database = Database(url, pool_size=1)
        put_rows(database)
        with database.begin() as tx:
            assert migrate.drift(tx.connection) == []
        database.close()
        migrate.downgrade(url, "base")
        migrate.upgrade(url)
