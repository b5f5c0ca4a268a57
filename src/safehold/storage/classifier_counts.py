"""How often each classifier said what, by day: counts, and nothing of what it said it about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.band import Band
from safehold.model.classifier import Answered
from safehold.storage.database import Tx
from safehold.storage.tables import metadata, owned_by, writes

classifier_count = sa.Table(
    "classifier_count",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("classifier", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("in_shadow", sa.Boolean, primary_key=True),
    sa.Column("known", sa.Boolean, primary_key=True),
    # A band, "band:high", where it answered; else how it fared, "abstain".
    sa.Column("answer", sa.Text, primary_key=True),
    sa.Column("uploads", sa.BigInteger, nullable=False),
    sa.CheckConstraint("uploads > 0", name="counted"),
)

owned_by("app", classifier_count)

_BAND = "band:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What uploads are counted by. known: whether a list knew them. band: None unless it answered.

    version: of the classifier, empty where it did not answer.
    """

    day: date
    classifier: str
    version: str
    in_shadow: bool
    known: bool
    answered: Answered
    band: Band | None = None


@writes(classifier_count)
def add(tx: Tx, counted: Mapping[Said, int]) -> None:
    """Add to what is counted already. Two processes that add the same wait for each other, in one order."""
    rows = [
        {
            "day": said.day,
            "classifier": said.classifier,
            "version": said.version,
            "in_shadow": said.in_shadow,
            "known": said.known,
            "answer": _BAND + said.band.value if said.band else said.answered.value,
            "uploads": uploads,
        }
        for said, uploads in counted.items()
    ]
    if not rows:
        return
    new = postgresql.insert(classifier_count)
    more = {"uploads": classifier_count.c.uploads + new.excluded.uploads}
    statement = new.on_conflict_do_update(index_elements=classifier_count.primary_key.columns, set_=more)
    tx.run(statement, sorted(rows, key=lambda row: tuple(str(row[name]) for name in row)))


def counted(tx: Tx, classifier: str, *, since: date, before: date) -> dict[Said, int]:
    """Return what a classifier said from one day, inclusive, to another, exclusive."""
    statement = sa.select(classifier_count).where(
        classifier_count.c.classifier == classifier,
        classifier_count.c.day >= since,
        classifier_count.c.day < before,
    )
    return {_said(row): row.uploads for row in tx.run(statement)}


def names(tx: Tx, *, since: date) -> list[str]:
    """Return the names of classifiers that were asked since a day."""
    statement = sa.select(classifier_count.c.classifier).where(classifier_count.c.day >= since).distinct()
    return sorted(tx.run(statement).scalars())


@writes(classifier_count)
def forget(tx: Tx, *, before: date) -> None:
    """Erase what was counted before a day."""
    tx.run(classifier_count.delete().where(classifier_count.c.day < before))


def _said(row: sa.Row[tuple[object, ...]]) -> Said:
    answer: str = row.answer
    band = Band(answer.removeprefix(_BAND)) if answer.startswith(_BAND) else None
    return Said(
        day=row.day,
        classifier=row.classifier,
        version=row.version,
        in_shadow=row.in_shadow,
        known=row.known,
        answered=Answered.OK if band else Answered(answer),
        band=band,
    )
