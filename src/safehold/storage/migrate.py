"""Bring a database's schema up or down, and grant each role what it may do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command, migration
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.script import ScriptDirectory

from safehold.storage import granting
from safehold.storage.database import Database
from safehold.storage.schema import metadata

_LOCK = "safehold schema"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to a revision and repeat all grants. Doing so again changes nothing."""
    database = Database(url, pool_size=1)
    try:
        # Two that begin at once do it one after the other; the second finds nothing left to do.
        with database.begin() as tx:
            tx.lock(_LOCK)
            command.upgrade(_config(tx.connection), revision)
        with database.begin() as tx:
            tx.lock(_LOCK)
            granting.grant(tx)
    finally:
        database.close()


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to a revision; "base" removes every table of ours."""
    database = Database(url, pool_size=1)
    try:
        with database.begin() as tx:
            command.downgrade(_config(tx.connection), revision)
    finally:
        database.close()


def current(url: str) -> str | None:
    """Return the revision that the database is at, None when it was never set up."""
    database = Database(url, pool_size=1)
    try:
        with database.begin() as tx:
            return migration.MigrationContext.configure(tx.connection).get_current_revision()
    finally:
        database.close()


def newest() -> str:
    """Return the newest revision that this program knows."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert head is not None
    return head


def knows(revision: str) -> bool:
    """Say whether this program can bring tables of a revision up to what it needs."""
    script = ScriptDirectory.from_config(_config(None))
    return any(known.revision == revision for known in script.walk_revisions())


def drift(connection: sa.Connection) -> list[object]:
    """Return the differences between the database and the tables that the program declares."""
    context = migration.MigrationContext.configure(
        connection,
        opts={
            "include_name": lambda name, kind, _: (
                not (kind == "table" and str(name).startswith("procrastinate_"))
            )
        },
    )
    return list(compare_metadata(context, metadata))


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "safehold.storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
