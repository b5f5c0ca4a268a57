"""What people found of what a classifier had an opinion of: the stuff that every figure about it is made
of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from safehold.model.band import Band


class Way(StrEnum):
    """How an item came before a person: it matters more than anything else for what a figure says.

    LISTED: a list knew it, of which the classifier knows nothing. ASKED: it, another classifier or a person
    asked for a look. DRAWN: every check passed it, and the lot fell on it.
    """

    LISTED = "listed"
    ASKED = "asked"
    DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class SampleDay:
    """A day of a surface's audit sample. chosen: how often the lot fell; share: of clear uploads."""

    id: UUID
    chosen: int
    share: float

    @property
    def passed(self) -> float:
        """About how many uploads every check passed that day, by how often the lot fell."""
        return self.chosen / self.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Items that people decided about and a classifier had put into one band.

    tenth: of its score, 0 to 9, None where it gives none. day: of the sample, None unless DRAWN. found: how
    many of the items were illegal or against the terms.
    """

    way: Way
    band: Band
    tenth: int | None
    items: int
    found: int
    day: SampleDay | None = None
