"""The history of lists: what was declared, how many entries came and went. Public, and never values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from safehold.model.hash_list import Purpose
from safehold.model.ids import ListId, new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes


class ListChangeKind(StrEnum):
    """What happened to a list."""

    DECLARED = "declared"
    IMPORTED = "imported"
    CHANGED = "changed"
    """Who stands behind it, or whether it asks for a second source."""
    WITHDRAWN = "withdrawn"
    """Entries of it."""
    LIST_WITHDRAWN = "list_withdrawn"
    """The list itself, with every entry."""


list_change = sa.Table(
    "list_change",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("list_id", sa.ForeignKey("hash_list.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("added", sa.Integer, nullable=False),
    sa.Column("removed", sa.Integer, nullable=False),
    one_of("kind", ListChangeKind),
    sa.CheckConstraint("added >= 0 and removed >= 0", name="counts"),
    sa.Index("ix_list_change_list_id", "list_id", "at"),
)

owned_by("lists", list_change)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicChange:
    """What happened to a list on one day (UTC), as the public is told: its settings beside it, and counts."""

    list_name: str
    purpose: Purpose
    source: str
    may_hold: bool
    vetted: bool
    needs_second_source: bool
    day: date
    kind: ListChangeKind
    added: int
    removed: int


@writes(list_change)
def append(
    tx: Tx, list_id: ListId, kind: ListChangeKind, *, at: datetime, added: int = 0, removed: int = 0
) -> None:
    """Append one change. None is ever altered or taken back: no role may."""
    values = {"id": new_id(), "list_id": list_id, "kind": kind.value, "at": at}
    tx.run(list_change.insert().values(**values, added=added, removed=removed))


def public_history(tx: Tx) -> list[PublicChange]:
    """Return every day's changes of every list, the newest first; lists only for rehearsal are left out.

    Asked through a function of the database that gives no more than this, so that the portal's role needs
    to read neither lists nor entries.
    """
    return [_public(row) for row in tx.run(sa.text("select * from list_history()")).mappings()]


def _public(row: sa.RowMapping) -> PublicChange:
    values: dict[str, Any] = dict(row)
    typed = {"purpose": Purpose(row["purpose"]), "kind": ListChangeKind(row["kind"])}
    return PublicChange(**values | typed)
