"""A proposal is a planned step that waits for a person or a named policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from safehold.model.ids import CaseId, ItemId, ProposalId, SubjectId, UserId


class ProposalKind(StrEnum):
    """What is planned."""

    REMOVE_ITEM = "remove_item"
    ACCOUNT_ACTION = "account_action"
    URGENT_REPORT = "urgent_report"
    """Of a risk to life, to an authority, unverified. It rests on a declaration, and waits for a person."""


class ProposalState(StrEnum):
    """Waits, then is approved, declined, or withdrawn because what it rested on was reversed."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A planned step.

    Exactly one of approved_by (a person) and policy (its name in the settings) is set once it is
    approved. subject_id is set for an account action and never names a victim or an unknown part.
    """

    id: ProposalId
    kind: ProposalKind
    item_id: ItemId
    case_id: CaseId
    state: ProposalState
    planned_at: datetime
    subject_id: SubjectId | None = None
    approved_by: UserId | None = None
    policy: str | None = None
    decided_at: datetime | None = None
