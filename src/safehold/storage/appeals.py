"""Appeals: somebody contests what was done to an item; what became of it; until when their words are kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.case import Appeal, AppealState
from safehold.model.ids import AppealId, CaseId, ItemId, MediaId, OutcomeId, UserId
from safehold.storage.assessments import STANDS, outcome
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

appeal = sa.Table(
    "appeal",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    # Set where the whole case is contested; item_id is then the item that joined it first.
    sa.Column("case_id", sa.ForeignKey("review_case.id")),
    # Both are erased together when their time is over.
    sa.Column("by", sa.Text),
    sa.Column("statement", sa.Text),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default=AppealState.RECEIVED.value),
    # Whether an outcome that it contests was changed; of a whole case, so far.
    sa.Column("changed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", sa.ForeignKey("app_user.id")),
    # The outcome that was contested, and by whom it had been settled; none where it still waited for one.
    sa.Column("contested_outcome_id", Uuid),
    sa.Column("contested_by", Uuid),
    # True: whoever had settled it decided again, for there is nobody else.
    sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("erased_at", Instant),
    one_of("state", AppealState),
    sa.CheckConstraint(
        "(state = 'received') = (decided_at is null) and (decided_at is null) = (decided_by is null)",
        name="decided_together",
    ),
    sa.CheckConstraint("(contested_outcome_id is null) = (contested_by is null)", name="contested_together"),
    sa.CheckConstraint("alone or decided_by <> contested_by", name="decided_by_another"),
    sa.CheckConstraint(
        "(by is null) = (erased_at is not null) and (statement is null) = (erased_at is not null)",
        name="erased_together",
    ),
    sa.ForeignKeyConstraint(
        ["contested_outcome_id", "contested_by"],
        ["outcome.id", "outcome.settled_by"],
        name="fk_appeal_contested",
    ),
    sa.Index("ix_appeal_item_id", "item_id"),
    sa.Index("ix_appeal_case_id", "case_id"),
    sa.Index("ix_appeal_words", "received_at", postgresql_where=sa.text("erased_at is null")),
)

owned_by("review", appeal)


@writes(appeal)
def insert(tx: Tx, received: Appeal, *, case_id: CaseId | None) -> None:
    """Record an appeal. case_id: set where the whole case is contested."""
    tx.run(
        appeal.insert().values(
            id=received.id,
            item_id=received.item_id,
            case_id=case_id,
            by=received.by,
            statement=received.statement,
            received_at=received.received_at,
        )
    )


@writes(appeal)
def note_changed(tx: Tx, appeal_id: AppealId) -> None:
    """Note that an outcome which an appeal contests was changed."""
    tx.run(appeal.update().where(appeal.c.id == appeal_id).values(changed=True))


@writes(appeal)
def decide(
    tx: Tx,
    appeal_id: AppealId,
    *,
    state: AppealState,
    by: UserId,
    contested: tuple[OutcomeId, UserId] | None,
    alone: bool,
    at: datetime,
) -> None:
    """Note what became of an appeal. contested: the outcome, and by whom it had been settled.

    The database refuses that person as the one who decides, except alone.
    """
    outcome_id, settled_by = contested or (None, None)
    tx.run(
        appeal.update()
        .where(appeal.c.id == appeal_id)
        .values(
            state=state.value,
            decided_at=at,
            decided_by=by,
            contested_outcome_id=outcome_id,
            contested_by=settled_by,
            alone=alone,
        )
    )


@writes(appeal)
def erase_words(
    tx: Tx, *, decided_before: datetime, received_before: datetime, now: datetime, limit: int
) -> list[AppealId]:
    """Erase who appealed and what they wrote where its time is over; return which appeals, by id."""
    over = sa.or_(appeal.c.decided_at < decided_before, appeal.c.received_at < received_before)
    doomed = (
        sa.select(appeal.c.id)
        .where(appeal.c.erased_at.is_(None), over)
        .order_by(appeal.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    erased = (
        appeal.update()
        .where(appeal.c.id.in_(doomed))
        .values(by=None, statement=None, erased_at=now)
        .returning(appeal.c.id)
    )
    return sorted(AppealId(row.id) for row in tx.run(erased))


def get(tx: Tx, appeal_id: AppealId, *, for_change: bool = False) -> Appeal | None:
    """Return one appeal, None when there is none. for_change: nobody else changes it until tx ends."""
    statement = sa.select(appeal).where(appeal.c.id == appeal_id)
    row = tx.run(statement.with_for_update() if for_change else statement).one_or_none()
    return _appeal(row) if row else None


def standing_of(tx: Tx, appeal_id: AppealId) -> tuple[AppealState, datetime | None, bool] | None:
    """Return the state of an appeal, when it was decided, and whether alone: all that a platform may know."""
    columns = (appeal.c.state, appeal.c.decided_at, appeal.c.alone)
    row = tx.run(sa.select(*columns).where(appeal.c.id == appeal_id)).one_or_none()
    return None if row is None else (AppealState(row.state), row.decided_at, row.alone)


def contested(tx: Tx, item_ids: Collection[ItemId]) -> set[ItemId]:
    """Return those of these items that an appeal contests, by itself or with a whole case."""
    by_case = sa.select(case_item.c.item_id).join(appeal, appeal.c.case_id == case_item.c.case_id)
    statement = (
        sa.select(appeal.c.item_id)
        .where(appeal.c.item_id.in_(item_ids))
        .union(by_case.where(case_item.c.item_id.in_(item_ids)))
    )
    return {ItemId(item_id) for item_id in tx.run(statement).scalars()}


def waits_in(tx: Tx, case_id: CaseId, item_ids: Collection[ItemId] | None = None) -> bool:
    """Say whether somebody contests a case, or something that waits in it: one of these where some are named.

    That is by an appeal that nobody has decided, or because an outcome stands though its item waits.
    """
    waiting = sa.select(case_item.c.item_id).where(
        case_item.c.case_id == case_id, case_item.c.waits_for.is_not(None)
    )
    if item_ids is not None:
        waiting = waiting.where(case_item.c.item_id.in_(item_ids))
    undecided = sa.select(appeal.c.id).where(
        appeal.c.state == AppealState.RECEIVED.value,
        sa.or_(appeal.c.case_id == case_id, appeal.c.item_id.in_(waiting)),
    )
    purpose = sa.select(review_case.c.purpose).where(review_case.c.id == case_id).scalar_subquery()
    standing = sa.select(outcome.c.id).where(
        outcome.c.item_id.in_(waiting), outcome.c.purpose == purpose, STANDS
    )
    return any(tx.run(each.limit(1)).first() is not None for each in (undecided, standing))


def of_item(tx: Tx, item_id: ItemId) -> list[Appeal]:
    """Return the appeals that contest this item or a whole case in which it lies, oldest first."""
    cases = sa.select(case_item.c.case_id).where(case_item.c.item_id == item_id)
    statement = (
        sa.select(appeal)
        .where(sa.or_(appeal.c.item_id == item_id, appeal.c.case_id.in_(cases)))
        .order_by(appeal.c.received_at, appeal.c.id)
    )
    return [_appeal(row) for row in tx.run(statement)]


def pending_about(tx: Tx, media_id: MediaId) -> list[datetime]:
    """Return when each appeal that nobody has decided arrived about an item of some media, oldest first."""
    ours = sa.select(item.c.id).where(item.c.media_id == media_id)
    cases = sa.select(case_item.c.case_id).where(case_item.c.item_id.in_(ours))
    statement = (
        sa.select(appeal.c.received_at)
        .where(
            appeal.c.state == AppealState.RECEIVED.value,
            sa.or_(appeal.c.item_id.in_(ours), appeal.c.case_id.in_(cases)),
        )
        .order_by(appeal.c.received_at)
    )
    return list(tx.run(statement).scalars())


def _appeal(row: Any) -> Appeal:
    return Appeal(
        id=AppealId(row.id),
        item_id=ItemId(row.item_id),
        by=row.by or "",
        statement=row.statement or "",
        received_at=row.received_at,
        case_id=CaseId(row.case_id) if row.case_id else None,
        state=AppealState(row.state),
        changed=row.changed,
        decided_at=row.decided_at,
        decided_by=UserId(row.decided_by) if row.decided_by else None,
        contested_outcome_id=OutcomeId(row.contested_outcome_id) if row.contested_outcome_id else None,
        alone=row.alone,
        erased_at=row.erased_at,
    )
