"""What a flag about a conversation rests on: which message shows which cue, by which rule, and where."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.conversation import Cue, Evidence
from safehold.model.ids import ItemId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, metadata, one_of, owned_by, writes

flag_cue = sa.Table(
    "flag_cue",
    metadata,
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="cascade"), primary_key=True),
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("begins", sa.Integer, primary_key=True),
    sa.Column("ends", sa.Integer, nullable=False),
    sa.Column("cue", sa.Text, nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
    one_of("cue", Cue),
    sa.CheckConstraint("0 <= begins and begins <= ends", name="span_in_order"),
)

owned_by("detect", flag_cue)


@writes(flag_cue)
def put(tx: Tx, item_id: ItemId, evidence: Iterable[Evidence]) -> None:
    """Record what a flag rests on; what is on record already stays as it is."""
    rows = [
        {
            "item_id": item_id,
            "message_id": each.message,
            "rule": each.rule,
            "begins": each.start,
            "ends": each.end,
            "cue": each.cue.value,
            "sent_at": datetime.fromtimestamp(each.at, UTC),
        }
        for each in evidence
    ]
    if rows:
        tx.run(postgresql.insert(flag_cue).values(rows).on_conflict_do_nothing())


def of_items(tx: Tx, item_ids: Iterable[ItemId]) -> dict[ItemId, list[Evidence]]:
    """Return what flags about these items rest on, in order of time; items without any are left out."""
    statement = (
        sa.select(flag_cue)
        .where(flag_cue.c.item_id.in_(list(item_ids)))
        .order_by(flag_cue.c.sent_at, flag_cue.c.message_id, flag_cue.c.begins, flag_cue.c.rule)
    )
    found: dict[ItemId, list[Evidence]] = {}
    for row in tx.run(statement):
        at = int(row.sent_at.timestamp())
        piece = Evidence(at, row.message_id, Cue(row.cue), row.rule, row.begins, row.ends)
        found.setdefault(ItemId(row.item_id), []).append(piece)
    return found
