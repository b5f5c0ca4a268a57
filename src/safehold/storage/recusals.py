"""Recusals: who is kept from an item in one of its rounds, because what they decided is contested."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import AnalystId, CaseId, ItemId
from safehold.storage.database import Tx
from safehold.storage.tables import is_among, metadata, owned_by, writes

recusal = sa.Table(
    "recusal",
    metadata,
    sa.Column("case_id", sa.ForeignKey("review_case.id"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("analyst_id", sa.ForeignKey("app_user.id"), primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
)

owned_by("review", recusal)


@writes(recusal)
def put(tx: Tx, case_id: CaseId, item_id: ItemId, *, round: int, analyst: AnalystId) -> None:
    """Keep somebody from an item in this round; doing it twice changes nothing."""
    values = {"case_id": case_id, "item_id": item_id, "analyst_id": analyst, "round": round}
    tx.run(postgresql.insert(recusal).values(values).on_conflict_do_nothing())


def stands(tx: Tx, case_id: CaseId, item_id: ItemId, *, round: int, analyst: AnalystId) -> bool:
    """Say whether this person is kept from the item in this round."""
    found = sa.exists().where(
        recusal.c.case_id == case_id,
        recusal.c.item_id == item_id,
        recusal.c.round == round,
        recusal.c.analyst_id == analyst,
    )
    return bool(tx.run(sa.select(found)).scalar_one())


def kept_from(
    tx: Tx, case_id: CaseId, item_ids: Collection[ItemId], analyst: AnalystId
) -> set[tuple[ItemId, int]]:
    """Return from which of these items, in which of their rounds, this person is kept."""
    statement = sa.select(recusal.c.item_id, recusal.c.round).where(
        recusal.c.case_id == case_id, recusal.c.item_id.in_(item_ids), recusal.c.analyst_id == analyst
    )
    return {(ItemId(row.item_id), int(row.round)) for row in tx.run(statement)}


def kept_from_any(
    tx: Tx, places: Collection[tuple[CaseId, ItemId]], analyst: AnalystId
) -> set[tuple[CaseId, ItemId, int]]:
    """Return from which of these items in their cases, in which of their rounds, this person is kept.

    What of these items lies in another of these cases may be among them.
    """
    statement = sa.select(recusal.c.case_id, recusal.c.item_id, recusal.c.round).where(
        is_among(recusal.c.case_id, {case_id for case_id, _ in places}),
        is_among(recusal.c.item_id, {item_id for _, item_id in places}),
        recusal.c.analyst_id == analyst,
    )
    return {(CaseId(row.case_id), ItemId(row.item_id), int(row.round)) for row in tx.run(statement)}


def in_case(review_case: sa.Table, analyst: AnalystId) -> sa.ColumnElement[bool]:
    """Return the condition that this person is kept from something in a case, now or before."""
    return sa.exists().where(recusal.c.case_id == review_case.c.id, recusal.c.analyst_id == analyst)


def of_analyst(case_item: sa.Table, analyst: AnalystId) -> sa.Select[Any]:
    """Return what is found where this person is kept from an item in its present round, for a statement."""
    return (
        sa.select(sa.literal(True))
        .where(
            recusal.c.case_id == case_item.c.case_id,
            recusal.c.item_id == case_item.c.item_id,
            recusal.c.round == case_item.c.round,
            recusal.c.analyst_id == analyst,
        )
        .correlate(case_item)
        .limit(1)
    )
