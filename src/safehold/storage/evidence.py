"""What is sealed, the keys that open it, until when it is kept, and what was destroyed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.assessment import Finding
from safehold.model.errors import NotFound
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId, MediaId, ObjectId
from safehold.model.retention import Basis
from safehold.storage.alarms import UNDECIDED_TOO_LONG, alarm
from safehold.storage.assessments import CONFIRMING_STANDS, STANDS, outcome
from safehold.storage.audit_samples import audit_draw, nobody_assessed
from safehold.storage.cases import case_item
from safehold.storage.database import Tx
from safehold.storage.events import event
from safehold.storage.golden import golden_item
from safehold.storage.items import item
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes


class Rule(StrEnum):
    """Under which rule media is kept."""

    UNDECIDED = "undecided"
    NOT_CONFIRMED = "not_confirmed"
    CONFIRMED = "confirmed"
    AT_RISK = "at_risk"
    US_PRESERVATION = Basis.US_PRESERVATION.value
    UK_CONTENT = Basis.UK_CONTENT.value
    OPERATOR_TERM = Basis.OPERATOR_TERM.value
    LEGAL_HOLD = Basis.LEGAL_HOLD.value
    DESTROY_ORDER = Basis.DESTROY_ORDER.value


OF_CLOCKS = frozenset(Rule(each.value) for each in Basis if each is not Basis.UK_REFERENCE)
"""The rules that are a clock's: the others follow from what people decided, or have not."""


class ObjectRole(StrEnum):
    """What a sealed object is: the bytes as they came, or the safe picture made from them."""

    ORIGINAL = "original"
    RENDITION = "rendition"


