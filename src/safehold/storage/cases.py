"""Cases, and the items in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.band import Band
from safehold.model.case import Case, CaseState, WaitsFor, readable_parts
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, ItemId, UserId
from safehold.model.queue import Stage
from safehold.storage import turns
from safehold.storage.assessments import CONFIRMING_STANDS, STANDS, outcome
from safehold.storage.database import Tx
from safehold.storage.items import item_context
from safehold.storage.tables import (
    Instant,
    Json,
    TextArray,
    Uuid,
    array_of,
    metadata,
    one_of,
    owned_by,
    writes,
)

LANE = ("purpose", "stage", "for_lead", "other_purposes", "exposure_kinds", "skills", "band")
"""What all cases of one lane have in common: by it, it is settled who may go on with them."""

review_case = sa.Table(
    "review_case",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(start=1001), nullable=False, unique=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text),
    # The account where one is known, else the media or item: what "one open case" is counted by. The case
    # itself once its account was forgotten.
    sa.Column("gathered_by", sa.Text, nullable=False),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("priority_parts", Json, nullable=False),
    # What one would look at in it, as far as that is known: nobody is offered what they opted out of.
    sa.Column("exposure_kinds", TextArray, nullable=False, server_default="{}"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("locked_by", sa.ForeignKey("app_user.id")),
    sa.Column("locked_until", Instant),
    # Further purposes for which an item in it lies in a case: whoever is not in all of them knows none of it.
    sa.Column("other_purposes", TextArray, nullable=False, server_default="{}"),
    sa.Column("skills", TextArray, nullable=False, server_default="{}"),
    # Kept by a trigger on its items: who can go on with it.
    sa.Column("stage", sa.Text, nullable=False, server_default=Stage.NOBODY.value),
    sa.Column("for_lead", sa.Boolean, nullable=False, server_default=sa.false()),
    # Where machines alone ask for a look and nobody has looked: how strongly. Empty for all else.
    sa.Column("band", sa.Text, nullable=False, server_default=""),
    # When it was opened, earlier by what makes it urgent: the order in which cases are offered.
    sa.Column("turn_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("decide_by", Instant),
    # When its parts weigh something else though nothing happens.
    sa.Column("weigh_at", Instant),
    # Kept by triggers: what filters ask of its items, what these matched, and why it is urgent, each as a
    # text. See `case_filters`.
    sa.Column("traits", TextArray, nullable=False, server_default="{}"),
    one_of("purpose", Purpose),
    one_of("stage", Stage),
    sa.CheckConstraint(f"band = '' or band = any({array_of(Band)})", name="band_known"),
    sa.CheckConstraint(f"other_purposes <@ {array_of(Purpose)}", name="other_purposes_known"),
    one_of("state", CaseState),
    sa.CheckConstraint(f"exposure_kinds <@ {array_of(ExposureKind)}", name="exposure_kinds_known"),
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
    sa.Index(
        "ix_review_case_lane",
        *LANE,
        "turn_at",
        "id",
        postgresql_where=sa.text("state = 'open'"),
    ),
    sa.Index("ix_review_case_decide_by", "decide_by", postgresql_where=sa.text("state = 'open'")),
    sa.Index("ix_review_case_weigh_at", "weigh_at", postgresql_where=sa.text("state = 'open'")),
    # Without a list of what is still to be put in order: every search would read through that.
    sa.Index(
        "ix_review_case_traits",
        "traits",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "false"},
        postgresql_where=sa.text("state = 'open'"),
    ),
    sa.Index("ix_review_case_account_id", "account_id", postgresql_where=sa.text("account_id is not null")),
    sa.Index("ix_review_case_locked_by", "locked_by", postgresql_where=sa.text("locked_by is not null")),
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

owned_by("review", review_case, case_item)


ASSESSED = case_item.c.waits_for.in_([each.value for each in (*turns.A_LOOK, *turns.ANOTHERS, WaitsFor.LEAD)])
"""What people assessed and what waits all the same, as a condition for statements."""

_STANDING = tuple(
    review_case.c[name]
    for name in ("id", "number", "purpose", "state", "rehearsal", "opened_at", "settled_at")
)


@dataclass(frozen=True, slots=True)
class Gathering:
    """What belongs into one open case. by: "account:…" where an account is known, else media or item.

    A case whose account was forgotten gathers by itself, "case:…", and so nothing more.
    """

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
            turn_at=case.opened_at,
            revision=case.revision,
        )
        .returning(review_case)
    )
    return case_of(tx.run(statement).one())


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
    return case_of(row) if row else None


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


def current_of_item(tx: Tx, item_id: ItemId) -> CaseId | None:
    """Return the case in which an item waits, else that of its outcome, else the one that it joined last.

    None where it is in none. A case that was merged into another has its items still; nothing waits there.
    """
    waits = case_item.c.waits_for.is_not(None)
    settled = sa.exists().where(
        outcome.c.case_id == case_item.c.case_id, outcome.c.item_id == case_item.c.item_id, STANDS
    )
    statement = (
        sa.select(case_item.c.case_id)
        .where(case_item.c.item_id == item_id)
        .order_by(waits.desc(), settled.desc(), case_item.c.joined_at.desc(), case_item.c.case_id.desc())
        .limit(1)
    )
    found = tx.run(statement).scalar_one_or_none()
    return CaseId(found) if found else None


def get(tx: Tx, case_id: CaseId, *, for_change: bool = False) -> Case | None:
    """Return one case, None when there is none. for_change: nobody else changes it until the end."""
    statement = sa.select(review_case).where(review_case.c.id == case_id)
    row = tx.run(statement.with_for_update() if for_change else statement).first()
    return case_of(row) if row else None


def id_of_number(tx: Tx, number: int) -> CaseId | None:
    """Return the case that people call by this number, None when there is none."""
    row = tx.run(sa.select(review_case.c.id).where(review_case.c.number == number)).first()
    return CaseId(row.id) if row else None


def numbers(tx: Tx, case_ids: Iterable[CaseId]) -> dict[CaseId, int]:
    """Return what people call these cases."""
    statement = sa.select(review_case.c.id, review_case.c.number).where(review_case.c.id.in_(list(case_ids)))
    return {CaseId(row.id): row.number for row in tx.run(statement)}


def size(tx: Tx, case_id: CaseId) -> int:
    """Return how many items are in a case, or were until they went on in another."""
    return int(tx.run(sa.select(sa.func.count()).where(case_item.c.case_id == case_id)).scalar_one())


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
    return [case_of(row) for row in tx.run(statement)]


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
def set_settled(tx: Tx, case_id: CaseId, *, at: datetime | None) -> None:
    """Settle the case at this instant, or open it again when `at` is None. Either way nobody holds it."""
    state = CaseState.OPEN if at is None else CaseState.SETTLED
    tx.run(
        review_case.update()
        .where(review_case.c.id == case_id)
        .values(state=state.value, settled_at=at, locked_by=None, locked_until=None)
    )


@writes(review_case)
def forget_accounts(tx: Tx, *, limit: int) -> list[CaseId]:
    """Erase the account of cases of which nothing says any more where an item appeared; return them, locked.

    A case keeps its account as long as one of its items has its context, or is confirmed. One that somebody
    is changing at this instant is left for another time. What is forgotten gathers nothing more: the account
    may have another case at once.
    """
    idle = sa.select(review_case.c.id).where(review_case.c.account_id.is_not(None), nothing_left())
    locked = idle.order_by(review_case.c.id).limit(limit).with_for_update(skip_locked=True)
    case_ids = list(tx.run(locked).scalars())
    # Asked again under the lock: an item may have joined since the first question was begun.
    statement = (
        review_case.update()
        .where(review_case.c.id.in_(case_ids), nothing_left())
        .values(account_id=None, gathered_by=sa.func.concat("case:", review_case.c.id))
        .returning(review_case.c.id)
    )
    return [CaseId(case_id) for case_id in tx.run(statement).scalars()]


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


def items_of(tx: Tx, case_id: CaseId, *, first: int = 0, most: int | None = None) -> list[CaseItem]:
    """Return the items of a case in the order in which they joined: `most` of them behind the first ones."""
    statement = (
        sa.select(case_item)
        .where(case_item.c.case_id == case_id)
        .order_by(case_item.c.joined_at, case_item.c.item_id)
        .offset(first)
        .limit(most)
    )
    return [case_item_of(row) for row in tx.run(statement)]


def place_of(tx: Tx, case_id: CaseId, item_id: ItemId) -> int | None:
    """Return how many items of the case joined before this one, None when it is not in it."""
    own = item_in(tx, case_id, item_id)
    if own is None:
        return None
    key = sa.tuple_(case_item.c.joined_at, case_item.c.item_id)
    before = sa.select(sa.func.count()).where(
        case_item.c.case_id == case_id, key < sa.tuple_(own.joined_at, item_id)
    )
    return int(tx.run(before).scalar_one())


def assessed_and_waiting(tx: Tx, *, after: tuple[UUID, UUID], limit: int) -> list[tuple[CaseId, ItemId]]:
    """Return items that people assessed and that wait all the same, by case and item, after this pair."""
    key = sa.tuple_(case_item.c.case_id, case_item.c.item_id)
    statement = (
        sa.select(case_item.c.case_id, case_item.c.item_id)
        .where(ASSESSED, key > sa.tuple_(*after))
        .order_by(case_item.c.case_id, case_item.c.item_id)
        .limit(limit)
    )
    return [(CaseId(row.case_id), ItemId(row.item_id)) for row in tx.run(statement)]


def item_in(tx: Tx, case_id: CaseId, item_id: ItemId) -> CaseItem | None:
    """Return the item's place in the case, None when it is not in it."""
    statement = sa.select(case_item).where(case_item.c.case_id == case_id, case_item.c.item_id == item_id)
    row = tx.run(statement).first()
    return case_item_of(row) if row else None


