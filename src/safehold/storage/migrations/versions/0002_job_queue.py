"""The job queue's own tables, as its pinned version ships them."""

from __future__ import annotations

from typing import Any

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DROP = """
do $$
declare thing record;
begin
  for thing in select tablename as name from pg_tables
      where schemaname = 'public' and tablename like 'procrastinate_%' loop
    execute format('drop table %I cascade', thing.name);
  end loop;
  for thing in select p.oid::regprocedure as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'public' and p.proname like 'procrastinate_%' loop
    execute format('drop function %s cascade', thing.name);
  end loop;
  for thing in select t.typname as name from pg_type t join pg_namespace n on n.oid = t.typnamespace
      where n.nspname = 'public' and t.typname like 'procrastinate_%' and t.typtype in ('e', 'c') loop
    execute format('drop type %I cascade', thing.name);
  end loop;
end $$;
"""


def _driver() -> Any:
    return op.get_bind().connection.driver_connection


def upgrade() -> None:
    """Apply the queue's schema. It goes to the driver as it is: it is full of percent signs."""
    _driver().execute(SchemaManager.get_schema())


def downgrade() -> None:
    """Remove the queue's tables, functions and types."""
    _driver().execute(DROP)
