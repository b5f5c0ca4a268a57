"""Which classifiers somebody has switched off: at once, for every process, until somebody lets them go on."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, owned_by, writes

classifier_stop = sa.Table(
    "classifier_stop",
    metadata,
    sa.Column("classifier", sa.Text, primary_key=True),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("stopped_at", Instant, nullable=False),
    sa.CheckConstraint("length(btrim(why)) between 3 and 500", name="says_why"),
)

owned_by("detect", classifier_stop)


@writes(classifier_stop)
def stop(tx: Tx, classifier: str, *, why: str, now: datetime) -> bool:
    """Switch a classifier off; say whether it was on."""
    row = {"classifier": classifier, "why": why, "stopped_at": now}
    statement = postgresql.insert(classifier_stop).values(row).on_conflict_do_nothing()
    return tx.run(statement.returning(classifier_stop.c.classifier)).first() is not None


@writes(classifier_stop)
def resume(tx: Tx, classifier: str) -> bool:
    """Let a classifier go on; say whether it was off."""
    gone = classifier_stop.delete().where(classifier_stop.c.classifier == classifier)
    return tx.run(gone.returning(classifier_stop.c.classifier)).first() is not None


def stopped(tx: Tx) -> dict[str, str]:
    """Return the names of those that are off, each with why."""
    statement = sa.select(classifier_stop.c.classifier, classifier_stop.c.why)
    return {row.classifier: row.why for row in tx.run(statement)}