def nothing_left() -> sa.ColumnElement[bool]:
    """Return the condition that no item of a case has its context or is confirmed."""
    ours = case_item.c.case_id == review_case.c.id
    seen = sa.exists().where(ours, item_context.c.item_id == case_item.c.item_id)
    confirmed = sa.exists().where(ours, outcome.c.item_id == case_item.c.item_id, CONFIRMING_STANDS)
    return ~seen & ~confirmed


def case_item_of(row: Any) -> CaseItem:
    """Return the place of a row that has all columns of one."""
    return CaseItem(
        case_id=CaseId(row.case_id),
        item_id=ItemId(row.item_id),
        joined_at=row.joined_at,
        waits_for=WaitsFor(row.waits_for) if row.waits_for else None,
        round=row.round,
    )


def case_of(row: Any) -> Case:
    """Return the case of a row that has all columns of one."""
    return Case(
        id=CaseId(row.id),
        number=row.number,
        purpose=Purpose(row.purpose),
        account_id=row.account_id,
        state=CaseState(row.state),
        priority=row.priority,
        priority_parts=readable_parts(row.priority_parts),
        opened_at=row.opened_at,
        revision=row.revision,
        rehearsal=row.rehearsal,
        exposure_kinds=frozenset(ExposureKind(kind) for kind in row.exposure_kinds),
        settled_at=row.settled_at,
        locked_by=row.locked_by,
        locked_until=row.locked_until,
        skills=frozenset(row.skills),
        for_lead=row.for_lead,
        decide_by=row.decide_by,
        band=Band(row.band) if row.band else None,
    )
