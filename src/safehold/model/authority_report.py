"""An authority report is what we tell an authority about a case: planned, sent by a person, filed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from safehold.model.ids import AuthorityReportId, CaseId, EmergencyId, ItemId, OutcomeId, SubjectId, UserId


class DestinationKind(StrEnum):
    """How a destination takes reports."""

    NCMEC_CYBERTIPLINE = "ncmec_cybertipline"
    """By its API; the machine files."""
    UK_NCA = "uk_nca"
    """By its portal: a person files a pack, and writes down the reference."""
    GENERIC = "generic"
    """A hotline or another authority, by a pack; a person writes down what came back."""
    PARCEL = "parcel"
    """A hotline or another authority, by an encrypted parcel; the machine files."""

    @property
    def by_hand(self) -> bool:
        """Whether a person carries the report there."""
        return self not in FILED_BY_MACHINE


FILED_BY_MACHINE = frozenset({DestinationKind.NCMEC_CYBERTIPLINE, DestinationKind.PARCEL})


class Priority(IntEnum):
    """How soon a report is due: 1 at once, 2 serious harm is likely soon, 3 anything else."""

    ONE = 1
    TWO = 2
    THREE = 3


class AuthorityReportState(StrEnum):
    """How far an authority report is."""

    PLANNED = "planned"
    """It waits for a person."""
    SENDING = "sending"
    """A person has said that it goes: the machine is filing it, or a person carries it there."""
    STUCK = "stuck"
    """The machine cannot go on: a person must look. Nothing is sent until they let it."""
    FILED = "filed"
    """The authority has it; its reference is on record."""
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """What it rested on was reversed before it was sent."""

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self in _OPEN


_OPEN = frozenset({AuthorityReportState.PLANNED, AuthorityReportState.SENDING, AuthorityReportState.STUCK})


class Relation(StrEnum):
    """What a report is to an earlier one about the same case, with the same destination."""

    SUPPLEMENT = "supplement"
    """More of what was reported: files, facts."""
    CORRECTION = "correction"
    """What was reported turned out otherwise: an outcome was reversed, an appeal upheld, a declared risk to
    life was a wrong alarm."""


class PlanReason(StrEnum):
    """Why a destination is the right one, or why there is none. On record with the plan."""

    OPERATOR_IN_US = "operator_in_us"
    OPERATOR_IN_UK = "operator_in_uk"
    LINKED_TO_UK = "linked_to_uk"
    HOTLINE_OF_COUNTRY = "hotline_of_country"
    VOLUNTARY = "voluntary"
    """No law that we know of demands it; the operator has said that it reports there."""
    RISK_TO_LIFE = "risk_to_life"
    REVERSED = "reversed"
    MORE_FOUND = "more_found"
    FILES_FOLLOW = "files_follow"
    """It was told without files: they could not be opened then, or did not arrive."""
    ALREADY_REPORTED = "already_reported"
    """The same destination has it."""
    DUPLICATE_FORBIDDEN = "duplicate_forbidden"
    """Another has it, and this one asks for no duplicates."""
    NOT_ILLEGAL = "not_illegal"
    OUTSIDE_PURPOSE = "outside_purpose"
    """The purpose of the case is none that authorities are told about."""
    PRACTICE_OVER = "practice_over"
    """It was practice, and nobody sent it in the time for that."""
    NO_DESTINATION = "no_destination"
    """The settings declare none that would take it."""
    DESTINATION_OFF = "destination_off"
    """One would be right, and it is not enabled."""


class FileOwed(StrEnum):
    """What is between a destination and the file of an item that went without it."""

    OWED = "owed"
    """It could not be opened when its report was filed, or they do not name it; no report is planned that
    brings it."""
    BROUGHT = "brought"
    """This report brings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedItem:
    """An item that a report tells about.

    outcome_id: what it rests on; None while nobody has assessed it, in the report of a risk to life.
    first_told: whether this report is the one by which the destination learns of it. destination: as of its
    report; no two reports that stand tell the same destination of the same item first. file: set where it
    went without its file; no two reports that stand bring the same.
    """

    item_id: ItemId
    outcome_id: OutcomeId | None = None
    first_told: bool = True
    file: FileOwed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityReport:
    """A report to an authority.

    destination: its name in the settings. reasons: why there, and with this priority. due_at: until when it
    is to be filed. unverified: it rests on a declared risk to life, and nobody has assessed what it tells.
    follows, relation: together, the report that it adds to or corrects. approved_by: who sent it on.
    second_by: who did so too, where two are asked for. reference: what the authority calls it, once filed.
    subject_id: whom it names as the person reported;
    None where nobody is suspected. revision: rises by one with every change; a change that names an older one
    is refused.
    """

    id: AuthorityReportId
    case_id: CaseId
    destination: str
    kind: DestinationKind
    priority: Priority
    state: AuthorityReportState
    reasons: tuple[PlanReason, ...]
    planned_at: datetime
    due_at: datetime
    rehearsal: bool = False
    unverified: bool = False
    emergency_id: EmergencyId | None = None
    follows: AuthorityReportId | None = None
    relation: Relation | None = None
    approved_by: UserId | None = None
    approved_at: datetime | None = None
    second_by: UserId | None = None
    subject_id: SubjectId | None = None
    ended_at: datetime | None = None
    filed_at: datetime | None = None
    reference: str | None = None
    revision: int = 1


DUE_WITHIN: dict[Priority, timedelta] = {
    Priority.ONE: timedelta(minutes=15),
    Priority.TWO: timedelta(hours=4),
    Priority.THREE: timedelta(hours=24),
}
"""Until when a report is to be filed unless the settings say otherwise: the law says at once, as soon as
reasonably practicable, and without undue delay; one public system turns these into hours."""
