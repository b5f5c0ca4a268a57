"""Holds: the reversible block of an item. A hold can rest on nothing but a match that may hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.case import CaseState
from safehold.model.ids import CaseId, HoldId, ItemId, MatchId
from safehold.storage.assessments import CONFIRMING_STANDS, STANDS, outcome
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.hash_lists import hash_list
from safehold.storage.matches import match
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

hold = sa.Table(
    "hold",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    sa.Column("match_id", Uuid, nullable=False),
    sa.Column("match_may_hold", sa.Boolean, nullable=False, server_default="true"),
    sa.Column("placed_at", Instant, nullable=False),
    sa.Column("released_at", Instant),
    sa.Column("release_reason", sa.Text),
    sa.ForeignKeyConstraint(
        ["match_id", "match_may_hold"], ["match.id", "match.may_hold"], name="fk_hold_match"
    ),
    sa.CheckConstraint("match_may_hold", name="rests_on_a_holding_match"),
    sa.CheckConstraint("(released_at is null) = (release_reason is null)", name="released_together"),
    sa.Index("uq_hold_standing", "item_id", unique=True, postgresql_where=sa.text("released_at is null")),
)

owned_by("act", hold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold, standing or released. release_reason: the kind of the event that released it."""

    id: HoldId
    item_id: ItemId
    match_id: MatchId
    placed_at: datetime
    released_at: datetime | None = None
    release_reason: str | None = None


def of_item(tx: Tx, item_id: ItemId) -> list[Hold]:
    """Return every hold of an item, oldest first; at most the last one stands."""
    columns = [c for c in hold.c if c.name != "match_may_hold"]
    statement = sa.select(*columns).where(hold.c.item_id == item_id).order_by(hold.c.placed_at, hold.c.id)
    return [Hold(**row) for row in tx.run(statement).mappings()]


def standing(tx: Tx, item_id: ItemId) -> HoldId | None:
    """Return the hold that stands on an item, None when none does."""
    statement = sa.select(hold.c.id).where(hold.c.item_id == item_id, hold.c.released_at.is_(None))
    found = tx.run(statement).scalar_one_or_none()
    return HoldId(found) if found else None


@writes(hold)
def add(tx: Tx, hold_id: HoldId, *, item_id: ItemId, match_id: MatchId, at: datetime) -> bool:
    """Place a hold. False, and nothing written, when one stands on the item already.

    The database refuses a match that may not hold, and anything that is no match.
    """
    statement = postgresql.insert(hold).values(id=hold_id, item_id=item_id, match_id=match_id, placed_at=at)
    standing_one = statement.on_conflict_do_nothing(
        index_elements=[hold.c.item_id], index_where=hold.c.released_at.is_(None)
    )
    return tx.run(standing_one.returning(hold.c.id)).first() is not None


@writes(hold)
def release(tx: Tx, item_id: ItemId, *, reason: str, at: datetime) -> HoldId | None:
    """Release the hold that stands on an item and return its id, None when none stands."""
    statement = (
        hold.update()
        .where(hold.c.item_id == item_id, hold.c.released_at.is_(None))
        .values(released_at=at, release_reason=reason)
        .returning(hold.c.id)
    )
    found = tx.run(statement).scalar_one_or_none()
    return HoldId(found) if found else None


def called_for_elsewhere(tx: Tx, item_id: ItemId, *, apart_from: CaseId) -> bool:
    """Say whether another case than this one still calls for a hold on the item.

    It does when people confirmed the item there, or when it waits there for an outcome and a list of
    that case's purpose has a match that may hold. A case of the same purpose in which the item waits is
    where a reversal has put it, not another reason to hold.
    """
    same_purpose = review_case.alias()
    own_purpose = sa.select(same_purpose.c.purpose).where(same_purpose.c.id == apart_from).scalar_subquery()
    confirmed = sa.exists().where(
        outcome.c.item_id == item_id, outcome.c.case_id != apart_from, CONFIRMING_STANDS
    )
    waits = sa.exists(
        sa.select(case_item.c.case_id)
        .join(review_case, review_case.c.id == case_item.c.case_id)
        .join(match, match.c.item_id == case_item.c.item_id)
        .join(
            hash_list,
            sa.and_(hash_list.c.id == match.c.list_id, hash_list.c.purpose == review_case.c.purpose),
        )
        .where(
            case_item.c.item_id == item_id,
            case_item.c.case_id != apart_from,
            review_case.c.state == CaseState.OPEN,
            review_case.c.purpose.is_distinct_from(own_purpose),
            match.c.may_hold,
            ~sa.exists().where(
                outcome.c.case_id == case_item.c.case_id, outcome.c.item_id == item_id, STANDS
            ),
        )
    )
    return bool(tx.run(sa.select(sa.or_(confirmed, waits))).scalar_one())
