"""Bundles for hand-over: who asked for which items and for whom, who agreed, how often it was made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import BundleId, CaseId, ItemId, UserId
from safehold.storage.case_moves import case_move, case_move_item
from safehold.storage.cases import case_item
from safehold.storage.database import Tx
from safehold.storage.evidence import ObjectRole, sealed_object
from safehold.storage.items import item
from safehold.storage.tables import Instant, TextArray, Uuid, metadata, owned_by, writes

bundle_request = sa.Table(
    "bundle_request",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("asked_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    # Public keys, as age writes them, and in words who has their private halves and what for.
    sa.Column("recipients", TextArray, nullable=False),
    sa.Column("recipient_name", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    # NULL while nobody has decided.
    sa.Column("approved", sa.Boolean),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", sa.ForeignKey("app_user.id")),
    # Of somebody outside, where one person works here: over the statement of the request.
    sa.Column("co_signature", sa.LargeBinary),
    sa.Column("co_signer", sa.LargeBinary),
    sa.Column("made", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("made_at", Instant),
    # Of the one that was made whole last: what was signed, and its items with their bytes and without.
    sa.Column("signed_sha256", sa.LargeBinary),
    sa.Column("held", sa.Integer),
    sa.Column("not_held", sa.Integer),
    sa.CheckConstraint("cardinality(recipients) between 1 and 8", name="has_recipients"),
    sa.CheckConstraint(
        "length(btrim(recipient_name)) between 3 and 200 and length(btrim(purpose)) between 10 and 1000",
        name="says_for_whom_and_why",
    ),
    sa.CheckConstraint(
        "approved is not true or"
        " ((decided_by is not null and decided_by <> asked_by) <> (co_signature is not null))",
        name="takes_two",
    ),
    sa.CheckConstraint("(approved is null) = (decided_at is null)", name="decided_together"),
    sa.CheckConstraint("(co_signature is null) = (co_signer is null)", name="signed_by_somebody"),
    sa.CheckConstraint("made between 0 and 3 and (made = 0 or approved is true)", name="made_as_approved"),
    sa.CheckConstraint(
        "(made = 0) = (made_at is null) and made_at < asked_at + interval '7 days'", name="made_in_time"
    ),
    sa.CheckConstraint("octet_length(signed_sha256) = 32", name="signed_sha256_length"),
    sa.CheckConstraint(
        "num_nonnulls(signed_sha256, held, not_held) in (0, 3) and (signed_sha256 is null or made > 0)",
        name="made_whole",
    ),
    sa.Index("ix_bundle_request_asked_at", "asked_at"),
)

# What was asked for is what goes out: an item that joins the case later is not among it.
bundle_item = sa.Table(
    "bundle_item",
    metadata,
    sa.Column("bundle_id", sa.ForeignKey("bundle_request.id"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
    sa.Column("place", sa.SmallInteger, nullable=False),
    sa.UniqueConstraint("bundle_id", "place", name="uq_bundle_item_place"),
)

owned_by("evidence", bundle_request, bundle_item)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRequest:
    """A wish to hand evidence over.

    items: what exactly, in the order of the bundle. recipients: as age writes public keys. approved: None
    while nobody has decided. decided_by: the second person; None where somebody outside has signed, whose
    signature and public key, raw, then are here. made: how often it was made. signed_sha256, held,
    not_held: of the one that was made whole last, the digest of its signed sums, and how many items are in it
    with their bytes and without.
    """

    id: BundleId
    asked_by: UserId
    asked_at: datetime
    items: tuple[ItemId, ...]
    recipients: tuple[str, ...]
    recipient_name: str = field(repr=False)
    purpose: str = field(repr=False)
    approved: bool | None = None
    decided_at: datetime | None = None
    decided_by: UserId | None = None
    co_signature: bytes | None = field(default=None, repr=False)
    co_signer: bytes | None = field(default=None, repr=False)
    made: int = 0
    made_at: datetime | None = None
    signed_sha256: bytes | None = field(default=None, repr=False)
    held: int | None = None
    not_held: int | None = None


@writes(bundle_request, bundle_item)
def insert(tx: Tx, asked: BundleRequest) -> None:
    """Record that somebody asks for a bundle."""
    tx.run(
        bundle_request.insert().values(
            id=asked.id,
            asked_by=asked.asked_by,
            asked_at=asked.asked_at,
            recipients=list(asked.recipients),
            recipient_name=asked.recipient_name,
            purpose=asked.purpose,
        )
    )
    rows = [
        {"bundle_id": asked.id, "item_id": item_id, "place": place}
        for place, item_id in enumerate(asked.items)
    ]
    tx.run(bundle_item.insert(), rows)


@writes(bundle_request)
def set_decided(tx: Tx, bundle_id: BundleId, *, approved: bool, by: UserId | None, at: datetime) -> None:
    """Record what the second person, or whoever took the request back, decided."""
    values = {"approved": approved, "decided_by": by, "decided_at": at}
    tx.run(bundle_request.update().where(bundle_request.c.id == bundle_id).values(values))


@writes(bundle_request)
def set_signed(tx: Tx, bundle_id: BundleId, *, signature: bytes, key: bytes, at: datetime) -> None:
    """Record that somebody outside has signed the request. key: their public key, raw."""
    values = {"approved": True, "decided_at": at, "co_signature": signature, "co_signer": key}
    tx.run(bundle_request.update().where(bundle_request.c.id == bundle_id).values(values))


@writes(bundle_request)
def count_making(tx: Tx, bundle_id: BundleId, *, at: datetime) -> None:
    """Record that the bundle is about to be made once more. Too often, or too late, the database refuses."""
    values = {"made": bundle_request.c.made + 1, "made_at": at}
    tx.run(bundle_request.update().where(bundle_request.c.id == bundle_id).values(values))


@writes(bundle_request)
def set_made(tx: Tx, bundle_id: BundleId, *, signed: bytes, held: int, not_held: int) -> None:
    """Record what the bundle that was made last is known by, and how much is in it."""
    values = {"signed_sha256": signed, "held": held, "not_held": not_held}
    tx.run(bundle_request.update().where(bundle_request.c.id == bundle_id).values(values))


def get(tx: Tx, bundle_id: BundleId, *, for_change: bool = False) -> BundleRequest | None:
    """Return one, None when there is none. for_change: nobody else changes it until the end."""
    statement = sa.select(bundle_request).where(bundle_request.c.id == bundle_id)
    found = _found(tx, statement.with_for_update() if for_change else statement)
    return found[0] if found else None


def newest(tx: Tx, *, limit: int) -> list[BundleRequest]:
    """Return what was asked for last, the newest first."""
    statement = sa.select(bundle_request).order_by(bundle_request.c.asked_at.desc(), bundle_request.c.id)
    return _found(tx, statement.limit(limit))


def with_bytes(tx: Tx, bundle_ids: Collection[BundleId]) -> dict[BundleId, int]:
    """Return how many items of each of these requests have bytes that are sealed now."""
    live = (sealed_object.c.media_id == item.c.media_id) & sealed_object.c.destroyed_at.is_(None)
    sealed = sa.exists(sealed_object.c.id).where(live, sealed_object.c.role == ObjectRole.ORIGINAL)
    statement = (
        sa.select(bundle_item.c.bundle_id, sa.func.count().filter(sealed).label("held"))
        .join(item, item.c.id == bundle_item.c.item_id)
        .where(bundle_item.c.bundle_id.in_(bundle_ids))
        .group_by(bundle_item.c.bundle_id)
    )
    return {BundleId(row.bundle_id): row.held for row in tx.run(statement)}


def items_of_case(tx: Tx, case_id: CaseId, *, limit: int) -> list[ItemId]:
    """Return items of a case that have not gone on in another, in the order in which they joined."""
    went_on = sa.exists().where(
        case_move.c.id == case_move_item.c.move_id,
        case_move_item.c.item_id == case_item.c.item_id,
        case_move.c.from_case == case_id,
        case_move.c.undone_at.is_(None),
    )
    statement = (
        sa.select(case_item.c.item_id)
        .where(case_item.c.case_id == case_id, ~went_on)
        .order_by(case_item.c.joined_at, case_item.c.item_id)
        .limit(limit)
    )
    return [ItemId(found) for found in tx.run(statement).scalars()]


def existing(tx: Tx, item_id: ItemId) -> bool:
    """Say whether there is such an item."""
    return tx.run(sa.select(item.c.id).where(item.c.id == item_id)).first() is not None


def _found(tx: Tx, statement: sa.Select[Any]) -> list[BundleRequest]:
    rows = list(tx.run(statement).mappings())
    items: dict[UUID, list[ItemId]] = {row["id"]: [] for row in rows}
    if rows:
        members = (
            sa.select(bundle_item)
            .where(bundle_item.c.bundle_id.in_(list(items)))
            .order_by(bundle_item.c.bundle_id, bundle_item.c.place)
        )
        for member in tx.run(members):
            items[member.bundle_id].append(ItemId(member.item_id))
    return [
        BundleRequest(**{**row, "items": tuple(items[row["id"]]), "recipients": tuple(row["recipients"])})
        for row in rows
    ]
