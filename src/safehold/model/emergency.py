"""An emergency: a person says that a life is at stake, and everything else waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from safehold.model.ids import CaseId, EmergencyId, ItemId, UserId


class EmergencyEnd(StrEnum):
    """How an emergency ended."""

    REPORTED = "reported"
    """Those who can help were told: whom, and under which reference, is on record."""
    WITHDRAWN = "withdrawn"
    """It was a wrong alarm: why is on record."""


class CallKind(StrEnum):
    """What the person on call is told."""

    DECLARED = "declared"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """A declared risk to life in a case.

    item_id: what was on screen, if anything. due_at: until when the report of the highest priority is to be
    made; the law says at once. answered_by: the first who said that they are at it. ended_how, ended_by,
    ended_at: together. words: to whom it was reported, or why it was a wrong alarm; shown to people alone.
    """

    id: EmergencyId
    case_id: CaseId
    item_id: ItemId | None
    declared_by: UserId
    declared_at: datetime
    due_at: datetime
    answered_by: UserId | None = None
    answered_at: datetime | None = None
    ended_how: EmergencyEnd | None = None
    ended_by: UserId | None = None
    ended_at: datetime | None = None
    words: str | None = field(default=None, repr=False)

    @property
    def stands(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None
