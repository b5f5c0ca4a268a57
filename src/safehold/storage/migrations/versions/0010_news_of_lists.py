"""Whoever follows the lists is told when one has changed, at the commit that changed it."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Nothing of the list is told: everybody who may connect may listen.
TELL = """
create function tell_of_lists() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('safehold_lists', '');
  return null;
end $$
"""


def upgrade() -> None:
    """Have the database tell."""
    op.execute(TELL)
    op.execute(
        "create trigger tell_of_lists after insert or update or delete or truncate on hash_list"
        " for each statement execute function tell_of_lists()"
    )


def downgrade() -> None:
    """Have it tell no more."""
    op.execute("drop trigger tell_of_lists on hash_list")
    op.execute("drop function tell_of_lists()")
