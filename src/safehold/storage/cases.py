"""Cases, the items in them, and who passed them on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.case import Case, CaseState, PriorityPart, WaitsFor
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, UserId
from safehold.storage import conflicts, turns
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, one_of, owned_by, writes


class PassReason(StrEnum):
    """Why an analyst passes a case on. It never counts against anybody."""

    NOT_NOW = "not_now"
    KNOWS_SOMEBODY = "knows_somebody"
    OTHER_LANGUAGE = "other_language"
    NEEDS_LEAD = "needs_lead"


review_case = sa.Table(
    "review_case",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(start=1001), nullable=False, unique=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text),
    # The account where one is known, else the media or item: what "one open case" is counted by.
    sa.Column("gathered_by", sa.Text, nullable=False),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("priority_parts", Json, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("locked_by", sa.ForeignKey("app_user.id")),
    sa.Column("locked_until", Instant),
    one_of("purpose", Purpose),
    one_of("state", CaseState),
    sa.CheckConstraint("purpose <> 'test' or rehearsal", name="test_is_rehearsal"),
    sa.CheckConstraint("(state = 'settled') = (settled_at is not null)", name="settled_together"),
    sa.CheckConstraint("(locked_by is null) = (locked_until is null)", name="locked_together"),
    # Findings and categories depend on the purpose, so assessments and outcomes refer to both columns.
    sa.UniqueConstraint("id", "purpose", name="uq_review_case_purpose"),
    sa.Index(
        "uq_review_case_open",
        "gathered_by",
        "purpose",
        "rehearsal",
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    ),
    sa.Index("ix_review_case_queue", "state", sa.text("priority desc"), "opened_at"),
)

case_item = sa.Table(
    "case_item",
    metadata,
    sa.Column("case_id", sa.ForeignKey("review_case.id"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("joined_at", Instant, nullable=False),
    # NULL while an outcome stands, or once the item went on in another case.
    sa.Column("waits_for", sa.Text, server_default=WaitsFor.ASSESSMENT.value),
    # Rises when an outcome is reversed: assessments of earlier rounds decide nothing any more.
    sa.Column("round", sa.Integer, nullable=False, server_default="1"),
    one_of("waits_for", WaitsFor),
    sa.Index("ix_case_item_item_id", "item_id"),
    # What people have assessed and what waits all the same: little beside what nobody has assessed.
    sa.Index(
        "ix_case_item_assessed",
        "case_id",
        "item_id",
        postgresql_where=sa.text("waits_for in ('view', 'clear_view', 'second', 'third', 'lead')"),
    ),
)

case_pass = sa.Table(
    "case_pass",
    metadata,
    sa.Column("case_id", sa.ForeignKey("review_case.id"), primary_key=True),
    sa.Column("analyst_id", sa.ForeignKey("app_user.id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("passed_at", Instant, nullable=False),
    one_of("reason", PassReason),
)

owned_by("review", review_case, case_item, case_pass)


_ASSESSED = case_item.c.waits_for.in_(
    [each.value for each in (*turns.A_LOOK, *turns.ANOTHERS, WaitsFor.LEAD)]
)

_STANDING = tuple(
    review_case.c[name]
    for name in ("id", "number", "purpose", "state", "rehearsal", "opened_at", "settled_at")
)


@dataclass(frozen=True, slots=True)
class Gathering:
    """What belongs into one open case. by: "account:…" where an account is known, else media or item."""

    by: str = field(repr=False)
    purpose: Purpose
    rehearsal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItem:
    """An item's place in a case.

    waits_for: None while an outcome stands, or once the item went on in another case. round: 1, and one
    more with each outcome that was reversed; only assessments of this round count.
    """

    case_id: CaseId
    item_id: ItemId
    joined_at: datetime
    waits_for: WaitsFor | None
    round: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStanding:
    """Where a case stands, without whom it is about or who works on it: all that the API's role can ask."""

    id: CaseId
    number: int
    purpose: Purpose
    state: CaseState
    rehearsal: bool
    opened_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """One line of the queue: the case, how many items it has, how many of them wait for a person.

    passes: how many analysts passed it on.
    """

    case: Case
    items: int
    waiting: int
    passes: int


@writes(review_case)
def insert(tx: Tx, *, case: Case, gathered_by: str) -> Case:
    """Record a new open case and return it with the number it was given."""
    statement = (
        review_case.insert()
        .values(
            id=case.id,
            purpose=case.purpose.value,
            account_id=case.account_id,
            gathered_by=gathered_by,
            rehearsal=case.rehearsal,
            state=case.state.value,
            priority=case.priority,
            priority_parts=[asdict(part) for part in case.priority_parts],
            opened_at=case.opened_at,
            revision=case.revision,
        )
        .returning(review_case)
    )
    return _case(tx.run(statement).one())


