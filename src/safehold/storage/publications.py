"""What an operator published for everybody: technology, and figures of periods, withheld before they come.

The portal asks a function for these rows. Published periods never overlap: one could be taken from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, owned_by, writes

publication = sa.Table(
    "publication",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("published_at", Instant, nullable=False),
    # Both empty: technology alone was published.
    sa.Column("first_day", sa.Date),
    sa.Column("last_day", sa.Date),
    sa.Column("technology", Json, nullable=False),
    sa.Column("figures", Json, nullable=False),
    sa.CheckConstraint("(first_day is null) = (last_day is null)", name="period_whole"),
    sa.CheckConstraint("first_day <= last_day", name="period_forward"),
    postgresql.ExcludeConstraint(
        (sa.text("daterange(first_day, last_day, '[]')"), "&&"),
        where=sa.text("first_day is not null"),
        name="ex_publication_days",
        using="gist",
    ),
)

owned_by("app", publication)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One act of publishing. first_day, last_day: None where technology alone was published."""

    id: UUID
    published_at: datetime
    first_day: date | None
    last_day: date | None
    technology: dict[str, Any]
    figures: list[dict[str, Any]]


def overlapping(tx: Tx, first: date, last: date) -> bool:
    """Say whether figures of any of these days are published."""
    statement = sa.select(publication.c.id).where(
        publication.c.first_day <= last, publication.c.last_day >= first
    )
    return tx.run(statement.limit(1)).first() is not None


@writes(publication)
def add(
    tx: Tx,
    *,
    at: datetime,
    days: tuple[date, date] | None,
    technology: dict[str, Any],
    figures: list[dict[str, Any]],
) -> UUID:
    """Publish, and return the id. days: the first and last day, None for technology alone."""
    first, last = days or (None, None)
    made = new_id()
    values = {"first_day": first, "last_day": last, "technology": technology, "figures": figures}
    tx.run(publication.insert().values(id=made, published_at=at, **values))
    return made


@writes(publication)
def remove(tx: Tx, first: date, last: date) -> UUID | None:
    """Take back the figures of exactly this period; return their id, None where there are none."""
    statement = publication.delete().where(publication.c.first_day == first, publication.c.last_day == last)
    found: UUID | None = tx.run(statement.returning(publication.c.id)).scalar_one_or_none()
    return found


@writes(publication)
def remove_all(tx: Tx) -> int:
    """Take everything back; return how many acts of publishing that were."""
    return len(tx.run(publication.delete().returning(publication.c.id)).all())


def newest_first(tx: Tx) -> list[Publication]:
    """Return everything that is published, the newest first.

    Asked through a function of the database, so that the portal's role needs to read no table at all.
    """
    return [Publication(**row) for row in tx.run(sa.text("select * from published()")).mappings()]
