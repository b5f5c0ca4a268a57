"""Proposals: what the stages plan once an item is preserved, and who approves it."""

from __future__ import annotations

from datetime import datetime

from safehold.act import plan as act_plan
from safehold.act.plan import Draft
from safehold.jobs.record import Record
from safehold.model.emergency import Emergency
from safehold.model.errors import Conflict, NotFound, Refused
from safehold.model.events import ItemCleared, ItemPreserved, OutcomeReversed, ProposalApproved
from safehold.model.ids import CaseId, ItemId, ProposalId, new_id
from safehold.model.item import ItemKind
from safehold.model.permissions import Actor, Permission
from safehold.model.proposal import Proposal, ProposalKind, ProposalState
from safehold.review.admission import admit, is_kept_from
from safehold.storage import assessments, audit, cases, events, items
from safehold.storage import proposals as rows
from safehold.storage.database import Tx
from safehold.storage.proposals import StoredProposal

POLICY_FOR = {ProposalKind.REMOVE_ITEM: "remove_confirmed"}
"""The setting that approves a kind of step in a person's place. Account actions have none."""


def record_plans(
    tx: Tx, event: ItemPreserved, *, policies: frozenset[str], record: Record, now: datetime
) -> None:
    """Handle item_preserved: put down what the stages plan, approved at once where a named policy says so.

    Of a page nothing is asked of a platform: what it shows is, item by item.
    """
    _withdraw_what_fell(tx, event.item_id, now)
    item = items.get_bare(tx, event.item_id)
    if item is not None and item.kind is ItemKind.PAGE:
        return
    outcome = assessments.standing_outcome(tx, case_id=event.case_id, item_id=event.item_id)
    for draft in act_plan.plan(event, outcome):
        _put_down(tx, draft, policies=policies, record=record, now=now)


def approve(tx: Tx, proposal_id: ProposalId, *, actor: Actor, record: Record, now: datetime) -> None:
    """Let a planned step go ahead.

    Raises NotFound, ConflictOfInterest, and Conflict when it or its outcome no longer stands.
    """
    actor.require(Permission.PROPOSAL_DECIDE)
    proposal = _waiting(tx, proposal_id)
    _admit(tx, proposal, actor)
    _approve(tx, proposal, actor=actor, actor_label=actor.label, record=record, now=now)


def decline(tx: Tx, proposal_id: ProposalId, *, actor: Actor, now: datetime) -> None:
    """Say no to a planned step. Raises NotFound, ConflictOfInterest, and Conflict when it no longer waits."""
    actor.require(Permission.PROPOSAL_DECIDE)
    proposal = _waiting(tx, proposal_id)
    _admit(tx, proposal, actor)
    rows.close(tx, proposal.id, state=ProposalState.DECLINED, now=now)
    audit.append(tx, at=now, actor=actor.label, verb="proposal.decline", object=f"proposal:{proposal.id}")


def withdraw(tx: Tx, event: ItemCleared | OutcomeReversed, *, now: datetime) -> None:
    """Handle outcome_reversed, and item_cleared, which may overtake the steps of the reversal before it.

    What rests on an outcome that was reversed is withdrawn, approved or not. What another case of the item
    has confirmed stays.
    """
    _withdraw_what_fell(tx, event.item_id, now)


def of_case(tx: Tx, case_id: CaseId) -> list[StoredProposal]:
    """Return the proposals of a case, oldest first."""
    return rows.of_case(tx, case_id)


def plan_urgent_report(tx: Tx, about: Emergency, *, now: datetime) -> None:
    """Put down that a risk to life is to be reported, unverified: it waits for one person and no policy."""
    item_id = about.item_id or cases.items_of(tx, about.case_id)[0].item_id
    planned = Proposal(
        id=ProposalId(new_id()),
        kind=ProposalKind.URGENT_REPORT,
        item_id=item_id,
        case_id=about.case_id,
        state=ProposalState.WAITING,
        planned_at=now,
    )
    if rows.insert_urgent_report(tx, planned, emergency_id=about.id):
        _audit_plan(tx, planned, now)


