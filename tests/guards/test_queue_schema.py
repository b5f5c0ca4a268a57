"""The job queue's tables are those of its pinned version; a newer one needs a migration of ours."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from procrastinate.schema import SchemaManager


def test_the_newest_migration_of_the_queue_is_one_that_ours_apply() -> None:
    # Revision 0002 applies the whole schema of 3.10. When this fails, copy the newer files into a revision
    # of our own, so that databases that exist already get them too, and name the newest one here.
    newest = max(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert newest == "03.04.00_50_post_add_retry_failed_job_procedure.sql"
    assert version("procrastinate").startswith("3.10.")
