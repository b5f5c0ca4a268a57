"""How many pictures were handed to classifiers on other machines: which, where to, by the day. No picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, owned_by, writes

classifier_leaving = sa.Table(
    "classifier_leaving",
    metadata,
    sa.Column("classifier", sa.Text, primary_key=True),
    sa.Column("destination", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("pictures", sa.BigInteger, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.CheckConstraint("length(destination) between 1 and 300", name="says_where"),
    sa.CheckConstraint("calls > 0 and pictures >= calls", name="counts"),
)

owned_by("detect", classifier_leaving)


@dataclass(frozen=True, slots=True)
class Left:
    """What went to one destination: calls, pictures, and when the first and the last."""

    classifier: str
    destination: str
    calls: int
    pictures: int
    first_at: datetime
    last_at: datetime


@writes(classifier_leaving)
def count(tx: Tx, classifier: str, destination: str, *, pictures: int, now: datetime) -> None:
    """Count a call with so many pictures, at least one."""
    row = {
        "classifier": classifier,
        "destination": destination,
        "day": _day(now),
        "calls": 1,
        "pictures": pictures,
        "first_at": now,
        "last_at": now,
    }
    table = classifier_leaving.c
    statement = postgresql.insert(classifier_leaving).values(row)
    tx.run(
        statement.on_conflict_do_update(
            index_elements=["classifier", "destination", "day"],
            set_={
                "calls": table.calls + 1,
                "pictures": table.pictures + statement.excluded.pictures,
                "first_at": sa.func.least(table.first_at, statement.excluded.first_at),
                "last_at": sa.func.greatest(table.last_at, statement.excluded.last_at),
            },
        )
    )


def left(tx: Tx) -> list[Left]:
    """Return what went out, by classifier and destination, sorted by both."""
    table = classifier_leaving.c
    statement = (
        sa.select(
            table.classifier,
            table.destination,
            sa.func.sum(table.calls).label("calls"),
            sa.func.sum(table.pictures).label("pictures"),
            sa.func.min(table.first_at).label("first_at"),
            sa.func.max(table.last_at).label("last_at"),
        )
        .group_by(table.classifier, table.destination)
        .order_by(table.classifier, table.destination)
    )
    return [
        Left(row.classifier, row.destination, int(row.calls), int(row.pictures), row.first_at, row.last_at)
        for row in tx.run(statement)
    ]


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
