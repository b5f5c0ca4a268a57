"""Close calls: how often somebody came near the edge of a list, per hour, and nothing of what they sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import KeyId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

close_call = sa.Table(
    "close_call",
    metadata,
    # A key's own id, or half of a keyed digest of key and account: it tells one from another, no more.
    sa.Column("subject", Uuid, primary_key=True),
    sa.Column("hour", Instant, primary_key=True),
    sa.Column("key_id", Uuid),
    sa.Column("near_misses", sa.Integer, nullable=False),
    sa.Column("matches", sa.Integer, nullable=False),
    sa.CheckConstraint("near_misses >= 0 and matches >= 0", name="counts"),
    sa.Index("ix_close_call_hour", "hour"),
)

owned_by("app", close_call)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom calls are counted for. subject: the key itself, or one account of it under a keyed digest."""

    subject: UUID
    key_id: KeyId | None

    @property
    def is_key(self) -> bool:
        """Whether this stands for everything that the key sent."""
        return self.subject == self.key_id


@dataclass(frozen=True, slots=True)
class Calls:
    """How many answers were close. near_misses: clear by a few bits; matches: held or put to review."""

    near_misses: int = 0
    matches: int = 0

    def __add__(self, other: Calls) -> Calls:
        """Return both together."""
        return Calls(self.near_misses + other.near_misses, self.matches + other.matches)

    @property
    def total(self) -> int:
        """Both together."""
        return self.near_misses + self.matches


@writes(close_call)
def add(tx: Tx, counted: Mapping[tuple[Whose, datetime], Calls]) -> None:
    """Add counted calls to those of their hour that are there already.

    Two processes that add for the same subjects wait for each other, in one order.
    """
    rows = [
        {
            "subject": whose.subject,
            "hour": hour,
            "key_id": whose.key_id,
            "near_misses": calls.near_misses,
            "matches": calls.matches,
        }
        for (whose, hour), calls in counted.items()
    ]
    if not rows:
        return
    new = postgresql.insert(close_call)
    more = {name: close_call.c[name] + new.excluded[name] for name in ("near_misses", "matches")}
    statement = new.on_conflict_do_update(index_elements=[close_call.c.subject, close_call.c.hour], set_=more)
    tx.run(statement, sorted(rows, key=lambda row: (row["subject"], row["hour"])))


def since(tx: Tx, whose: Whose, hour: datetime) -> Calls:
    """Return somebody's calls in this hour and later."""
    return summed(tx, hour, subjects=[whose.subject]).get(whose, Calls())


def summed(tx: Tx, hour: datetime, *, subjects: Collection[UUID] | None = None) -> dict[Whose, Calls]:
    """Return everybody's calls (or those of these subjects) in this hour and later."""
    statement = (
        sa.select(
            close_call.c.subject,
            close_call.c.key_id,
            sa.func.sum(close_call.c.near_misses).label("near_misses"),
            sa.func.sum(close_call.c.matches).label("matches"),
        )
        .where(close_call.c.hour >= hour)
        .group_by(close_call.c.subject, close_call.c.key_id)
    )
    if subjects is not None:
        statement = statement.where(close_call.c.subject.in_(list(subjects)))
    return {
        Whose(row.subject, row.key_id): Calls(int(row.near_misses), int(row.matches))
        for row in tx.run(statement)
    }


@writes(close_call)
def delete_older(tx: Tx, *, before: datetime) -> int:
    """Forget the hours before an instant; return how many rows that were."""
    return tx.run(close_call.delete().where(close_call.c.hour < before)).rowcount
