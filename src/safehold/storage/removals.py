"""Removals: when a platform says that what it was asked to remove is gone. Each is told once, and stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import CaseId, ItemId, KeyId, ProposalId
from safehold.model.proposal import ProposalKind, ProposalState
from safehold.storage.database import Tx
from safehold.storage.proposals import proposal
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

removal = sa.Table(
    "removal",
    metadata,
    sa.Column("proposal_id", sa.ForeignKey("proposal.id"), primary_key=True),
    sa.Column("gone_at", Instant, nullable=False),
    sa.Column("told_at", Instant, nullable=False),
    # The key with which it was told; keys outlive their use.
    sa.Column("told_by", Uuid),
    sa.CheckConstraint("gone_at <= told_at", name="told_afterwards"),
)

owned_by("act", removal)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a platform was asked to remove: by which step, since when."""

    proposal_id: ProposalId
    case_id: CaseId
    at: datetime


def asked(tx: Tx, item_id: ItemId) -> Asked | None:
    """Return the last approved removal of an item, None where nobody has asked for one."""
    found = tx.run(
        sa.select(proposal.c.id, proposal.c.case_id, proposal.c.decided_at)
        .where(
            proposal.c.item_id == item_id,
            proposal.c.kind == ProposalKind.REMOVE_ITEM,
            proposal.c.state == ProposalState.APPROVED,
        )
        .order_by(proposal.c.decided_at.desc())
        .limit(1)
    ).one_or_none()
    return Asked(ProposalId(found.id), CaseId(found.case_id), found.decided_at) if found else None


@writes(removal)
def add(
    tx: Tx, proposal_id: ProposalId, *, gone_at: datetime, told_at: datetime, told_by: KeyId | None
) -> bool:
    """Write down that it is gone. False where that was told before: the first word stays."""
    statement = (
        insert(removal)
        .values(proposal_id=proposal_id, gone_at=gone_at, told_at=told_at, told_by=told_by)
        .on_conflict_do_nothing(index_elements=["proposal_id"])
        .returning(removal.c.proposal_id)
    )
    return tx.run(statement).first() is not None


def gone_at(tx: Tx, proposal_id: ProposalId) -> datetime | None:
    """Return since when it is gone, as it was told, None where nobody told."""
    found: datetime | None = tx.run(
        sa.select(removal.c.gone_at).where(removal.c.proposal_id == proposal_id)
    ).scalar_one_or_none()
    return found
