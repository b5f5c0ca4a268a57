"""Proposals: planned steps that wait for a person or a named policy. Each rests on what a person decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.case import SubjectPart
from safehold.model.ids import CaseId, EmergencyId, ItemId, OutcomeId, ProposalId, SubjectId, UserId
from safehold.model.proposal import Proposal, ProposalKind, ProposalState
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("outcome_id", sa.ForeignKey("outcome.id")),
    # A report of a risk to life rests on its declaration, and waits for no outcome.
    sa.Column("emergency_id", sa.ForeignKey("emergency.id")),
    sa.Column("subject_id", Uuid),
    sa.Column("subject_part", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("planned_at", Instant, nullable=False),
    sa.Column("approved_by", sa.ForeignKey("app_user.id")),
    sa.Column("policy", sa.Text),
    sa.Column("decided_at", Instant),
    one_of("kind", ProposalKind),
    one_of("state", ProposalState),
    # The part travels with the subject: while it is unknown or victim, nothing naming the person can stand.
    sa.ForeignKeyConstraint(
        ["subject_id", "subject_part"],
        ["subject.id", "subject.part"],
        name="fk_proposal_subject",
        onupdate="CASCADE",
    ),
    sa.CheckConstraint(
        "(kind = 'account_action') = (subject_id is not null)", name="account_action_names_subject"
    ),
    sa.CheckConstraint(
        # Without the first half, a part of NULL would satisfy the check and the foreign key alike.
        "kind <> 'account_action' or state in ('declined', 'withdrawn')"
        " or (subject_part is not null and subject_part in ('suspected', 'reporter', 'bystander'))",
        name="never_against_unknown_or_victim",
    ),
    sa.CheckConstraint(
        "state <> 'approved' or ((approved_by is null) <> (policy is null))",
        name="approved_by_person_or_policy",
    ),
    sa.CheckConstraint("(state = 'waiting') = (decided_at is null)", name="decided_together"),
    sa.CheckConstraint(
        "(outcome_id is null) = (kind = 'urgent_report')"
        " and (emergency_id is not null) = (kind = 'urgent_report')",
        name="rests_on_people",
    ),
    # Nothing but a person answers for what nobody has assessed yet.
    sa.CheckConstraint("kind <> 'urgent_report' or policy is null", name="urgent_report_by_a_person"),
    sa.Index(
        "uq_proposal_once",
        "outcome_id",
        "kind",
        "subject_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("outcome_id is not null"),
    ),
    sa.Index("uq_proposal_emergency_id", "emergency_id", unique=True),
    sa.Index("ix_proposal_case_id", "case_id"),
)

owned_by("app", proposal)


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """A proposal with what it rests on: an outcome, or the declaration of a risk to life."""

    proposal: Proposal
    outcome_id: OutcomeId | None
    emergency_id: EmergencyId | None = None


@writes(proposal)
def insert_proposal(tx: Tx, planned: Proposal, *, outcome_id: OutcomeId, part: SubjectPart | None) -> bool:
    """Add a proposal. False when the same one was planned for this outcome before.

    part: the subject's part as it is now, for an account action.
    """
    statement = (
        insert(proposal)
        .values(
            id=planned.id,
            kind=planned.kind,
            item_id=planned.item_id,
            case_id=planned.case_id,
            outcome_id=outcome_id,
            subject_id=planned.subject_id,
            subject_part=part,
            state=planned.state,
            planned_at=planned.planned_at,
            approved_by=planned.approved_by,
            policy=planned.policy,
            decided_at=planned.decided_at,
        )
        .on_conflict_do_nothing(
            index_elements=["outcome_id", "kind", "subject_id"],
            index_where=proposal.c.outcome_id.is_not(None),
        )
        .returning(proposal.c.id)
    )
    return tx.run(statement).first() is not None


@writes(proposal)
def insert_urgent_report(tx: Tx, planned: Proposal, *, emergency_id: EmergencyId) -> bool:
    """Add the report of a risk to life. False when it is there already.

    It names no outcome: the role under which pages are served could add no other kind of proposal.
    """
    statement = insert(proposal).values(
        id=planned.id,
        kind=planned.kind,
        item_id=planned.item_id,
        case_id=planned.case_id,
        emergency_id=emergency_id,
        state=planned.state,
        planned_at=planned.planned_at,
    )
    once = statement.on_conflict_do_nothing(index_elements=["emergency_id"])
    return tx.run(once.returning(proposal.c.id)).first() is not None


def of_emergency(tx: Tx, emergency_id: EmergencyId) -> StoredProposal | None:
    """Return the report that rests on a declaration, None when there is none."""
    found = tx.run(sa.select(proposal).where(proposal.c.emergency_id == emergency_id)).one_or_none()
    return _stored(found) if found else None


def item_of(tx: Tx, proposal_id: ProposalId) -> ItemId | None:
    """Return the item that a proposal is about, None when there is no such proposal."""
    found = tx.run(sa.select(proposal.c.item_id).where(proposal.c.id == proposal_id)).scalar_one_or_none()
    return ItemId(found) if found else None


def was_approved(
    tx: Tx, proposal_id: ProposalId, *, item_id: ItemId, case_id: CaseId, kind: ProposalKind
) -> bool:
    """Say whether this very step was approved by a person or a named policy, withdrawn since or not."""
    approved = sa.exists().where(
        proposal.c.id == proposal_id,
        proposal.c.item_id == item_id,
        proposal.c.case_id == case_id,
        proposal.c.kind == kind.value,
        sa.or_(proposal.c.approved_by.is_not(None), proposal.c.policy.is_not(None)),
    )
    return bool(tx.run(sa.select(approved)).scalar_one())


def load(tx: Tx, proposal_id: ProposalId) -> StoredProposal | None:
    """Return one proposal, locked until the transaction ends."""
    row = tx.run(sa.select(proposal).where(proposal.c.id == proposal_id).with_for_update()).first()
    return _stored(row) if row else None


def of_case(tx: Tx, case_id: CaseId) -> list[StoredProposal]:
    """Return the proposals of a case, oldest first."""
    statement = sa.select(proposal).where(proposal.c.case_id == case_id).order_by(proposal.c.planned_at)
    return [_stored(row) for row in tx.run(statement)]


def of_item(tx: Tx, item_id: ItemId) -> list[StoredProposal]:
    """Return the proposals about an item, oldest first, locked until the transaction ends."""
    statement = (
        sa.select(proposal)
        .where(proposal.c.item_id == item_id)
        .order_by(proposal.c.planned_at)
        .with_for_update()
    )
    return [_stored(row) for row in tx.run(statement)]


@writes(proposal)
def approve(
    tx: Tx, proposal_id: ProposalId, *, now: datetime, by: UserId | None = None, policy: str | None = None
) -> None:
    """Approve a proposal, by a person or by a named policy: exactly one of them, or the database refuses."""
    values = {"state": ProposalState.APPROVED, "decided_at": now, "approved_by": by, "policy": policy}
    tx.run(proposal.update().where(proposal.c.id == proposal_id).values(values))


@writes(proposal)
def close(tx: Tx, proposal_id: ProposalId, *, state: ProposalState, now: datetime) -> None:
    """Decline or withdraw a proposal. Who had approved it stays on record."""
    tx.run(proposal.update().where(proposal.c.id == proposal_id).values(state=state, decided_at=now))


def _stored(row: Any) -> StoredProposal:
    return StoredProposal(
        Proposal(
            id=ProposalId(row.id),
            kind=ProposalKind(row.kind),
            item_id=ItemId(row.item_id),
            case_id=CaseId(row.case_id),
            state=ProposalState(row.state),
            planned_at=row.planned_at,
            subject_id=SubjectId(row.subject_id) if row.subject_id else None,
            approved_by=UserId(row.approved_by) if row.approved_by else None,
            policy=row.policy,
            decided_at=row.decided_at,
        ),
        OutcomeId(row.outcome_id) if row.outcome_id else None,
        EmergencyId(row.emergency_id) if row.emergency_id else None,
    )