def lock_gathering(tx: Tx, gathering: Gathering) -> None:
    """Wait until no other transaction opens or reopens the case that gathers so; hold until the end."""
    tx.lock(f"gathering:{gathering.purpose.value}:{gathering.rehearsal}:{gathering.by}")


def find_open(tx: Tx, gathering: Gathering) -> Case | None:
    """Return the open case that gathers so, locked against other changes; None when there is none."""
    statement = (
        sa.select(review_case)
        .where(
            review_case.c.gathered_by == gathering.by,
            review_case.c.purpose == gathering.purpose.value,
            review_case.c.rehearsal == gathering.rehearsal,
            review_case.c.state == CaseState.OPEN.value,
        )
        .with_for_update()
    )
    row = tx.run(statement).first()
    return _case(row) if row else None


def find_of_item(tx: Tx, item_id: ItemId, purpose: Purpose) -> CaseId | None:
    """Return the newest case of this purpose in which the item lies, None when there is none."""
    statement = (
        sa.select(review_case.c.id)
        .join(case_item, case_item.c.case_id == review_case.c.id)
        .where(case_item.c.item_id == item_id, review_case.c.purpose == purpose.value)
        .order_by(case_item.c.joined_at.desc(), review_case.c.id.desc())
        .limit(1)
    )
    row = tx.run(statement).first()
    return CaseId(row.id) if row else None


def get(tx: Tx, case_id: CaseId, *, for_change: bool = False) -> Case | None:
    """Return one case, None when there is none. for_change: nobody else changes it until the end."""
    statement = sa.select(review_case).where(review_case.c.id == case_id)
    row = tx.run(statement.with_for_update() if for_change else statement).first()
    return _case(row) if row else None


def standing_of(tx: Tx, case_id: CaseId) -> CaseStanding | None:
    """Return where a case stands, None when there is no such case."""
    row = tx.run(sa.select(*_STANDING).where(review_case.c.id == case_id)).mappings().first()
    if row is None:
        return None
    typed = {"purpose": Purpose(row["purpose"]), "state": CaseState(row["state"])}
    return CaseStanding(**{**row, **typed})


def ids_of_item(tx: Tx, item_id: ItemId) -> list[CaseId]:
    """Return every case in which this item lies, oldest first."""
    statement = (
        sa.select(review_case.c.id)
        .join(case_item, case_item.c.case_id == review_case.c.id)
        .where(case_item.c.item_id == item_id)
        .order_by(review_case.c.opened_at, review_case.c.id)
    )
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]


def gathering_of(tx: Tx, case_id: CaseId) -> Gathering | None:
    """Return what the case gathers by, None when there is no such case."""
    columns = (review_case.c.gathered_by, review_case.c.purpose, review_case.c.rehearsal)
    row = tx.run(sa.select(*columns).where(review_case.c.id == case_id)).first()
    return Gathering(row.gathered_by, Purpose(row.purpose), row.rehearsal) if row else None


def of_item(tx: Tx, item_id: ItemId) -> list[Case]:
    """Return every case in which this item lies, oldest first."""
    statement = (
        sa.select(review_case)
        .join(case_item, case_item.c.case_id == review_case.c.id)
        .where(case_item.c.item_id == item_id)
        .order_by(review_case.c.opened_at, review_case.c.id)
    )
    return [_case(row) for row in tx.run(statement)]


def waiting(
    tx: Tx, *, purposes: Iterable[Purpose], limit: int, analyst: AnalystId | None = None
) -> list[CaseSummary]:
    """Return open cases, the highest priority first and among equals the one that waits longest.

    analyst: those alone that this person holds or in which something waits for them, or is being settled.
    """
    joined, left = _counted(), _counted(only_waiting=True)
    passes = sa.select(sa.func.count()).where(case_pass.c.case_id == review_case.c.id).scalar_subquery()
    columns = (review_case, joined.label("joined"), left.label("still_waiting"), passes.label("passes"))
    statement = _in_order(sa.select(*columns), purposes).limit(limit)
    if analyst is not None:
        statement = statement.where(_concerns(analyst))
    return [
        CaseSummary(case=_case(row), items=row.joined, waiting=row.still_waiting, passes=row.passes)
        for row in tx.run(statement)
    ]


