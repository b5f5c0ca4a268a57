"""What a restore moved aside: schemas of the same database with earlier records, keys included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.schema import DropSchema

from safehold.storage.database import Tx

_STAMP = "replaced_%Y%m%dt%H%M%S_%f"
_NAME = re.compile(r"replaced_\d{8}t\d{6}_\d{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One schema that was moved aside, and when."""

    schema: str
    moved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a schema holds. keys: of sealed objects."""

    size_bytes: int
    keys: int


def schema_name(at: datetime) -> str:
    """Return the name of the schema to which records are moved at an instant, UTC."""
    return at.strftime(_STAMP)


def listed(tx: Tx) -> list[Aside]:
    """Return what lies aside, oldest first. Any role may ask. Schemas with other names are not ours."""
    names = tx.run(sa.text("select nspname from pg_namespace where nspname like 'replaced%'")).scalars()
    found = (Aside(schema=name, moved_at=moved) for name in names if (moved := _moved_at(name)))
    return sorted(found, key=lambda one: one.moved_at)


def contents(tx: Tx, one: Aside) -> Contents:
    """Return what lies in a schema. The owner of the database asks."""
    size = sa.text(
        "select coalesce(sum(pg_total_relation_size(c.oid)), 0)"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = :schema and c.relkind = 'r'"
    )
    table = f"{one.schema}.wrapped_key"
    has_keys = tx.run(sa.text("select to_regclass(:table) is not null"), {"table": table}).scalar_one()
    counted = sa.select(sa.func.count()).select_from(sa.table("wrapped_key", schema=one.schema))
    keys = tx.run(counted).scalar_one() if has_keys else 0
    return Contents(size_bytes=int(tx.run(size, {"schema": one.schema}).scalar_one()), keys=int(keys))


def drop(tx: Tx, one: Aside) -> None:
    """Delete a schema that was moved aside, with everything in it. The owner of the database does."""
    tx.run(DropSchema(one.schema, cascade=True))


def _moved_at(name: str) -> datetime | None:
    if not _NAME.fullmatch(name):
        return None
    try:
        return datetime.strptime(name, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
