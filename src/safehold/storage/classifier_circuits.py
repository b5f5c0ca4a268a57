"""Which classifiers are left alone because they do not answer, whichever process found out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, owned_by, writes

classifier_circuit = sa.Table(
    "classifier_circuit",
    metadata,
    sa.Column("classifier", sa.Text, primary_key=True),
    sa.Column("opened_at", Instant, nullable=False),
    # The last call that it did not answer; once that is long ago, nobody knows how it is.
    sa.Column("failed_at", Instant, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.CheckConstraint("failed_at >= opened_at", name="in_order"),
    sa.CheckConstraint("length(why) between 1 and 60", name="says_why"),
)

owned_by("detect", classifier_circuit)


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A classifier that is left alone. why: a stable word of the last failure."""

    classifier: str
    opened_at: datetime
    failed_at: datetime
    why: str


@writes(classifier_circuit)
def note_open(tx: Tx, classifier: str, *, why: str, now: datetime, since: datetime) -> None:
    """Write down a call that failed with the circuit open; after a failure before `since` it opens anew.

    Of two processes that write at once the later failure stays.
    """
    row = {"classifier": classifier, "opened_at": now, "failed_at": now, "why": why}
    new = postgresql.insert(classifier_circuit).values(row)
    old = classifier_circuit.c
    change = {
        "opened_at": sa.case((old.failed_at < since, now), else_=sa.func.least(old.opened_at, now)),
        "failed_at": sa.func.greatest(old.failed_at, now),
        "why": why,
    }
    tx.run(new.on_conflict_do_update(index_elements=["classifier"], set_=change))


@writes(classifier_circuit)
def note_closed(tx: Tx, classifier: str) -> None:
    """Forget that a classifier was left alone: it answered."""
    tx.run(classifier_circuit.delete().where(classifier_circuit.c.classifier == classifier))


def failed_since(tx: Tx, since: datetime) -> dict[str, OpenCircuit]:
    """Return those that failed after an instant and have not answered since, by name."""
    statement = sa.select(classifier_circuit).where(classifier_circuit.c.failed_at > since)
    return {row.classifier: OpenCircuit(**row._mapping) for row in tx.run(statement)}