def left_to_others(tx: Tx, *, purposes: Iterable[Purpose], analyst: AnalystId, most: int) -> int:
    """Return how many open cases `waiting` leaves out for this person, counted as far as `most`."""
    # Only where somebody has assessed something can all of it wait for others.
    assessed = sa.select(case_item.c.case_id).where(_ASSESSED)
    left = sa.select(review_case.c.id).where(
        *_open(purposes), review_case.c.id.in_(assessed), ~_concerns(analyst)
    )
    return len(tx.run(left.limit(most)).all())


def find_next(tx: Tx, *, purposes: Iterable[Purpose], analyst: AnalystId, now: datetime) -> Case | None:
    """Return the first case that this analyst can take, locked against other changes; None when none is left.

    A case that this analyst still holds comes before all others: nobody hoards cases by asking twice.
    Left out: cases that another analyst holds or is taking this instant, that this analyst passed on or
    has a conflict of interest about, or in which no item waits for this very person.
    """
    passed = sa.exists().where(case_pass.c.case_id == review_case.c.id, case_pass.c.analyst_id == analyst)
    waits = sa.exists().where(
        case_item.c.case_id == review_case.c.id, turns.waits_for_this_person(case_item, analyst)
    )
    free = sa.or_(
        review_case.c.locked_by.is_(None),
        review_case.c.locked_by == analyst,
        review_case.c.locked_until <= now,
    )
    mine = sa.and_(review_case.c.locked_by == analyst, review_case.c.locked_until > now)
    kept_from = conflicts.of_user_and_case(review_case.c.id, analyst)
    statement = _in_order(sa.select(review_case), purposes).where(~passed, waits, ~kept_from)
    # Apart, so that neither sorts all cases: few are theirs, and the others have an index in this order.
    for which in (mine, free):
        row = tx.run(statement.where(which).limit(1).with_for_update(skip_locked=True)).first()
        if row is not None:
            return _case(row)
    return None


def held_by(tx: Tx, user_id: UserId) -> list[CaseId]:
    """Return the cases whose lock names this person, run out or not."""
    statement = sa.select(review_case.c.id).where(review_case.c.locked_by == user_id)
    return [CaseId(row.id) for row in tx.run(statement)]


@writes(review_case)
def set_lock(tx: Tx, case_id: CaseId, *, analyst: AnalystId | None, until: datetime | None) -> None:
    """Give the case to one analyst until an instant, or to nobody."""
    tx.run(
        review_case.update().where(review_case.c.id == case_id).values(locked_by=analyst, locked_until=until)
    )


@writes(review_case)
def raise_revision(tx: Tx, case_id: CaseId) -> int:
    """Raise the revision by one and return it."""
    statement = (
        review_case.update()
        .where(review_case.c.id == case_id)
        .values(revision=review_case.c.revision + 1)
        .returning(review_case.c.revision)
    )
    return int(tx.run(statement).scalar_one())


@writes(review_case)
def set_priority(tx: Tx, case_id: CaseId, *, priority: int, parts: tuple[PriorityPart, ...]) -> None:
    """Store what the case's priority is and what it is made of."""
    values = {"priority": priority, "priority_parts": [asdict(part) for part in parts]}
    tx.run(review_case.update().where(review_case.c.id == case_id).values(**values))


@writes(review_case)
def set_settled(tx: Tx, case_id: CaseId, *, at: datetime | None) -> None:
    """Settle the case at this instant, or open it again when `at` is None. Either way nobody holds it."""
    state = CaseState.OPEN if at is None else CaseState.SETTLED
    tx.run(
        review_case.update()
        .where(review_case.c.id == case_id)
        .values(state=state.value, settled_at=at, locked_by=None, locked_until=None)
    )


@writes(case_item)
def join(tx: Tx, case_id: CaseId, item_id: ItemId, *, at: datetime) -> bool:
    """Put an item into a case; say whether it was not in it before."""
    statement = (
        postgresql.insert(case_item)
        .values(case_id=case_id, item_id=item_id, joined_at=at)
        .on_conflict_do_nothing()
        .returning(case_item.c.item_id)
    )
    return tx.run(statement).first() is not None


@writes(case_item)
def set_waits_for(tx: Tx, case_id: CaseId, item_id: ItemId, waits_for: WaitsFor | None) -> None:
    """Store what the item waits for in this case."""
    tx.run(
        case_item.update()
        .where(case_item.c.case_id == case_id, case_item.c.item_id == item_id)
        .values(waits_for=waits_for.value if waits_for else None)
    )


