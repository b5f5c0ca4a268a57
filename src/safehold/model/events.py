"""What has happened: past-tense, frozen, versioned, ids and policy labels only.

An event never carries content, a digest, a URL or a person's name. Its `kind` is its name on the wire;
`version` rises when a field changes its meaning.

An event with `sets_course` decides how an item goes on in one case, and raises the item's revision. An event
with `follows_course` is such a decision or a consequence of one: when a newer decision in the same case
overtakes it, its steps record `superseded` and do nothing. What was seen or judged (a match, a flag, an
assessment) stays true whatever is decided, and is never overtaken.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from safehold.model.assessment import Category, Finding
from safehold.model.band import Band
from safehold.model.emergency import EmergencyEnd
from safehold.model.hash_list import Purpose
from safehold.model.ids import (
    AnalystId,
    AppealId,
    AssessmentId,
    AuthorityReportId,
    BulkId,
    CaseId,
    ConversationId,
    EmergencyId,
    InboundReportId,
    ItemId,
    ListId,
    LookbackId,
    OutcomeId,
    ProposalId,
    StepId,
)
from safehold.model.proposal import ProposalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. at: aware, UTC."""

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1
    sets_course: ClassVar[bool] = False
    follows_course: ClassVar[bool] = False

    at: datetime

    @property
    def item(self) -> ItemId | None:
        """The item that this event is about, or None."""
        return getattr(self, "item_id", None)

    @property
    def case(self) -> CaseId | None:
        """The case that this event is about, or None."""
        return getattr(self, "case_id", None)

    @property
    def lock(self) -> str:
        """The lock under which the steps of this event run: one per item, or one per other noun."""
        for noun in ("item_id", "case_id", "list_id", "lookback_id", "bulk_id", "step_id"):
            value = getattr(self, noun, None)
            if value is not None:
                return f"{noun.removesuffix('_id')}:{value}"
        return f"event:{self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMatched(Event):
    """An item matched a list. held: whether it was put on hold before the answer."""

    kind: ClassVar[str] = "item_matched"
    item_id: ItemId
    purpose: Purpose
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFlagged(Event):
    """A machine, rule or person asks that somebody look at an item."""

    kind: ClassVar[str] = "item_flagged"
    item_id: ItemId
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFlagged(Event):
    """Rules ask that somebody look at a conversation. item_id: the window of messages that was made of it.

    Who takes part, and which side is a child's, is asked of the conversation; nothing of it is in here.
    """

    kind: ClassVar[str] = "conversation_flagged"
    item_id: ItemId
    conversation_id: ConversationId
    purpose: Purpose
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened(Event):
    """A case was opened."""

    kind: ClassVar[str] = "case_opened"
    case_id: CaseId
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentFiled(Event):
    """An analyst filed an assessment of an item."""

    kind: ClassVar[str] = "assessment_filed"
    item_id: ItemId
    case_id: CaseId
    assessment_id: AssessmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemConfirmed(Event):
    """People agree that the item is illegal or against terms. It opens preservation.

    confirmed_by: at least one person; no model has an AnalystId.
    """

    kind: ClassVar[str] = "item_confirmed"
    sets_course: ClassVar[bool] = True
    follows_course: ClassVar[bool] = True
    item_id: ItemId
    case_id: CaseId
    finding: Finding
    category: Category | None
    confirmed_by: tuple[AnalystId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCleared(Event):
    """People found that the item is not illegal, cannot be determined, or is out of remit."""

    kind: ClassVar[str] = "item_cleared"
    sets_course: ClassVar[bool] = True
    follows_course: ClassVar[bool] = True
    item_id: ItemId
    case_id: CaseId
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReversed(Event):
    """The outcome of an item was reversed; what followed from it is undone.

    By a person, or by the rules where it rested on an entry that was withdrawn, and on nobody's eyes.
    """

    kind: ClassVar[str] = "outcome_reversed"
    sets_course: ClassVar[bool] = True
    follows_course: ClassVar[bool] = True
    item_id: ItemId
    case_id: CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPreserved(Event):
    """The bytes of a confirmed item are kept, or their absence was recorded with a reason."""

    kind: ClassVar[str] = "item_preserved"
    follows_course: ClassVar[bool] = True
    item_id: ItemId
    case_id: CaseId
    absent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalApproved(Event):
    """A person or a named policy approved one planned step."""

    kind: ClassVar[str] = "proposal_approved"
    follows_course: ClassVar[bool] = True
    item_id: ItemId
    case_id: CaseId
    proposal_id: ProposalId
    proposal_kind: ProposalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealReceived(Event):
    """Somebody contests what was done to an item."""

    kind: ClassVar[str] = "appeal_received"
    item_id: ItemId
    appeal_id: AppealId


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided(Event):
    """What somebody contested was assessed afresh. upheld: an outcome was changed because of it."""

    kind: ClassVar[str] = "appeal_decided"
    item_id: ItemId
    case_id: CaseId
    appeal_id: AppealId
    upheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisReversed(Event):
    """What an outcome rests on has fallen. of: an outcome that it repeats, or of something that a page shows.

    That was reversed; or it is of something that the page shows and is no longer as the page was found.
    """

    kind: ClassVar[str] = "basis_reversed"
    item_id: ItemId
    case_id: CaseId
    outcome_id: OutcomeId
    of: OutcomeId


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskToLifeDeclared(Event):
    """A person says that somebody's life, or worse harm than what is shown, is at stake now."""

    kind: ClassVar[str] = "risk_to_life_declared"
    case_id: CaseId
    emergency_id: EmergencyId


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskToLifeEnded(Event):
    """A declared risk to life was reported to those who can help, or was a wrong alarm."""

    kind: ClassVar[str] = "risk_to_life_ended"
    case_id: CaseId
    emergency_id: EmergencyId
    how: EmergencyEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityReportFiled(Event):
    """An authority has a report of ours. What it told, and under which reference, is on record."""

    kind: ClassVar[str] = "authority_report_filed"
    case_id: CaseId
    report_id: AuthorityReportId


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundReportReceived(Event):
    """Somebody told us about a page. item_id: the page, with its address and nothing fetched from it."""

    kind: ClassVar[str] = "inbound_report_received"
    item_id: ItemId
    report_id: InboundReportId
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesChanged(Event):
    """A batch of entries was committed. from_seq, to_seq: both inclusive."""

    kind: ClassVar[str] = "entries_changed"
    list_id: ListId
    from_seq: int
    to_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalsLeft(Event):
    """A part of a batch was looked through for entries that went; the rest is still to be.

    from_seq, to_seq: what is left, both inclusive. after_item: up to which item what matched the entry of
    from_seq was told, None where none was.
    """

    kind: ClassVar[str] = "removals_left"
    list_id: ListId
    from_seq: int
    to_seq: int
    after_item: ItemId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchWithdrawn(Event):
    """An entry that an item had matched was taken off its list."""

    kind: ClassVar[str] = "match_withdrawn"
    item_id: ItemId
    list_id: ListId


@dataclass(frozen=True, slots=True, kw_only=True)
class LookbackMatched(Event):
    """A new entry of a list is near a signal that was kept. What it was only the platform can find out.

    lookback_id: of a row that holds the platform's own reference until the day of the upload is destroyed.
    """

    kind: ClassVar[str] = "lookback_matched"
    lookback_id: LookbackId


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkLeft(Event):
    """A part of what a person asked of many cases was done; the rest is still to be."""

    kind: ClassVar[str] = "bulk_left"
    bulk_id: BulkId


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStuck(Event):
    """A step failed as often as it may and waits for a person."""

    kind: ClassVar[str] = "step_stuck"
    step_id: StepId
    step: str
    error_code: str


EVENTS: dict[str, type[Event]] = {
    event.kind: event
    for event in (
        ItemMatched,
        ItemFlagged,
        ConversationFlagged,
        CaseOpened,
        AssessmentFiled,
        ItemConfirmed,
        ItemCleared,
        OutcomeReversed,
        ItemPreserved,
        ProposalApproved,
        AppealReceived,
        AppealDecided,
        BasisReversed,
        RiskToLifeDeclared,
        RiskToLifeEnded,
        AuthorityReportFiled,
        InboundReportReceived,
        EntriesChanged,
        RemovalsLeft,
        MatchWithdrawn,
        LookbackMatched,
        BulkLeft,
        StepStuck,
    )
}
"""Every event there is, by its kind."""


def to_fields(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON values, without `at` (which has a column of its own)."""
    return {f.name: _plain(getattr(event, f.name)) for f in fields(event) if f.name != "at"}


def from_fields(kind: str, at: datetime, stored: dict[str, Any]) -> Event:
    """Rebuild an event from what to_fields gave. Raises KeyError for a kind that does not exist."""
    event = EVENTS[kind]
    hints = get_type_hints(event)
    values = {f.name: _typed(hints[f.name], stored.get(f.name)) for f in fields(event) if f.name != "at"}
    return event(at=at, **values)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.value if isinstance(value, StrEnum) else value


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin is tuple:
        return tuple(_typed(get_args(hint)[0], part) for part in value)
    if origin in (Union, types.UnionType):
        return _typed(next(arg for arg in get_args(hint) if arg is not type(None)), value)
    plain_type = getattr(hint, "__supertype__", hint)
    return value if plain_type in (str, int, bool) else plain_type(value)
