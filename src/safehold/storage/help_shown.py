"""That words that help were shown: how often to whom this week, and counts of what was chosen. No content."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

help_shown = sa.Table(
    "help_shown",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    # A keyed digest of key and account. Which words were shown is not here: it would say what was near.
    sa.Column("account_mark", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("octet_length(account_mark) = 32", name="mark_whole"),
    sa.Index("ix_help_shown_account_mark", "account_mark", "at"),
    sa.Index("ix_help_shown_at", "at"),
)

help_off = sa.Table(
    "help_off",
    metadata,
    sa.Column("account_mark", sa.LargeBinary, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("octet_length(account_mark) = 32", name="mark_whole"),
)

help_count = sa.Table(
    "help_count",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("language", sa.Text, primary_key=True),
    sa.Column("choice", sa.Text, primary_key=True),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.CheckConstraint("times > 0", name="counts"),
)

owned_by("prevent", help_shown, help_off, help_count)


def shown_since(tx: Tx, mark: bytes, since: datetime) -> int:
    """Return how often words were shown to an account since an instant, inclusive."""
    statement = sa.select(sa.func.count()).where(help_shown.c.account_mark == mark, help_shown.c.at >= since)
    return int(tx.run(statement).scalar_one())


@writes(help_shown)
def note_shown(tx: Tx, mark: bytes, *, now: datetime) -> None:
    """Note that something was shown to an account."""
    tx.run(help_shown.insert().values(id=new_id(), account_mark=mark, at=now))


@writes(help_shown)
def forget_shown(tx: Tx, *, before: datetime) -> int:
    """Forget what was shown before an instant; return how many rows that were."""
    return tx.run(help_shown.delete().where(help_shown.c.at < before)).rowcount


def is_off(tx: Tx, mark: bytes) -> bool:
    """Say whether an account has switched words off."""
    return tx.run(sa.select(help_off.c.at).where(help_off.c.account_mark == mark)).first() is not None


@writes(help_off)
def switch_off(tx: Tx, mark: bytes, *, now: datetime) -> None:
    """Keep words away from an account; a second time changes nothing."""
    values = {"account_mark": mark, "at": now}
    tx.run(postgresql.insert(help_off).values(values).on_conflict_do_nothing())


@writes(help_off)
def switch_on(tx: Tx, mark: bytes) -> None:
    """Let words reach an account again."""
    tx.run(help_off.delete().where(help_off.c.account_mark == mark))


@writes(help_count)
def count(tx: Tx, *, day: date, name: str, language: str, choice: str) -> None:
    """Count one more of a choice, or of a showing."""
    values = {"day": day, "name": name, "language": language, "choice": choice, "times": 1}
    statement = postgresql.insert(help_count).values(values)
    one_more = statement.on_conflict_do_update(
        index_elements=["day", "name", "language", "choice"], set_={"times": help_count.c.times + 1}
    )
    tx.run(one_more)


def counted(tx: Tx, *, since: date) -> list[tuple[str, str, str, int]]:
    """Return name, language, choice and how often since a day, inclusive; in that order."""
    columns = (help_count.c.name, help_count.c.language, help_count.c.choice)
    statement = (
        sa.select(*columns, sa.func.sum(help_count.c.times).label("times"))
        .where(help_count.c.day >= since)
        .group_by(*columns)
        .order_by(*columns)
    )
    return [(row.name, row.language, row.choice, int(row.times)) for row in tx.run(statement)]
