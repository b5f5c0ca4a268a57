"""What every table is made with: one metadata, naming, column shorthands, and the mark of a writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""Every table of ours. Constraint names are predictable, so that migrations can name them."""

Uuid = postgresql.UUID(as_uuid=True)
Instant = sa.TIMESTAMP(timezone=True)
Json = postgresql.JSONB
TextArray = postgresql.ARRAY(sa.Text)

OWNERS: dict[str, str] = {}
"""The one room that may call the writing functions of each table, filled by `owned_by`."""

F = TypeVar("F", bound=Callable[..., object])


def owned_by(room: str, *tables: sa.Table) -> None:
    """Declare which room writes these tables. "any" is for appending to the audit log alone."""
    for table in tables:
        OWNERS[table.name] = room


def writes(*tables: sa.Table) -> Callable[[F], F]:
    """Mark a function as one that writes these tables; a guard test checks who calls it."""

    def mark(function: F) -> F:
        function.__writes__ = tuple(table.name for table in tables)  # type: ignore[attr-defined]
        return function

    return mark


def one_of(column: str, values: type[StrEnum], *, name: str | None = None) -> sa.CheckConstraint:
    """Return the check that a text column holds one of an enum's values (or NULL)."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return sa.CheckConstraint(f"{column} in ({listed})", name=name or f"{column}_known")


def is_among(column: sa.ColumnElement[Any], ids: Iterable[UUID]) -> sa.ColumnElement[bool]:
    """Return the condition that a column is one of these ids, which go out as one value however many.

    As one text: an array of ids takes the driver five times as long to write.
    """
    listed = sa.literal(f"{{{','.join(each.hex for each in ids)}}}", sa.Text)
    return column == sa.any_(sa.cast(listed, postgresql.ARRAY(Uuid)))


def array_of(values: type[StrEnum]) -> str:
    """Return the SQL array of all an enum's values, for a check about a column of texts."""
    return "array[" + ", ".join(f"'{value.value}'" for value in values) + "]"
