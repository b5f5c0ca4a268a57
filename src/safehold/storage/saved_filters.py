"""Filters that people saved by name: each their own, and what leads share with everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import SavedFilterId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, owned_by, writes

LONGEST_NAME = 60
"""Characters."""

saved_filter = sa.Table(
    "saved_filter",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("owner_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # By field what is chosen: words of ours, checked tags, names of lists and surfaces by their ids.
    sa.Column("fields", Json, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("saved_at", Instant, nullable=False),
    sa.CheckConstraint(f"length(btrim(name)) between 1 and {LONGEST_NAME}", name="some_name"),
    sa.UniqueConstraint("owner_id", "name", name="uq_saved_filter_name"),
    sa.Index("ix_saved_filter_shared", "shared", postgresql_where=sa.text("shared")),
)

owned_by("review", saved_filter)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter:
    """A filter that somebody saved. fields: as they stand in an address. shared: for everybody to use."""

    id: SavedFilterId
    owner: UserId
    name: str = field(repr=False)
    fields: Mapping[str, Sequence[str]]
    shared: bool
    saved_at: datetime


@writes(saved_filter)
def put(tx: Tx, saved: SavedFilter) -> None:
    """Save a filter; one of this person's that has the same name is replaced."""
    values = {"fields": dict(saved.fields), "shared": saved.shared, "saved_at": saved.saved_at}
    statement = postgresql.insert(saved_filter).values(
        id=saved.id, owner_id=saved.owner, name=saved.name, **values
    )
    tx.run(statement.on_conflict_do_update(constraint="uq_saved_filter_name", set_=values))


@writes(saved_filter)
def delete(tx: Tx, filter_id: SavedFilterId, owner: UserId) -> bool:
    """Delete a filter of this person; say whether there was one."""
    mine = sa.and_(saved_filter.c.id == filter_id, saved_filter.c.owner_id == owner)
    return bool(tx.run(saved_filter.delete().where(mine)).rowcount)


def of_person(tx: Tx, person: UserId) -> list[SavedFilter]:
    """Return this person's filters and those that others share, by name; their own first."""
    mine = saved_filter.c.owner_id == person
    statement = (
        sa.select(saved_filter)
        .where(sa.or_(mine, saved_filter.c.shared))
        .order_by(mine.desc(), sa.func.lower(saved_filter.c.name), saved_filter.c.id)
    )
    return [
        SavedFilter(
            id=SavedFilterId(row.id),
            owner=UserId(row.owner_id),
            name=row.name,
            fields=_readable(row.fields),
            shared=row.shared,
            saved_at=row.saved_at,
        )
        for row in tx.run(statement)
    ]


def _readable(fields: object) -> dict[str, list[str]]:
    """Return what can be read of a stored filter: whoever has one that cannot still sees every page."""
    if not isinstance(fields, dict):
        return {}
    return {
        name: [str(value) for value in values] for name, values in fields.items() if isinstance(values, list)
    }
