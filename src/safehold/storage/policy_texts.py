"""Policy texts that stood beside a form when an assessment was filed, one row per version, kept for ever."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, owned_by, writes

policy_text = sa.Table(
    "policy_text",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("first_used_at", Instant, nullable=False),
)

owned_by("review", policy_text)


@writes(policy_text)
def keep(tx: Tx, version: str, source: str, *, at: datetime) -> None:
    """Keep the text of a version; what is kept already stays as it is."""
    values = {"version": version, "source": source, "first_used_at": at}
    tx.run(postgresql.insert(policy_text).values(values).on_conflict_do_nothing())


def get(tx: Tx, version: str) -> str | None:
    """Return the text of a version, None where it was never used."""
    statement = sa.select(policy_text.c.source).where(policy_text.c.version == version)
    found: str | None = tx.run(statement).scalar_one_or_none()
    return found