@writes(case_item)
def begin_round(tx: Tx, case_id: CaseId, item_id: ItemId) -> None:
    """Let what was assessed of the item in this case so far decide nothing any more."""
    tx.run(
        case_item.update()
        .where(case_item.c.case_id == case_id, case_item.c.item_id == item_id)
        .values(round=case_item.c.round + 1)
    )


def items_of(tx: Tx, case_id: CaseId) -> list[CaseItem]:
    """Return the items of a case in the order in which they joined."""
    statement = (
        sa.select(case_item)
        .where(case_item.c.case_id == case_id)
        .order_by(case_item.c.joined_at, case_item.c.item_id)
    )
    return [_case_item(row) for row in tx.run(statement)]


def assessed_and_waiting(tx: Tx, *, after: tuple[UUID, UUID], limit: int) -> list[tuple[CaseId, ItemId]]:
    """Return items that people assessed and that wait all the same, by case and item, after this pair."""
    key = sa.tuple_(case_item.c.case_id, case_item.c.item_id)
    statement = (
        sa.select(case_item.c.case_id, case_item.c.item_id)
        .where(_ASSESSED, key > sa.tuple_(*after))
        .order_by(case_item.c.case_id, case_item.c.item_id)
        .limit(limit)
    )
    return [(CaseId(row.case_id), ItemId(row.item_id)) for row in tx.run(statement)]


def item_in(tx: Tx, case_id: CaseId, item_id: ItemId) -> CaseItem | None:
    """Return the item's place in the case, None when it is not in it."""
    statement = sa.select(case_item).where(case_item.c.case_id == case_id, case_item.c.item_id == item_id)
    row = tx.run(statement).first()
    return _case_item(row) if row else None


@writes(case_pass)
def put_pass(tx: Tx, case_id: CaseId, *, analyst: AnalystId, reason: PassReason, at: datetime) -> None:
    """Record that this analyst passed the case on; a second time replaces the first."""
    values = {"reason": reason.value, "passed_at": at}
    statement = postgresql.insert(case_pass).values(case_id=case_id, analyst_id=analyst, **values)
    tx.run(statement.on_conflict_do_update(index_elements=["case_id", "analyst_id"], set_=values))


def _in_order(statement: sa.Select[Any], purposes: Iterable[Purpose]) -> sa.Select[Any]:
    return statement.where(*_open(purposes)).order_by(
        review_case.c.priority.desc(), review_case.c.opened_at, review_case.c.id
    )


def _open(purposes: Iterable[Purpose]) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        review_case.c.state == CaseState.OPEN.value,
        review_case.c.purpose.in_([purpose.value for purpose in purposes]),
    )


def _concerns(analyst: AnalystId) -> sa.ColumnElement[bool]:
    theirs = turns.waits_for_this_person(case_item, analyst)
    soon = case_item.c.waits_for == WaitsFor.SETTLING.value
    # A plain subquery, worked out for the cases that are looked at: "exists" would be for all there are.
    waits = (
        sa.select(sa.literal(True))
        .where(case_item.c.case_id == review_case.c.id, sa.or_(theirs, soon))
        .correlate(review_case)
        .limit(1)
        .scalar_subquery()
    )
    return sa.or_(waits.is_not(None), sa.func.coalesce(review_case.c.locked_by == analyst, sa.false()))


def _counted(*, only_waiting: bool = False) -> sa.ScalarSelect[int]:
    statement = sa.select(sa.func.count()).where(case_item.c.case_id == review_case.c.id)
    if only_waiting:
        statement = statement.where(case_item.c.waits_for.is_not(None))
    return statement.scalar_subquery()


def _case_item(row: Any) -> CaseItem:
    return CaseItem(
        case_id=CaseId(row.case_id),
        item_id=ItemId(row.item_id),
        joined_at=row.joined_at,
        waits_for=WaitsFor(row.waits_for) if row.waits_for else None,
        round=row.round,
    )


def _case(row: Any) -> Case:
    return Case(
        id=CaseId(row.id),
        number=row.number,
        purpose=Purpose(row.purpose),
        account_id=row.account_id,
        state=CaseState(row.state),
        priority=row.priority,
        priority_parts=tuple(PriorityPart(**part) for part in row.priority_parts),
        opened_at=row.opened_at,
        revision=row.revision,
        rehearsal=row.rehearsal,
        settled_at=row.settled_at,
        locked_by=row.locked_by,
        locked_until=row.locked_until,
    )
