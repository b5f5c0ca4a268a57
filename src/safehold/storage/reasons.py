"""What statements of reasons are made from: what was asked of a platform, without who approved it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import ItemId, OutcomeId, ProposalId
from safehold.model.proposal import ProposalKind, ProposalState
from safehold.storage.database import Tx
from safehold.storage.holds import hold
from safehold.storage.proposals import proposal

ASKED = (ProposalKind.REMOVE_ITEM, ProposalKind.ACCOUNT_ACTION)
"""The kinds that restrict somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOf:
    """A step that was approved and stands. policy: its name where no person approved it."""

    id: ProposalId
    kind: ProposalKind
    outcome_id: OutcomeId
    since: datetime
    policy: str | None


def asked_of_platforms(tx: Tx, item_id: ItemId) -> list[AskedOf]:
    """Return what was asked of the platform of an item and was not taken back, oldest first."""
    columns = (
        proposal.c.id,
        proposal.c.kind,
        proposal.c.outcome_id,
        proposal.c.decided_at,
        proposal.c.policy,
    )
    statement = (
        sa.select(*columns)
        .where(
            proposal.c.item_id == item_id,
            proposal.c.kind.in_([kind.value for kind in ASKED]),
            proposal.c.state == ProposalState.APPROVED.value,
        )
        .order_by(proposal.c.decided_at, proposal.c.id)
    )
    return [
        AskedOf(
            id=ProposalId(row.id),
            kind=ProposalKind(row.kind),
            outcome_id=OutcomeId(row.outcome_id),
            since=row.decided_at,
            policy=row.policy,
        )
        for row in tx.run(statement)
    ]


def item_of(tx: Tx, reference: UUID) -> ItemId | None:
    """Return the item of a hold or of a step that was asked of a platform, None where there is none."""
    held = sa.select(hold.c.item_id).where(hold.c.id == reference)
    asked = sa.select(proposal.c.item_id).where(
        proposal.c.id == reference, proposal.c.kind.in_([kind.value for kind in ASKED])
    )
    found = tx.run(held.union(asked)).scalar_one_or_none()
    return ItemId(found) if found else None
