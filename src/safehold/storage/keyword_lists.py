"""Lists of words that somebody may search for, encrypted; beside each its count and provenance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, owned_by, writes

keyword_list = sa.Table(
    "keyword_list",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("words", sa.Integer, nullable=False),
    sa.Column("loaded_at", Instant, nullable=False),
    sa.Column("loaded_by", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("words > 0", name="has_words"),
)

owned_by("prevent", keyword_list)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordList:
    """A list in numbers."""

    name: str
    source: str
    words: int
    loaded_at: datetime
    loaded_by: str


@writes(keyword_list)
def put(tx: Tx, found: KeywordList, sealed: bytes) -> None:
    """Keep a list, in place of the one of its name."""
    values = asdict(found) | {"sealed": sealed}
    statement = postgresql.insert(keyword_list).values(values)
    rest = {name: value for name, value in values.items() if name != "name"}
    tx.run(statement.on_conflict_do_update(index_elements=["name"], set_=rest))


@writes(keyword_list)
def remove(tx: Tx, name: str) -> bool:
    """Remove a list, and say whether there was one."""
    return tx.run(keyword_list.delete().where(keyword_list.c.name == name)).rowcount > 0


def all_lists(tx: Tx) -> list[KeywordList]:
    """Return every list in numbers, by name."""
    columns = [column for column in keyword_list.c if column.name != "sealed"]
    statement = sa.select(*columns).order_by(keyword_list.c.name)
    return [KeywordList(**row) for row in tx.run(statement).mappings()]


def sealed(tx: Tx) -> dict[str, bytes]:
    """Return what is encrypted of every list, by name."""
    statement = sa.select(keyword_list.c.name, keyword_list.c.sealed)
    return {row.name: bytes(row.sealed) for row in tx.run(statement)}
