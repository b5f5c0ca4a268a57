"""Grounds: no hold ends and no platform is told on an event alone; the decision behind it is looked up."""

from __future__ import annotations

from safehold.model.case import AppealState
from safehold.model.errors import Refused
from safehold.model.events import AppealDecided, ItemCleared, OutcomeReversed, ProposalApproved
from safehold.storage import appeals, assessments, proposals
from safehold.storage.database import Tx


def require_decision(tx: Tx, event: ItemCleared | OutcomeReversed | ProposalApproved | AppealDecided) -> None:
    """Raise Refused unless what the event says was decided is on record, by people or by a named policy.

    Whoever can write an event without having decided anything gets a stuck step and an alarm, and no more.
    What was decided and has been overtaken since counts: telling newer from older is the revision's business.
    """
    if not _is_decided(tx, event):
        raise Refused(
            "No decision is on record behind this event.",
            advice="Find out what recorded it: no part of Safehold does.",
        )


def _is_decided(tx: Tx, event: ItemCleared | OutcomeReversed | ProposalApproved | AppealDecided) -> bool:
    if isinstance(event, AppealDecided):
        found = appeals.get(tx, event.appeal_id)
        return found is not None and found.state is not AppealState.RECEIVED
    if isinstance(event, ProposalApproved):
        return proposals.was_approved(
            tx, event.proposal_id, item_id=event.item_id, case_id=event.case_id, kind=event.proposal_kind
        )
    if isinstance(event, ItemCleared):
        return assessments.was_cleared(tx, event.case_id, event.item_id, event.finding)
    return assessments.was_reversed(tx, event.case_id, event.item_id)