sealed_object = sa.Table(
    "sealed_object",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("media_id", sa.ForeignKey("media.id"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sealed_at", Instant, nullable=False),
    sa.Column("destroyed_at", Instant),
    one_of("role", ObjectRole),
    sa.Index(
        "uq_sealed_object_live",
        "media_id",
        "role",
        unique=True,
        postgresql_where=sa.text("destroyed_at is null"),
    ),
)

# Apart from everything else: backed up apart, and destroying a row here destroys the object.
wrapped_key = sa.Table(
    "wrapped_key",
    metadata,
    sa.Column("object_id", sa.ForeignKey("sealed_object.id"), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)

retention = sa.Table(
    "retention",
    metadata,
    sa.Column("media_id", sa.ForeignKey("media.id"), primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    # NULL: never destroyed by the sweep.
    sa.Column("destroy_at", Instant),
    sa.Column("alarm_at", Instant),
    one_of("rule", Rule),
    # A hold that was lifted has a date: that of the lifting.
    sa.CheckConstraint(
        "rule = 'legal_hold' or (rule = 'confirmed') = (destroy_at is null)", name="confirmed_is_never_swept"
    ),
    sa.Index("ix_retention_due", "destroy_at", postgresql_where=sa.text("destroy_at is not null")),
)

destruction = sa.Table(
    "destruction",
    metadata,
    sa.Column("object_id", Uuid, primary_key=True),
    sa.Column("media_id", Uuid, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("destroyed_at", Instant, nullable=False),
    sa.Index("ix_destruction_media_id", "media_id"),
)

owned_by("evidence", sealed_object, wrapped_key, retention, destruction)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceObject:
    """One sealed object on record. media_type: of what comes out when it is opened."""

    id: ObjectId
    media_id: MediaId
    role: ObjectRole
    media_type: str
    size_bytes: int
    sealed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Until when media is kept, and why.

    destroy_at: None is for media that is confirmed and waits for its first clock, or under a legal hold.
    """

    rule: Rule
    since: datetime
    destroy_at: datetime | None = None
    alarm_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledOnce:
    """One outcome that an item has, or had until it was reversed. purpose: that of its case."""

    case_id: CaseId
    purpose: Purpose
    finding: Finding
    settled_at: datetime
    reversed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemHistory:
    """What retention asks of one item: when it came, the cases it is in, and every outcome it ever had.

    practice_until: until when a golden item is kept, which waits for no outcome; None of every other.
    unseen_until: until when one is kept that the lot fell on and nobody has assessed; None of every other.
    """

    received_at: datetime
    practice_until: datetime | None = None
    unseen_until: datetime | None = None
    cases: frozenset[CaseId] = frozenset()
    outcomes: tuple[SettledOnce, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """One line of the ledger: what was destroyed, when, and under which rule."""

    object_id: ObjectId
    media_id: MediaId
    role: ObjectRole
    rule: Rule
    destroyed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Openable:
    """A live object together with the key that opens it."""

    object: EvidenceObject
    wrapped_key: bytes = field(repr=False)


_OBJECT = [c for c in sealed_object.c if c.name != "destroyed_at"]


def media_of_item(tx: Tx, item_id: ItemId) -> MediaId | None:
    """Return the media of an item, None where only signals or messages came. Raises NotFound."""
    row = tx.run(sa.select(item.c.media_id).where(item.c.id == item_id)).first()
    if row is None:
        raise NotFound("There is no such item.")
    return MediaId(row.media_id) if row.media_id else None


def live_objects(tx: Tx, media_id: MediaId) -> list[EvidenceObject]:
    """Return the objects of some media that were not destroyed, the original first."""
    statement = (
        sa.select(*_OBJECT)
        .where(sealed_object.c.media_id == media_id, sealed_object.c.destroyed_at.is_(None))
        .order_by(sealed_object.c.role)
    )
    return [_object(row) for row in tx.run(statement).mappings()]


def ever_sealed(tx: Tx, media_id: MediaId) -> bool:
    """Say whether the media has or had a sealed object."""
    statement = sa.select(sealed_object.c.id).where(sealed_object.c.media_id == media_id).limit(1)
    return tx.run(statement).first() is not None


def openable(tx: Tx, media_id: MediaId, role: ObjectRole) -> Openable | None:
    """Return the live object of this role with its wrapped key, None when there is none."""
    statement = (
        sa.select(*_OBJECT, wrapped_key.c.wrapped)
        .join(wrapped_key, wrapped_key.c.object_id == sealed_object.c.id)
        .where(
            sealed_object.c.media_id == media_id,
            sealed_object.c.role == role,
            sealed_object.c.destroyed_at.is_(None),
        )
    )
    row = tx.run(statement).mappings().first()
    if row is None:
        return None
    found = {name: value for name, value in row.items() if name != "wrapped"}
    return Openable(object=_object(found), wrapped_key=bytes(row["wrapped"]))


@writes(sealed_object, wrapped_key)
def add_object(tx: Tx, new: EvidenceObject, wrapped: bytes) -> bool:
    """Record a sealed object and its key. False, and nothing written, when a live one has this role.

    A transaction that is recording or destroying the same media's object is waited for.
    """
    values = {name: getattr(new, name) for name in EvidenceObject.__slots__}
    statement = postgresql.insert(sealed_object).values(values).on_conflict_do_nothing()
    if tx.run(statement.returning(sealed_object.c.id)).first() is None:
        return False
    tx.run(wrapped_key.insert().values(object_id=new.id, wrapped=wrapped))
    return True


@writes(destruction, wrapped_key, sealed_object)
def destroy_object(tx: Tx, doomed: EvidenceObject, *, rule: Rule, at: datetime) -> None:
    """Write the ledger, delete the key and mark the object: from the commit on nobody can open it."""
    tx.run(
        destruction.insert().values(
            object_id=doomed.id, media_id=doomed.media_id, role=doomed.role, rule=rule, destroyed_at=at
        )
    )
    tx.run(wrapped_key.delete().where(wrapped_key.c.object_id == doomed.id))
    tx.run(sealed_object.update().where(sealed_object.c.id == doomed.id).values(destroyed_at=at))


def destroyed(tx: Tx, media_ids: Collection[MediaId]) -> dict[MediaId, Destruction]:
    """Return which of these media have no bytes left because they were destroyed, with the newest line."""
    kept = sa.select(retention.c.media_id).where(retention.c.media_id == destruction.c.media_id).exists()
    statement = (
        sa.select(destruction)
        .where(destruction.c.media_id.in_(media_ids), destruction.c.role == ObjectRole.ORIGINAL, ~kept)
        .order_by(destruction.c.destroyed_at)
    )
    return {line.media_id: line for line in map(_destruction, tx.run(statement).mappings())}


def retention_of(tx: Tx, media_id: MediaId) -> Retention | None:
    """Return until when some media is kept, None when nothing of it is kept."""
    found = retentions_of(tx, [media_id])
    return found[0] if found else None


def retentions_of(tx: Tx, media_ids: Collection[MediaId]) -> list[Retention]:
    """Return until when each of some media is kept, in no order; what is not kept is left out."""
    statement = sa.select(retention).where(retention.c.media_id.in_(media_ids))
    return [
        Retention(rule=Rule(row.rule), since=row.since, destroy_at=row.destroy_at, alarm_at=row.alarm_at)
        for row in tx.run(statement)
    ]


@writes(retention)
def set_retention(tx: Tx, media_id: MediaId, kept: Retention) -> None:
    """Record until when some media is kept, in place of what was recorded before."""
    values = {name: getattr(kept, name) for name in Retention.__slots__}
    statement = postgresql.insert(retention).values(media_id=media_id, **values)
    tx.run(statement.on_conflict_do_update(index_elements=[retention.c.media_id], set_=values))


@writes(retention)
def end_retention(tx: Tx, media_id: MediaId) -> None:
    """Forget until when some media was to be kept: nothing of it is left."""
    tx.run(retention.delete().where(retention.c.media_id == media_id))


def due(tx: Tx, *, now: datetime, limit: int) -> list[MediaId]:
    """Return media whose time is over, those due longest first."""
    statement = (
        sa.select(retention.c.media_id)
        .where(retention.c.destroy_at <= now)
        .order_by(retention.c.destroy_at)
        .limit(limit)
    )
    return [MediaId(row.media_id) for row in tx.run(statement)]


def overdue(tx: Tx, *, now: datetime, limit: int) -> list[MediaId]:
    """Return undecided media past their alarm date and not due yet, the oldest first.

    Left out is what an alarm was raised about since that date, standing or not: one occurrence, one alarm.
    """
    alarmed = sa.exists().where(
        alarm.c.code == UNDECIDED_TOO_LONG,
        alarm.c.subject == sa.func.concat("media:", retention.c.media_id),
        alarm.c.raised_at >= retention.c.alarm_at,
    )
    statement = (
        sa.select(retention.c.media_id)
        .where(
            retention.c.rule == Rule.UNDECIDED,
            retention.c.alarm_at <= now,
            retention.c.destroy_at > now,
            ~alarmed,
        )
        .order_by(retention.c.alarm_at)
        .limit(limit)
    )
    return [MediaId(row.media_id) for row in tx.run(statement)]


def still_overdue(tx: Tx, media: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Return which of these media are kept undecided past their alarm date."""
    statement = sa.select(retention.c.media_id).where(
        retention.c.media_id.in_(media), retention.c.rule == Rule.UNDECIDED, retention.c.alarm_at <= now
    )
    return set(tx.run(statement).scalars())


def still_unsealed(tx: Tx, items: Collection[UUID]) -> set[UUID]:
    """Return which of these items have no standing outcome, and media of which nothing is sealed."""
    statement = sa.select(item.c.id).where(
        item.c.id.in_(items),
        ~sa.exists().where(outcome.c.item_id == item.c.id, STANDS),
        ~sa.exists().where(
            sealed_object.c.media_id == item.c.media_id, sealed_object.c.destroyed_at.is_(None)
        ),
    )
    return set(tx.run(statement).scalars())


def no_longer_confirmed(tx: Tx, *, limit: int) -> list[MediaId]:
    """Return media kept because it was confirmed although no confirming outcome of its items stands.

    That is while it waits for a clock, and for the operator's term: what a law asks for does not end so.
    """
    stands = sa.exists(
        sa.select(outcome.c.id)
        .join(item, item.c.id == outcome.c.item_id)
        .where(
            item.c.media_id == retention.c.media_id,
            CONFIRMING_STANDS,
        )
    )
    statement = (
        sa.select(retention.c.media_id)
        .where(retention.c.rule.in_((Rule.CONFIRMED, Rule.OPERATOR_TERM)), ~stands)
        .order_by(retention.c.media_id)
        .limit(limit)
    )
    return [MediaId(row.media_id) for row in tx.run(statement)]


def confirmed(tx: Tx, *, after: MediaId | None = None, limit: int) -> list[MediaId]:
    """Return media of which an item has a confirming outcome that stands, by id, those above `after`."""
    statement = (
        sa.select(item.c.media_id)
        .join(outcome, outcome.c.item_id == item.c.id)
        .where(
            item.c.media_id.is_not(None),
            CONFIRMING_STANDS,
        )
        .distinct()
        .order_by(item.c.media_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(item.c.media_id > after)
    return [MediaId(row.media_id) for row in tx.run(statement)]


def is_confirmed(tx: Tx, media_id: MediaId) -> bool:
    """Say whether an item of some media has a confirming outcome that stands."""
    statement = (
        sa.select(outcome.c.id)
        .join(item, item.c.id == outcome.c.item_id)
        .where(
            item.c.media_id == media_id,
            CONFIRMING_STANDS,
        )
        .limit(1)
    )
    return tx.run(statement).first() is not None


def histories(tx: Tx, media_id: MediaId) -> list[ItemHistory]:
    """Return the history of every item of some media, oldest item first."""
    ours = sa.select(item.c.id).where(item.c.media_id == media_id)
    items = tx.run(
        sa.select(item.c.id, item.c.received_at, golden_item.c.until, audit_draw.c.until.label("unseen"))
        .outerjoin(golden_item, golden_item.c.item_id == item.c.id)
        .outerjoin(audit_draw, sa.and_(audit_draw.c.item_id == item.c.id, nobody_assessed(item.c.id)))
        .where(item.c.media_id == media_id)
        .order_by(item.c.received_at, item.c.id)
    ).all()
    joined = tx.run(sa.select(case_item).where(case_item.c.item_id.in_(ours))).all()
    settled = tx.run(
        sa.select(outcome).where(outcome.c.item_id.in_(ours)).order_by(outcome.c.settled_at)
    ).all()
    return [
        ItemHistory(
            received_at=one.received_at,
            practice_until=one.until,
            unseen_until=one.unseen,
            cases=frozenset(CaseId(row.case_id) for row in joined if row.item_id == one.id),
            outcomes=tuple(
                SettledOnce(
                    case_id=CaseId(row.case_id),
                    purpose=Purpose(row.purpose),
                    finding=Finding(row.finding),
                    settled_at=row.settled_at,
                    reversed_at=row.reversed_at,
                )
                for row in settled
                if row.item_id == one.id
            ),
        )
        for one in items
    ]


def preserved_since(tx: Tx, item_id: ItemId, case_id: CaseId, *, since: datetime) -> bool:
    """Say whether the preservation of an item of this case was recorded at `since` or later."""
    statement = (
        sa.select(event.c.id)
        .where(
            event.c.kind == "item_preserved",
            event.c.item_id == item_id,
            event.c.fields["case_id"].astext == str(case_id),
            event.c.at >= since,
        )
        .limit(1)
    )
    return tx.run(statement).first() is not None


def count_live(tx: Tx) -> int:
    """Return how many objects on record were not destroyed."""
    live = sa.select(sa.func.count()).where(sealed_object.c.destroyed_at.is_(None))
    return int(tx.run(live).scalar_one())


def on_record(tx: Tx, objects: Sequence[ObjectId]) -> dict[ObjectId, bool]:
    """Return which of these objects are on record, and of each whether it is live."""
    statement = sa.select(sealed_object.c.id, sealed_object.c.destroyed_at).where(
        sealed_object.c.id.in_(objects)
    )
    return {ObjectId(row.id): row.destroyed_at is None for row in tx.run(statement)}


def ledger(tx: Tx, *, objects: Collection[ObjectId] | None = None) -> list[Destruction]:
    """Return the destruction ledger, oldest first; only what concerns `objects` when they are given."""
    statement = sa.select(destruction).order_by(destruction.c.destroyed_at, destruction.c.object_id)
    if objects is not None:
        statement = statement.where(destruction.c.object_id.in_(objects))
    return [_destruction(row) for row in tx.run(statement).mappings()]


def _destruction(row: Mapping[Any, Any]) -> Destruction:
    return Destruction(**{**row, "role": ObjectRole(row["role"]), "rule": Rule(row["rule"])})


def _object(row: Mapping[Any, Any]) -> EvidenceObject:
    return EvidenceObject(**{**row, "role": ObjectRole(row["role"])})
