"""A case is the folder of review work: one open per account and purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from safehold.model.assessment import Category, Finding
from safehold.model.band import Band
from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AppealId, CaseId, ItemId, OutcomeId, SubjectId, UserId


class CaseState(StrEnum):
    """Open while any item waits for an outcome, then settled."""

    OPEN = "open"
    SETTLED = "settled"


class SubjectPart(StrEnum):
    """A person's part in a case. UNKNOWN until a person sets it: the uploader is often the child."""

    UNKNOWN = "unknown"
    SUSPECTED = "suspected"
    VICTIM = "victim"
    REPORTER = "reporter"
    BYSTANDER = "bystander"

    @property
    def may_be_sanctioned(self) -> bool:
        """Whether an account action or a report naming this person may be planned at all."""
        return self not in (SubjectPart.UNKNOWN, SubjectPart.VICTIM)


class WaitsFor(StrEnum):
    """What an item of a case waits for, until an outcome stands."""

    ASSESSMENT = "assessment"
    """Nobody has assessed it yet."""
    SETTLING = "settling"
    """An assessment was filed and the rules are about to look at it."""
    VIEW = "view"
    """It was found not illegal by somebody who has not looked: that takes a look, a blurred one at least."""
    CLEAR_VIEW = "clear_view"
    """What was found takes a clear view: no vetted list vouches for it, or one does and it is let go."""
    SECOND = "second"
    """It was assessed, and the policy asks for somebody else's assessment as well."""
    THIRD = "third"
    """Two people disagree; a third assesses it."""
    LEAD = "lead"
    """People disagree; a lead assesses it, then sees what the others found and decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityPart:
    """One named, explainable reason why a case comes before another. weight: 0 to 100, added up."""

    name: str
    seen: str
    weight: int


def readable_parts(stored: object) -> tuple[PriorityPart, ...]:
    """Return the parts of a priority that can be read: another takes neither its case nor the queue away."""
    found = []
    for part in stored if isinstance(stored, list) else ():
        match part:
            case {"name": str(name), "seen": str(seen), "weight": int(weight)}:
                found.append(PriorityPart(name=name, seen=seen, weight=weight))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as review sees it.

    number: the short number people say aloud. revision: rises by one with every change; a change that
    names an older one is refused. locked_by, locked_until: who works on it now. exposure_kinds: what one
    would look at in it, as far as lists tell. skills: what it asks of whoever takes it. for_lead: others
    passed it on. decide_by: the nearest date by which something in it has to be decided. band: how strongly
    it asks for a look, where machines alone do and nobody has looked.
    """

    id: CaseId
    number: int
    purpose: Purpose
    account_id: str | None
    state: CaseState
    priority: int
    priority_parts: tuple[PriorityPart, ...]
    opened_at: datetime
    revision: int
    rehearsal: bool = False
    exposure_kinds: frozenset[ExposureKind] = frozenset()
    settled_at: datetime | None = None
    locked_by: AnalystId | None = None
    locked_until: datetime | None = None
    skills: frozenset[str] = frozenset()
    for_lead: bool = False
    decide_by: datetime | None = None
    band: Band | None = None

    def holder(self, now: datetime) -> AnalystId | None:
        """Return who holds the case at this instant, None where nobody does."""
        return self.locked_by if self.locked_until is not None and now < self.locked_until else None

    def is_locked_for(self, analyst: AnalystId, now: datetime) -> bool:
        """Say whether somebody else holds the case at this instant."""
        return self.holder(now) not in (None, analyst)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An account's or a person's part in a case."""

    id: SubjectId
    case_id: CaseId
    account_id: str | None
    part: SubjectPart = SubjectPart.UNKNOWN
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The settled result of one item of a case.

    by: the people whose assessments were counted, never a machine: first the one whose finding it is,
    then another, who may have found something else, where there was one.
    """

    id: OutcomeId
    case_id: CaseId
    item_id: ItemId
    finding: Finding
    category: Category | None
    by: tuple[AnalystId, ...]
    settled_at: datetime


class AppealState(StrEnum):
    """What became of an appeal: an outcome was changed because of it, or stands."""

    RECEIVED = "received"
    UPHELD = "upheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """Somebody contests what was done to an item. statement: their words; shown to people, never logged.

    case_id: set where the whole case is contested. changed: whether an outcome was changed because of it, so
    far. contested_outcome_id: what stood when it was decided. alone: whoever had settled that decided again,
    for there is nobody else. erased_at: since when by and statement are gone, and empty.
    """

    id: AppealId
    item_id: ItemId
    by: str
    statement: str
    received_at: datetime
    case_id: CaseId | None = None
    state: AppealState = AppealState.RECEIVED
    changed: bool = False
    decided_at: datetime | None = None
    decided_by: UserId | None = None
    contested_outcome_id: OutcomeId | None = None
    alone: bool = False
    erased_at: datetime | None = None

    def __repr__(self) -> str:
        """Name the id only: the statement and the person do not belong in a log."""
        return f"Appeal({self.id})"
