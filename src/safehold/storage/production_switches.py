"""The switch by which reports to a destination are meant: asked for by one person, approved by another."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.ids import SwitchId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

production_switch = sa.Table(
    "production_switch",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    # As the settings name it.
    sa.Column("destination", sa.Text, nullable=False),
    # Of its address and our user name there: it counts for no other.
    sa.Column("address_digest", sa.LargeBinary, nullable=False),
    sa.Column("asked_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("approved_by", sa.ForeignKey("app_user.id")),
    # Where one person works alone, somebody outside signs; by which key, and the signature.
    sa.Column("signed_with", sa.LargeBinary),
    sa.Column("signature", sa.LargeBinary),
    sa.Column("approved_at", Instant),
    sa.Column("ended_by", sa.ForeignKey("app_user.id")),
    sa.Column("ended_at", Instant),
    sa.CheckConstraint("octet_length(address_digest) = 32", name="digest_whole"),
    sa.CheckConstraint("approved_by is null or approved_by <> asked_by", name="approved_by_another"),
    sa.CheckConstraint("(signature is null) = (signed_with is null)", name="signed_together"),
    sa.CheckConstraint(
        "(approved_at is not null) = (approved_by is not null or signature is not null)",
        name="two_have_agreed",
    ),
    sa.CheckConstraint("(ended_at is null) = (ended_by is null)", name="ended_by_somebody"),
    sa.Index(
        "uq_production_switch_live", "destination", unique=True, postgresql_where=sa.text("ended_at is null")
    ),
)

owned_by("authorities", production_switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionSwitch:
    """A switch, on from its approval to its end. approved_by: None where somebody outside signed."""

    id: SwitchId
    destination: str
    address_digest: bytes = field(repr=False)
    asked_by: UserId
    asked_at: datetime
    approved_by: UserId | None = None
    approved_at: datetime | None = None


_COLUMNS = tuple(production_switch.c[name] for name in ProductionSwitch.__slots__)


@writes(production_switch)
def insert(tx: Tx, asked: ProductionSwitch) -> bool:
    """Add a switch that waits for approval. False where the destination has one that was not ended."""
    values = {name: getattr(asked, name) for name in ProductionSwitch.__slots__}
    statement = postgresql.insert(production_switch).values(values).on_conflict_do_nothing()
    return tx.run(statement.returning(production_switch.c.id)).first() is not None


@writes(production_switch)
def set_approved(
    tx: Tx,
    switch_id: SwitchId,
    *,
    at: datetime,
    by: UserId | None = None,
    signed_with: bytes | None = None,
    signature: bytes | None = None,
) -> bool:
    """Approve a switch that waits. False where it was approved or ended before."""
    waits = production_switch.update().where(
        production_switch.c.id == switch_id,
        production_switch.c.approved_at.is_(None),
        production_switch.c.ended_at.is_(None),
    )
    values = {"approved_at": at, "approved_by": by, "signed_with": signed_with, "signature": signature}
    return tx.run(waits.values(values)).rowcount == 1


@writes(production_switch)
def set_ended(tx: Tx, switch_id: SwitchId, *, by: UserId, at: datetime) -> bool:
    """End a switch. False where it was ended before."""
    live = production_switch.update().where(
        production_switch.c.id == switch_id, production_switch.c.ended_at.is_(None)
    )
    return tx.run(live.values(ended_by=by, ended_at=at)).rowcount == 1


def live(tx: Tx, destination: str, *, for_change: bool = False) -> ProductionSwitch | None:
    """Return the switch of a destination that was not ended, approved or not; None where there is none."""
    statement = sa.select(*_COLUMNS).where(
        production_switch.c.destination == destination, production_switch.c.ended_at.is_(None)
    )
    row: Any = tx.run(statement.with_for_update() if for_change else statement).mappings().one_or_none()
    return ProductionSwitch(**row) if row else None
