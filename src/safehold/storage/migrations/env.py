"""Runs migrations on the connection that `storage.migrate` hands over, one process at a time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

from safehold.storage.schema import metadata


def ours(name: str | None, type_: str, _parents: Any) -> bool:
    """Leave the job queue's own tables out of comparisons."""
    return not (type_ == "table" and name is not None and name.startswith("procrastinate_"))


connection: sa.Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, include_name=ours, compare_type=True)
with context.begin_transaction():
    connection.execute(sa.text("select pg_advisory_xact_lock(7323372036854775)"))
    context.run_migrations()