def close_urgent_report(tx: Tx, about: Emergency, *, made: bool, actor: Actor, now: datetime) -> None:
    """Note that the report of a risk to life was made by this person, or withdraw it with its declaration."""
    stored = rows.of_emergency(tx, about.id)
    if stored is None or stored.proposal.state is not ProposalState.WAITING:
        return
    if made and actor.user_id is not None and not is_kept_from(tx, about.case_id, actor.user_id):
        rows.approve(tx, stored.proposal.id, now=now, by=actor.user_id)
    else:
        # Whoever is kept from the case may have made the report all the same: its declaration says so.
        rows.close(tx, stored.proposal.id, state=ProposalState.WITHDRAWN, now=now)
    verb = "proposal.approve" if made else "proposal.withdraw"
    audit.append(tx, at=now, actor=actor.label, verb=verb, object=f"proposal:{stored.proposal.id}")


def urgent_report_waits(tx: Tx, about: Emergency) -> bool:
    """Say whether the report of a risk to life still waits for somebody to make it."""
    stored = rows.of_emergency(tx, about.id)
    return stored is not None and stored.proposal.state is ProposalState.WAITING


def _admit(tx: Tx, proposal: Proposal, actor: Actor) -> None:
    if actor.user_id is not None:
        admit(tx, proposal.case_id, actor.user_id)


def _withdraw_what_fell(tx: Tx, item_id: ItemId, now: datetime) -> None:
    for stored in rows.of_item(tx, item_id):
        is_open = stored.proposal.state in (ProposalState.WAITING, ProposalState.APPROVED)
        if is_open and not _stands(tx, stored):
            rows.close(tx, stored.proposal.id, state=ProposalState.WITHDRAWN, now=now)
            audit.append(
                tx,
                at=now,
                actor="system:proposals",
                verb="proposal.withdraw",
                object=f"proposal:{stored.proposal.id}",
            )


def _stands(tx: Tx, stored: StoredProposal) -> bool:
    if stored.outcome_id is None:
        # It rests on a declaration: what becomes of outcomes is nothing to it.
        return True
    outcome = assessments.get_outcome(tx, stored.outcome_id)
    return outcome is not None and outcome.stands


def _put_down(tx: Tx, draft: Draft, *, policies: frozenset[str], record: Record, now: datetime) -> None:
    planned = Proposal(
        id=ProposalId(new_id()),
        kind=draft.kind,
        item_id=draft.item_id,
        case_id=draft.case_id,
        state=ProposalState.WAITING,
        planned_at=now,
    )
    if not rows.insert_proposal(tx, planned, outcome_id=draft.outcome_id, part=None):
        return
    _audit_plan(tx, planned, now)
    policy = POLICY_FOR.get(draft.kind)
    if policy in policies:
        _approve(tx, planned, policy=policy, actor_label="system:policy", record=record, now=now)


def _audit_plan(tx: Tx, planned: Proposal, now: datetime) -> None:
    audit.append(
        tx,
        at=now,
        actor="system:proposals",
        verb="proposal.plan",
        object=f"proposal:{planned.id}",
        detail={"kind": planned.kind, "item": str(planned.item_id)},
    )


def _waiting(tx: Tx, proposal_id: ProposalId) -> Proposal:
    # The item before the proposal, as steps do; and so that no reversal comes between this and the approval.
    item_id = rows.item_of(tx, proposal_id)
    if item_id is not None:
        events.current_revision(tx, item_id, for_update=True)
    stored = rows.load(tx, proposal_id)
    if stored is None:
        raise NotFound("There is no such proposal.")
    if stored.proposal.kind is ProposalKind.URGENT_REPORT:
        raise Refused(
            "A risk to life is reported by a person, not carried out from here.",
            advice="Report it, then say so on the page of the emergency.",
        )
    if not _stands(tx, stored):
        raise Conflict("The outcome that this proposal rests on was reversed.")
    if stored.proposal.state is not ProposalState.WAITING:
        raise Conflict(f"This proposal is {stored.proposal.state.value} already.")
    return stored.proposal


def _approve(
    tx: Tx,
    proposal: Proposal,
    *,
    actor_label: str,
    record: Record,
    now: datetime,
    actor: Actor | None = None,
    policy: str | None = None,
) -> None:
    rows.approve(tx, proposal.id, now=now, by=actor.user_id if actor else None, policy=policy)
    audit.append(
        tx,
        at=now,
        actor=actor_label,
        verb="proposal.approve",
        object=f"proposal:{proposal.id}",
        detail={"policy": policy} if policy else {},
    )
    record(
        tx,
        ProposalApproved(
            at=now,
            item_id=proposal.item_id,
            case_id=proposal.case_id,
            proposal_id=proposal.id,
            proposal_kind=proposal.kind,
        ),
    )
