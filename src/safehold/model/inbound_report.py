"""An inbound report: somebody, with or without an account, tells us about a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from safehold.model.hash_list import Purpose
from safehold.model.ids import InboundReportId, KeyId


class Seen(StrEnum):
    """What somebody says they saw: a closed list of policy labels, so that nobody has to find words."""

    CHILD_IMAGES = "child_images"
    CHILD_PRESSURED = "child_pressured"
    CHILD_IMAGES_OFFERED = "child_images_offered"
    INTIMATE_IMAGES = "intimate_images"
    OTHER = "other"

    @property
    def purpose(self) -> Purpose:
        """The purpose of the case in which it is looked at."""
        return Purpose.INTIMATE_IMAGES if self is Seen.INTIMATE_IMAGES else Purpose.CSAM


class ReportState(StrEnum):
    """All that whoever reported is ever told. It never says what was found."""

    RECEIVED = "received"
    BEING_LOOKED_AT = "being_looked_at"
    """Somebody has the case, or has assessed the page, and no outcome stands."""
    LOOKED_AT = "looked_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundReport:
    """What somebody told us, without the page's address and without who they are.

    statement: their own words, "" for none, None once erased. key_id: the platform that passed it on, None
    for a person on the public portal.
    """

    id: InboundReportId
    seen: Seen
    statement: str | None
    key_id: KeyId | None
    received_at: datetime

    def __repr__(self) -> str:
        """Name the id only: the statement does not belong in a log."""
        return f"InboundReport({self.id})"
