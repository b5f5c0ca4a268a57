"""Who may know of which cases: who works in every queue that a case belongs to. It writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import CaseId, ItemId
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.tables import Uuid, is_among


def of_user_and_case(case_id: sa.ColumnElement[UUID], user: UUID) -> sa.ColumnElement[bool]:
    """Return the question whether this person may know of a case, for a statement. Any role may ask."""
    return sa.func.may_know(case_id, sa.literal(user, Uuid), type_=sa.Boolean)


def may_know(tx: Tx, case_id: CaseId, user: UUID) -> bool:
    """Say whether this person may know of this case; nobody may know of one that does not exist."""
    return bool(tx.run(sa.select(of_user_and_case(sa.literal(case_id, Uuid), user))).scalar_one())


def cases_unknown_to(tx: Tx, user: UUID, case_ids: Collection[CaseId]) -> set[CaseId]:
    """Return those of these cases that exist and of which this person may not know."""
    if not case_ids:
        return set()
    wanted = is_among(review_case.c.id, case_ids)
    statement = sa.select(review_case.c.id).where(wanted, ~of_user_and_case(review_case.c.id, user))
    return {CaseId(case_id) for case_id in tx.run(statement).scalars()}


def cases_of_items(tx: Tx, item_ids: Collection[ItemId]) -> list[CaseId]:
    """Return every case in which any of these items lies or once lay, by id."""
    wanted = is_among(case_item.c.item_id, item_ids)
    statement = sa.select(case_item.c.case_id).where(wanted).distinct().order_by(case_item.c.case_id)
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]


def items_unknown_to(tx: Tx, user: UUID, item_ids: Collection[ItemId]) -> set[ItemId]:
    """Return those of these items that lie in a case of which this person may not know."""
    if not item_ids:
        return set()
    wanted = is_among(case_item.c.item_id, item_ids)
    statement = sa.select(case_item.c.item_id).where(wanted, ~of_user_and_case(case_item.c.case_id, user))
    return {ItemId(item_id) for item_id in tx.run(statement).scalars()}
