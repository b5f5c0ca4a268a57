"""What classifiers said of items that were kept: estimates, never matches; nothing follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from safehold.model.band import Band
from safehold.model.classifier import Answered, Heard, Opinion
from safehold.model.ids import ItemId, new_id
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

opinion = sa.Table(
    "opinion",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="cascade"), nullable=False),
    sa.Column("classifier", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False, server_default=""),
    sa.Column("in_shadow", sa.Boolean, nullable=False),
    sa.Column("answered", sa.Text, nullable=False),
    sa.Column("band", sa.Text),
    sa.Column("score", sa.Float),
    sa.Column("raw", sa.Text, nullable=False, server_default=""),
    sa.Column("milliseconds", sa.Float, nullable=False),
    sa.Column("heard_at", Instant, nullable=False),
    one_of("answered", Answered),
    one_of("band", Band),
    sa.CheckConstraint("(answered = 'ok') = (band is not null)", name="band_of_an_answer"),
    sa.CheckConstraint("score between 0 and 1", name="score_range"),
    sa.CheckConstraint("length(raw) <= 1000", name="raw_length"),
    sa.Index("ix_opinion_item_id", "item_id"),
    sa.Index("ix_opinion_classifier", "classifier", "heard_at"),
)

owned_by("detect", opinion)


@writes(opinion)
def insert(tx: Tx, item_id: ItemId, opinions: Sequence[Heard], *, now: datetime) -> None:
    """Record what classifiers said of an item."""
    rows = [
        {
            "id": new_id(),
            "item_id": item_id,
            "classifier": each.classifier,
            "version": each.opinion.version,
            "in_shadow": each.in_shadow,
            "answered": each.opinion.answered.value,
            "band": each.opinion.band.value if each.opinion.band else None,
            "score": each.opinion.score,
            "raw": each.opinion.raw[:1000],
            "milliseconds": each.milliseconds,
            "heard_at": now,
        }
        for each in opinions
    ]
    if rows:
        tx.run(opinion.insert(), rows)


def answers(tx: Tx, classifier: str) -> dict[Answered, int]:
    """Return how often a classifier answered in each way about what was kept."""
    statement = (
        sa.select(opinion.c.answered, sa.func.count().label("items"))
        .where(opinion.c.classifier == classifier)
        .group_by(opinion.c.answered)
    )
    return {Answered(row.answered): row.items for row in tx.run(statement)}


def of_item(tx: Tx, item_id: ItemId) -> list[Heard]:
    """Return what classifiers said of an item, oldest first."""
    statement = sa.select(opinion).where(opinion.c.item_id == item_id)
    return [
        Heard(
            classifier=row.classifier,
            in_shadow=row.in_shadow,
            opinion=Opinion(
                answered=Answered(row.answered),
                band=Band(row.band) if row.band else None,
                score=row.score,
                raw=row.raw,
                version=row.version,
            ),
            milliseconds=row.milliseconds,
        )
        for row in tx.run(statement.order_by(opinion.c.heard_at, opinion.c.classifier))
    ]
